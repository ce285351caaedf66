"""Policy on several nodes: one order of changes, and everybody soon has the newest."""

import statistics
import sys
import time

import sqlalchemy as sa

from tests.ha.case import HACase
from tests.ha.node import Node
from tests.ha.servers import MARIADB

REVISION = "X-Congress-Policy-Revision"
RULES = "/v1/policies/classification/rules"
#: No looks that nobody asked for: what arrives, arrives by notice.
NEVER = 3600


class ReplicatedCase(HACase):
    """Two engines that tell each other of changes, and do not look by themselves."""

    settings = {"dse": {"safety_resync_period": NEVER}, "DEFAULT": {"shipped_policies": False}}

    def setUp(self) -> None:
        super().setUp()
        self.engines = [self.cluster.engine(name) for name in ("pe-1", "pe-2")]
        self.one, self.two = self.engines

    def add(self, node: Node, rule: str, path: str = RULES) -> int:
        """Add a rule; the revision it made."""
        answer = node.api.ask("POST", path, {"rule": rule})
        self.assertEqual(201, answer.status_code, answer.text)
        return int(answer.headers[REVISION])

    def rules(self, node: Node, **headers: str) -> list[str]:
        """The rules a node has, in order."""
        return [rule["rule"] for rule in node.api.get(RULES, **headers)["results"]]

    def revision(self, node: Node) -> int:
        """The revision in force at a node."""
        return int(node.api.ask("GET", RULES).headers[REVISION])


class ReplicationTest(ReplicatedCase):
    def test_a_change_is_in_force_elsewhere_within_a_second(self) -> None:
        self.cluster.start(*self.engines)
        self.cluster.wait(lambda: self.revision(self.two) == self.revision(self.one), "they agree")
        took = []
        for number in range(20):
            writer, reader = self.engines[number % 2], self.engines[1 - number % 2]
            made = self.add(writer, f"p{number}(x) :- q(x)")
            begun = time.monotonic()
            self.cluster.wait(lambda m=made, r=reader: self.revision(r) >= m, "it is there", 5)
            took.append(time.monotonic() - begun)
        words = f"median {statistics.median(took) * 1000:.0f} ms, worst {max(took) * 1000:.0f} ms"
        print(f"a change of policy is in force on the other node: {words}", file=sys.stderr)
        self.assertLess(statistics.median(took), 1.0, words)
        self.assertEqual(self.rules(self.one), self.rules(self.two))

    def test_who_asks_for_a_revision_that_never_was_is_told(self) -> None:
        self.cluster.start(self.one)
        answer = self.one.api.ask("GET", RULES, X_Congress_Policy_Revision="999999")
        self.assertEqual(400, answer.status_code)
        self.assertIn("999999", answer.text)


class BackStopTest(ReplicatedCase):
    """The second node is on another bus, so no notice ever comes to it."""

    def begin(self, **options: int) -> None:
        deaf = {"dse": {"bus_id": f"{self.cluster.bus}-deaf", **options}}
        period = deaf["dse"].pop("datasource_sync_period", 0)
        settings = {**deaf, "DEFAULT": {"datasource_sync_period": period}}
        self.two = self.cluster.engine("pe-deaf", settings)
        self.cluster.start(self.one, self.two)

    def test_a_period_of_looks_brings_what_no_notice_told(self) -> None:
        self.begin(datasource_sync_period=1)
        made = self.add(self.one, "p(x) :- q(x)")
        self.cluster.wait(lambda: self.revision(self.two) >= made, "it was found", 10)

    def test_without_one_there_is_a_slow_look_nevertheless(self) -> None:
        self.begin(safety_resync_period=2)
        made = self.add(self.one, "p(x) :- q(x)")
        self.cluster.wait(lambda: self.revision(self.two) >= made, "it was found", 15)


class LocksTest(ReplicatedCase):
    """Galera has no table locks, and others must not wait for one."""

    server = MARIADB

    def locks(self) -> int:
        """How often a table was locked on this server, by anybody."""
        engine = sa.create_engine(self.cluster.database.url)
        with engine.connect() as connection:
            found = connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Com_lock_tables'").one()
        engine.dispose()
        return int(found[1])

    def test_no_table_is_ever_locked(self) -> None:
        before = self.locks()
        self.cluster.start(self.one)
        self.add(self.one, "p(x) :- q(x)")
        body = {"name": "new", "rules": [{"rule": "p(x) :- q(x)"}]}
        self.assertEqual(201, self.one.api.ask("POST", "/v1/policies", body).status_code)
        self.assertEqual(before, self.locks())
