"""Policy engines and sources on real buses and one storage, for tests of several nodes."""

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
from congress.testing.lossy import Faults, LossyNetwork, LossyTransport
from tests.unit.roles_policy.fakes import FakePlugins
from tests.unit.roles_policy.harness import options

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


class PolicyClusterTestCase(BusTestCase):
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
