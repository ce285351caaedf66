"""Policy engines on real buses and one storage, on the manual clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from congress.bus import Bus
from congress.interfaces.bus import BusContext, BusTransport
from congress.interfaces.role import Arrival, Coverage, Epoch, Plugins, Publisher, RoleParts
from congress.interfaces.storage import (
    ChangeRecord,
    DatasourceRecord,
    StorageContext,
    Transaction,
)
from congress.model.delta import Snapshot
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.status import State
from congress.model.values import Row
from congress.plugins.storage.memory import MemoryHub, MemoryStorage
from congress.roles.policy.role import PolicyEngine
from congress.testing.buses import BusTestCase, Recorder
from congress.testing.lossy import ROUGH, Faults, LossyNetwork, LossyTransport
from tests.unit.roles_policy.harness import FakePlugins, options

SERVERS = TableSchema("servers", (Column("id", ColumnType.STRING, nullable=False), Column("owner")))
VOLUMES = TableSchema("volumes", (Column("id", ColumnType.STRING),))


@dataclass
class EngineNode:
    """A node with a policy engine."""

    bus: Bus
    storage: MemoryStorage
    engine: PolicyEngine

    def call(self, method: str, **args: Any) -> Any:
        """Call this node's own engine."""
        return self.bus.call("policy-engine", method, args, timeout=10)

    def rows(self, policy: str, table: str) -> list[list[Any]]:
        """The rows of a table as this engine has them."""
        rows: list[list[Any]] = self.call("row_list", policy=policy, table=table)["rows"]
        return rows

    def status(self) -> dict[str, Any]:
        """This engine's own account of itself."""
        status: dict[str, Any] = self.call("engine_status")
        return status


class Source:
    """A datasource that a test plays: a life of it on some node."""

    def __init__(self, bus: Bus, name: str, number: int, *tables: TableSchema) -> None:
        self.bus = bus
        self.name = name
        schema = Schema.of(tables)
        self.publisher: Publisher = bus.publisher(
            name, Epoch(number, bus.instance), schema=lambda: schema
        )

    def publish(self, table: str, *rows: Row, as_of: float, stale: bool = False) -> None:
        """A poll that read one table."""
        coverage = {table: Coverage(as_of, complete=True, stale=stale)}
        self.publisher.publish([Snapshot(table, frozenset(rows))], coverage)


class ActionRecorder(Recorder):
    """Keeps what was published after each arrival."""

    def __init__(self, datasource: str) -> None:
        super().__init__()
        self.datasource = datasource
        self.history: list[set[tuple[Any, ...]] | None] = []

    def on_arrival(self, arrival: Arrival) -> None:
        super().on_arrival(arrival)
        self.history.append(wants(self, self.datasource))


class PolicyClusterTest(BusTestCase):
    """Policy engines, sources and a reader of desired actions."""

    faults: Faults | None = None

    def setUp(self) -> None:
        super().setUp()
        self.contents = MemoryHub()
        self.network = LossyNetwork(self.threads, self.seed or 0, self.faults)
        self.clients = self.bus("client")

    def transport(self, ctx: BusContext) -> BusTransport:
        context = BusContext(ctx.clock, ctx.threads, self.network)
        return LossyTransport({}, context)

    def storage(self) -> MemoryStorage:
        return MemoryStorage({}, StorageContext("bus", self.clock, hub=self.contents))

    def node(self, name: str) -> EngineNode:
        """A new node with a policy engine, loaded."""
        bus = self.bus(name)
        storage = self.storage()
        parts = RoleParts(
            conf=cast(Any, options()),
            bus=bus,
            storage=storage,
            plugins=cast(Plugins, FakePlugins(())),
            threads=self.threads.group(name),
            clock=self.clock,
            node_health=dict,
        )
        engine = PolicyEngine(parts)
        engine.start()
        self.addCleanup(engine.stop, 3.0)
        self.until(lambda: engine.health().state is State.OK)
        return EngineNode(bus, storage, engine)

    def kill(self, node: str) -> None:
        """End a node without a goodbye."""
        self.threads.group(node).kill()

    def write(self, work: Callable[[Transaction], object]) -> None:
        """What another role stores."""
        self.storage().run(work)

    def configure(self, *names: str) -> None:
        """Store datasources as the manager does, with a notice."""

        def work(tx: Transaction) -> None:
            changes = []
            for name in names:
                tx.datasources.add(DatasourceRecord(f"id-{name}", name, "push"))
                changes.append(ChangeRecord("create", "datasource", f"id-{name}", {}))
            tx.changes.advance(tx.changes.revision(), changes)

        self.write(work)
        self.clients.notify("policy-changed", {})

    def deconfigure(self, name: str) -> None:
        """Delete a datasource; the notice is lost."""

        def work(tx: Transaction) -> None:
            tx.datasources.remove(f"id-{name}")
            change = ChangeRecord("delete", "datasource", f"id-{name}", {})
            tx.changes.advance(tx.changes.revision(), [change])

        self.write(work)

    def actions(self, node: str, datasource: str) -> "ActionRecorder":
        """What a node publishes for a datasource, as its executor sees it."""
        recorder = ActionRecorder(datasource)
        table = f"__actions/{datasource}"
        subscription = self.clients.subscribe(
            f"policy-engine/{node}", [table], recorder.on_arrival, recorder.on_state
        )
        self.addCleanup(subscription.close)
        return recorder

    def converged(self, nodes: Sequence[EngineNode], policy: str, table: str) -> bool:
        """Whether all engines have one revision and one answer."""
        revisions = {node.status()["revision"] for node in nodes}
        answers = [node.rows(policy, table) for node in nodes]
        return len(revisions) == 1 and all(answer == answers[0] for answer in answers)


def wants(recorder: Recorder, datasource: str) -> set[tuple[Any, ...]] | None:
    """The kind and arguments of what is published; ``None`` before anything is."""
    rows = recorder.tables.get(f"__actions/{datasource}")
    return None if rows is None else {(row[0], row[4]) for row in rows}


class TwoEnginesTest(PolicyClusterTest):
    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = self.node("pe1"), self.node("pe2")
        self.nodes = (self.one, self.two)

    def test_what_one_writes_the_other_has_within_a_second(self) -> None:
        self.one.call("policy_create", name="p", rules=[{"rule": "a(x) :- b(x)"}])
        self.two_sees("p")
        self.two.call("rule_create", policy="p", rule="b(1)")
        self.until(lambda: self.one.rows("p", "a") == [[1]], timeout=1.0)
        self.assertTrue(self.converged(self.nodes, "p", "a"))

    def two_sees(self, policy: str) -> None:
        def seen() -> bool:
            return policy in {p["name"] for p in self.two.call("policy_list")}

        self.until(seen, timeout=1.0)

    def test_data_and_actions_are_the_same_on_both(self) -> None:
        self.configure("nova")
        text = "execute[nova:stop(x)] :- nova:servers(id=x, owner=null)"
        source = Source(self.bus("ds"), "nova", 1, SERVERS)
        source.publish("servers", ("s1", None), ("s2", "ann"), as_of=self.clock.time())
        self.clock.advance(2)
        rule = self.one.call("rule_create", policy="action", rule=text)["id"]
        recorders = [self.actions(node, "nova") for node in ("pe1", "pe2")]
        expected = {("want", '["s1"]')}
        self.until(lambda: all(wants(r, "nova") == expected for r in recorders))
        tables = [recorder.tables["__actions/nova"] for recorder in recorders]
        self.assertEqual(tables[0], tables[1])
        self.assertEqual(
            frozenset({("want", "action", rule, "stop", '["s1"]')}),
            tables[0],
        )

    def test_a_restarted_engine_publishes_no_fall(self) -> None:
        self.configure("nova")
        source = Source(self.bus("ds"), "nova", 1, SERVERS)
        source.publish("servers", ("s1", None), as_of=self.clock.time())
        text = "execute[nova:stop(x)] :- nova:servers(x, y)"
        self.one.call("rule_create", policy="action", rule=text)
        recorder = self.actions("pe1", "nova")
        self.until(lambda: wants(recorder, "nova") == {("want", '["s1"]')})
        seen = len(recorder.history)
        self.kill("pe1")
        self.clock.advance(1)
        self.node("pe1")
        self.until(lambda: len(recorder.history) > seen)
        self.until(lambda: wants(recorder, "nova") == {("want", '["s1"]')})
        self.assertNotIn(set(), recorder.history[seen:])

    def test_opposite_rules_at_once_do_not_both_succeed(self) -> None:
        outcomes: list[str] = []

        def write(node: EngineNode, text: str) -> None:
            try:
                node.call("rule_create", policy="action", rule=text)
                outcomes.append("stored")
            except Exception as error:
                outcomes.append(getattr(error, "code", repr(error)))

        for node, text in ((self.one, "p(x) :- q(x)"), (self.two, "q(x) :- p(x)")):
            loop = self.threads.loop(f"client-{node.bus.node}")
            loop.post(lambda node=node, text=text: write(node, text))
        self.until(lambda: len(outcomes) == 2)
        self.assertEqual(["recursion", "stored"], sorted(outcomes))
        self.until(lambda: self.converged(self.nodes, "action", "p"))

    def test_a_deleted_datasource_goes_from_both(self) -> None:
        self.configure("nova")
        source = Source(self.bus("ds"), "nova", 1, SERVERS)
        source.publish("servers", ("s1", None), as_of=self.clock.time())
        self.one.call("rule_create", policy="action", rule="a(x) :- nova:servers(x, y)")
        self.until(lambda: all(node.rows("action", "a") == [["s1"]] for node in self.nodes))
        source.publisher.close()
        self.deconfigure("nova")
        self.until(lambda: all(node.rows("action", "a") == [] for node in self.nodes), 61)
        for node in self.nodes:
            with self.assertRaisesRegex(Exception, "no policy"):
                node.call("policy_status", policy="nova")
            self.assertEqual(1, len(node.call("rule_list", policy="action")))


class ArmingTest(PolicyClusterTest):
    def setUp(self) -> None:
        super().setUp()
        self.pe = self.node("pe1")
        self.configure("nova", "cinder")
        self.nova = Source(self.bus("ds1"), "nova", 1, SERVERS)
        self.recorder = self.actions("pe1", "nova")
        text = "execute[nova:stop(x)] :- nova:servers(x, y), not cinder:volumes(x)"
        self.pe.call("rule_create", policy="action", rule=text)

    def test_nothing_fires_before_the_second_source_was_read(self) -> None:
        self.nova.publish("servers", ("s1", None), ("s2", None), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") is not None)
        self.clock.advance(30)
        cinder = Source(self.bus("ds2"), "cinder", 1, VOLUMES)
        self.clock.advance(30)
        cinder.publish("volumes", ("s1",), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") == {("want", '["s2"]')})
        self.assertEqual({'["s2"]', ""}, self.ever())

    def test_a_source_that_dies_holds_and_comes_back_without_harm(self) -> None:
        self.nova.publish("servers", ("s1", None), ("s2", None), as_of=self.clock.time())
        cinder = Source(self.bus("ds2"), "cinder", 1, VOLUMES)
        cinder.publish("volumes", ("s1",), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") == {("want", '["s2"]')})
        self.kill("ds2")
        self.until(lambda: wants(self.recorder, "nova") == {("hold", "")}, timeout=5)
        cinder = Source(self.bus("ds3"), "cinder", 2, VOLUMES)
        self.clock.advance(20)
        self.assertEqual({("hold", "")}, wants(self.recorder, "nova"))
        cinder.publish("volumes", ("s1",), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") == {("want", '["s2"]')})
        self.assertEqual({'["s2"]', ""}, self.ever())

    def test_stale_data_hold(self) -> None:
        cinder = Source(self.bus("ds2"), "cinder", 1, VOLUMES)
        cinder.publish("volumes", as_of=self.clock.time())
        self.nova.publish("servers", ("s1", None), as_of=self.clock.time())
        self.until(lambda: wants(self.recorder, "nova") == {("want", '["s1"]')})
        self.nova.publish("servers", ("s1", None), as_of=self.clock.time(), stale=True)
        self.until(lambda: wants(self.recorder, "nova") == {("hold", "")})
        self.assertEqual([["servers", True]], self.stale_tables())

    def stale_tables(self) -> list[list[Any]]:
        rule = 'stale(t, s) :- _status:tables(source="nova", table=t, stale=s)'
        self.pe.call("rule_create", policy="classification", rule=rule)
        return self.pe.rows("classification", "stale")

    def ever(self) -> set[Any]:
        """The arguments of everything that was ever published."""
        return {row[1] for rows in self.recorder.history for row in rows or ()}


class RoughNetworkTest(PolicyClusterTest):
    faults = ROUGH
    seed = 11

    def test_engines_converge_on_policy_data_and_actions(self) -> None:
        nodes = [self.node(f"pe{n}") for n in (1, 2, 3)]
        self.configure("nova")
        source = Source(self.bus("ds"), "nova", 1, SERVERS)
        source.publish("servers", as_of=self.clock.time())
        recorders = [self.actions(node.bus.node, "nova") for node in nodes]
        nodes[0].call(
            "policy_create",
            name="p",
            rules=[
                {"rule": "execute[nova:stop(x)] :- bad(x)"},
                {"rule": "bad(x) :- nova:servers(x, o), not known(o)"},
            ],
        )
        for number in range(12):
            node = nodes[number % 3]
            self.until(lambda node=node: self.has_policy(node), timeout=30)
            node.call("rule_create", policy="p", rule=f'known("o{number}")')
            rows = [(f"s{n}", f"o{n}") for n in range(number, number + 4)]
            source.publish("servers", *rows, as_of=self.clock.time())
            self.clock.advance(0.7)
        expected = {("want", f'["s{n}"]') for n in (12, 13, 14)}
        self.until(lambda: all(wants(r, "nova") == expected for r in recorders), timeout=60)
        self.assertTrue(self.converged(nodes, "p", "bad"))

    def has_policy(self, node: EngineNode) -> bool:
        return "p" in {policy["name"] for policy in node.call("policy_list")}

    def test_equal_seeds_give_equal_runs(self) -> None:
        runs = []
        for _ in range(2):
            case = RoughNetworkTest("test_engines_converge_on_policy_data_and_actions")
            case.setUp()
            try:
                case.test_engines_converge_on_policy_data_and_actions()
                rules = [rule.id for rule in case.storage().read(lambda tx: tx.rules.list())]
                runs.append((case.network.delivered, case.network.lost, rules))
            finally:
                case.doCleanups()
        self.assertEqual(*runs)
