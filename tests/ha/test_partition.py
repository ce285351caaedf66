"""Parts that cannot reach each other, or only in one direction.

Whatever is cut off says so, goes on with what it knows, refuses what it cannot do, and
finds its way back without a restart.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from tests.ha.case import HACase
from tests.ha.node import Node
from tests.ha.relay import Relay, Way
from tests.ha.servers import BROKER, address

BOTH = (Way.TO_NODE, Way.TO_SERVER)
RULES = "/v1/policies/classification/rules"


def relay_to(url: str) -> Relay:
    """A way to a server that can be broken."""
    port = sa.make_url(url).port
    assert port is not None
    return Relay(port)


def by_way_of(relay: Relay, url: str) -> str:
    """The URL of a server, by that way."""
    return sa.make_url(url).set(port=relay.port).render_as_string(hide_password=False)


class PartitionTest(HACase):
    """An engine and the datasource node have breakable ways, another engine has not."""

    settings = {"storage_sql": {"timeout": 2}}

    def setUp(self) -> None:
        folder = self.enterContext(TemporaryDirectory())
        self.settings = {**self.settings, "driver_file": {"roots": folder}}
        self.file = Path(folder) / "seen.csv"
        super().setUp()
        self.broker = self.enterContext(relay_to(address(BROKER)))
        self.database = self.enterContext(relay_to(self.cluster.database.url))
        self.number = 0

    def begin(self, broken: str) -> None:
        """Start; ``broken`` is the node that is reached by the breakable ways."""
        ways = {
            "DEFAULT": {"transport_url": by_way_of(self.broker, address(BROKER))},
            "database": {"connection": by_way_of(self.database, self.cluster.database.url)},
        }
        settings = {"one": ways} if broken == "engine" else {"source": ways}
        self.one = self.cluster.engine("pe-1", settings.get("one"))
        self.two = self.cluster.engine("pe-2")
        self.source = self.cluster.datasources(settings=settings.get("source"))
        self.write()
        self.cluster.start(self.one, self.two, self.source)
        self.two.api.create_source("box", "file", path=str(self.file), poll_time=0.5)
        self.two.api.create_rule("classification", "alarm(x) :- box:seen(x)")
        self.two.api.create_rule(
            "classification", 'old(t) :- _status:tables("box", t, a, c, true, e)'
        )
        self.await_all(self.one, self.two)

    def write(self) -> list[list[str]]:
        """Change the rows that there are; the new ones."""
        self.number += 1
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"what\nv{self.number}\n")
        fresh.rename(self.file)
        return [[f"v{self.number}"]]

    def await_all(self, *nodes: Node) -> None:
        """Nodes have the rows that there are, and know that they have."""
        self.await_rows("classification", "alarm", [[f"v{self.number}"]], *nodes)
        self.await_rows("classification", "old", [], *nodes)

    def await_stale(self, node: Node) -> None:
        """A node says that what it has of the source is old, and still answers with it."""
        before = node.api.rows("classification", "alarm")
        self.await_rows("classification", "old", [["seen"]], node)
        self.assertEqual(before, node.api.rows("classification", "alarm"))

    def refuses_to_reach_the_source(self, node: Node) -> None:
        """What takes the datasource node is refused for now."""
        body = {"name": "further", "driver": "push", "config": {}}
        self.assertEqual(503, node.api.status("POST", "/v1/data-sources", body))

    def test_t16_an_engine_that_cannot_reach_the_broker(self) -> None:
        self.begin("engine")
        for ways in (BOTH, (Way.TO_SERVER,), (Way.TO_NODE,)):
            with self.subTest(ways=ways):
                self.broker.stall(*ways)
                self.await_stale(self.one)
                self.refuses_to_reach_the_source(self.one)
                self.write()
                self.await_all(self.two)
                self.broker.heal()
                self.await_all(self.one, self.two)

    def test_t16_a_datasource_node_that_cannot_reach_the_broker(self) -> None:
        self.begin("source")
        for ways in (BOTH, (Way.TO_SERVER,), (Way.TO_NODE,)):
            with self.subTest(ways=ways):
                self.broker.stall(*ways)
                for node in (self.one, self.two):
                    self.await_stale(node)
                self.refuses_to_reach_the_source(self.one)
                self.write()
                self.broker.heal()
                self.await_all(self.one, self.two)

    def test_t16_an_engine_that_cannot_reach_the_database(self) -> None:
        self.begin("engine")
        for ways in (BOTH, (Way.TO_SERVER,), (Way.TO_NODE,)):
            with self.subTest(ways=ways):
                self.database.stall(*ways)
                rule = {"rule": f"p{self.number}(1)"}
                self.assertEqual(503, self.one.api.status("POST", RULES, rule))
                self.write()
                self.await_all(self.one, self.two)
                self.two.api.create_rule("classification", f"q{self.number}(1)")
                self.database.heal()
                self.await_rows("classification", f"q{self.number}", [[1]], self.one)
                self.assertEqual(201, self.one.api.status("POST", RULES, rule))

    def test_t16_a_datasource_node_that_cannot_reach_the_database(self) -> None:
        self.begin("source")
        for ways in (BOTH, (Way.TO_SERVER,), (Way.TO_NODE,)):
            with self.subTest(ways=ways):
                self.database.stall(*ways)
                for node in (self.one, self.two):
                    self.await_stale(node)
                self.refuses_to_reach_the_source(self.one)
                self.write()
                self.database.heal()
                self.await_all(self.one, self.two)
