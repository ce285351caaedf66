"""How all nodes fare: as one object, and as metrics."""

import pathlib
import re
from typing import Any
from unittest import mock

from congress.api.metrics import CONTENT_TYPE, METRICS
from congress.model.diagnostic import refuse
from congress.model.status import Health, State
from tests.api.case import ApiTestCase

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/source/admin/monitoring.rst"


class SystemStatusTest(ApiTestCase):
    def node(self) -> dict[str, Any]:
        (found,) = self.get("/v1/system/status")["nodes"]
        return dict(found)

    def test_it_tells_of_every_node_and_data_source(self) -> None:
        self.cloud()
        found = self.get("/v1/system/status")
        self.assertEqual("node", found["node"])
        (node,) = found["nodes"]
        self.assertTrue(node["answers"])
        self.assertEqual({"nova": {"epoch": 3, "seq": 7}}, node["sources"])
        self.assertEqual("ok", node["services"]["policy-engine"]["state"])
        (subscription,) = node["bus"]["subscriptions"]
        self.assertEqual({"servers": "live", "ports": "stale"}, subscription["tables"])
        self.assertEqual((1, 1.5), (subscription["lag"], subscription["lag_seconds"]))
        self.assertIn("servers", node["engine"]["sources"]["nova"])
        self.assertEqual(["cloud1"], list(found["datasources"]))
        self.assertEqual("node", found["datasources"]["cloud1"]["leader"]["node"])

    def test_a_node_that_does_not_answer_is_asked_once_and_named(self) -> None:
        bus = self.behind.bus.services["__bus"]
        silence = refuse("timeout", "__bus.stats did not answer within 2 s")
        with mock.patch.object(bus, "stats", side_effect=silence):
            node = self.node()
        self.assertFalse(node["answers"])
        self.assertIn("did not answer", node["message"])
        self.assertEqual((None, None), (node["bus"], node["engine"]))
        self.assertEqual({"nova": {"epoch": 3, "seq": 7}}, node["sources"])
        asked = [method for method, node in self.behind.bus.asked if node == "node"]
        self.assertEqual(["stats"], asked)

    def test_what_a_part_refuses_is_left_out(self) -> None:
        engine = self.behind.engine
        with mock.patch.object(engine, "engine_status", side_effect=refuse("unavailable", "no")):
            node = self.node()
        self.assertTrue(node["answers"])
        self.assertIsNone(node["engine"])
        self.assertIsNotNone(node["bus"])


class MetricsTest(ApiTestCase):
    def samples(self) -> dict[str, float]:
        """The lines of values."""
        response = self.send("GET", "/v1/system/metrics")
        self.assertEqual((200, CONTENT_TYPE), (response.status_code, response.content_type))
        lines = [line for line in response.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (x.rpartition(" ") for x in lines)}

    def test_they_tell_the_same(self) -> None:
        self.cloud()
        found = self.samples()
        at = 'node="node",source="nova"'
        for name, value in {
            'congress_node_answers{node="node"}': 1,
            'congress_service_ok{node="node",service="policy-engine"}': 1,
            'congress_bus_peers{node="node"}': 1,
            'congress_bus_events_total{node="node",event="resync.gap"}': 2,
            f'congress_bus_table_state{{{at},table="servers",state="live"}}': 1,
            f'congress_bus_table_state{{{at},table="servers",state="stale"}}': 0,
            f'congress_bus_table_state{{{at},table="ports",state="stale"}}': 1,
            f"congress_bus_lag_publications{{{at}}}": 1,
            f"congress_bus_lag_seconds{{{at}}}": 1.5,
            f"congress_bus_inbox_rows{{{at}}}": 20,
            f'congress_table_age_seconds{{{at},table="servers"}}': 30,
            f'congress_table_usable{{{at},table="servers"}}': 1,
            'congress_leader{datasource="cloud1",node="node"}': 1,
            'congress_leader_seconds{datasource="cloud1"}': 60,
            'congress_actions{datasource="cloud1",state="in_doubt"}': 1,
        }.items():
            with self.subTest(name=name):
                self.assertAlmostEqual(value, found[name], delta=0.01)

    def test_every_metric_is_told_explained_and_documented(self) -> None:
        self.cloud()
        told = {re.split(r"[{ ]", name)[0] for name in self.samples()}
        self.assertEqual({metric.name for metric in METRICS}, told)
        text = self.send("GET", "/v1/system/metrics").text
        page = PAGE.read_text()
        for metric in METRICS:
            with self.subTest(metric=metric.name):
                self.assertIn(f"# HELP {metric.name} {metric.help}\n", text)
                self.assertIn(f"# TYPE {metric.name} {metric.kind}\n", text)
                self.assertIn(f"``{metric.name}``", page)
                for label in metric.labels:
                    self.assertIn(f"``{label}``", page)

    def test_what_is_not_well_is_zero(self) -> None:
        (peer,) = self.behind.bus.peers()
        peer.services["datasources"] = Health(State.FAILED)
        with mock.patch.object(self.behind.bus, "peers", return_value=[peer]):
            found = self.samples()
        self.assertEqual(0, found['congress_service_ok{node="node",service="datasources"}'])

    def test_odd_names_do_not_break_the_text(self) -> None:
        (peer,) = self.behind.bus.peers()
        peer.services['a"b\\c\nd'] = Health()
        with mock.patch.object(self.behind.bus, "peers", return_value=[peer]):
            self.assertIn(
                'congress_service_ok{node="node",service="a\\"b\\\\c\\nd"}', self.samples()
            )
