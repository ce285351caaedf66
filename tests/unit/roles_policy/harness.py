"""A policy engine on a manual clock, with memory storage and a bus that tests play."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from congress.interfaces.role import (
    Arrival,
    Bus,
    Coverage,
    Epoch,
    Plugins,
    Position,
    RoleParts,
)
from congress.interfaces.storage import (
    ChangeRecord,
    DatasourceRecord,
    StorageContext,
    StorageError,
)
from congress.model.builtin import Builtin
from congress.model.delta import Change, Snapshot
from congress.model.diagnostic import Refused
from congress.model.schema import Column, Schema, TableSchema
from congress.model.values import Row
from congress.plugins.storage.memory import MemoryHub, MemoryStorage
from congress.roles.policy.role import PolicyEngine
from congress.testing.runtime import SimTestCase
from tests.unit.roles_policy.fakes import FakeBus, FakePlugins


class FlakyStorage(MemoryStorage):
    """Memory storage that can be away, or fail when a write is about to end."""

    away = False
    fail_commits = 0

    def transaction(self, *, write: bool = False, fence: Any = None) -> Any:
        if self.away:
            raise StorageError("the database is away")
        return super().transaction(write=write, fence=fence)

    def _commit(self, drafts: Any, fence: Any) -> None:
        if self.fail_commits:
            self.fail_commits -= 1
            raise StorageError("the connection was lost")
        super()._commit(drafts, fence)


def options(library_path: str = "") -> SimpleNamespace:
    """The options a policy engine reads, with their defaults, but for the library's."""
    dse = SimpleNamespace(long_timeout=120.0, safety_resync_period=60.0)
    limits = SimpleNamespace(
        transaction_rows=1_000_000,
        transaction_seconds=60.0,
        query_seconds=30.0,
        string_length=1_000_000,
        integer_bits=4096,
        change_rows=100_000,
    )
    return SimpleNamespace(
        dse=dse,
        limits=limits,
        storage=SimpleNamespace(change_log_keep=10_000),
        datasource_sync_period=0,
        shipped_policies=False,
        policy_library_path=library_path,
    )


def table(name: str, *columns: str) -> TableSchema:
    """A table without types."""
    return TableSchema(name, tuple(Column(column) for column in columns))


class PolicyEngineTestCase(SimTestCase):
    """One policy engine, started and loaded."""

    builtins: Sequence[Builtin] = ()
    started = True
    library_path = ""

    def setUp(self) -> None:
        super().setUp()
        self.hub = MemoryHub()
        self.storage = self.make_storage()
        self.conf = options(self.library_path)
        self.bus = FakeBus()
        self.seq = 0
        self.engine = self.make_engine(self.bus, self.storage)
        if self.started:
            self.start()

    def make_storage(self) -> FlakyStorage:
        """A backend on the contents that all of a test share."""
        return FlakyStorage({}, StorageContext("bus", self.clock, hub=self.hub))

    def make_engine(self, bus: FakeBus, storage: FlakyStorage) -> PolicyEngine:
        """A policy engine, not started."""
        parts = RoleParts(
            conf=cast(Any, self.conf),
            bus=cast(Bus, bus),
            storage=storage,
            plugins=cast(Plugins, FakePlugins(self.builtins)),
            threads=self.threads,
            clock=self.clock,
            node_health=dict,
        )
        return PolicyEngine(parts)

    def start(self) -> None:
        """Start it and let it load."""
        self.engine.start()
        self.addCleanup(lambda: self.engine.stop(3.0))
        self.settle()

    def settle(self) -> None:
        """Let everything that is due happen."""
        self.threads.run_ready()

    def call(self, method: str, **args: Any) -> Any:
        """Call the engine's service as another node would."""
        answer = self.bus.call("policy-engine", method, args, timeout=5)
        self.settle()
        return answer

    def refused(self, method: str, **args: Any) -> str:
        """The code that a call is refused with."""
        with self.assertRaises(Refused) as caught:
            self.call(method, **args)
        return caught.exception.code

    def rule(self, policy: str, text: str, **more: Any) -> str:
        """Add a rule; its id."""
        return str(self.call("rule_create", policy=policy, rule=text, **more)["id"])

    def rows(self, policy: str, name: str) -> list[list[Any]]:
        """The rows of a table."""
        rows: list[list[Any]] = self.call("row_list", policy=policy, table=name)["rows"]
        return rows

    # Sources

    def configure(self, *names: str) -> None:
        """Store datasources as the manager does, and let the engine hear of it."""
        for name in names:
            record = DatasourceRecord(f"id-{name}", name, "push")
            self.storage.run(lambda tx, record=record: self._put(tx, record))
        self.bus.tell({})
        self.settle()

    def deconfigure(self, name: str) -> None:
        """Delete a datasource."""
        self.storage.run(lambda tx: self._take(tx, name))
        self.bus.tell({})
        self.settle()

    def _put(self, tx: Any, record: DatasourceRecord) -> None:
        tx.datasources.add(record)
        change = ChangeRecord("create", "datasource", record.id, {"name": record.name})
        tx.changes.advance(tx.changes.revision(), [change])

    def _take(self, tx: Any, name: str) -> None:
        record = tx.datasources.get(name)
        tx.datasources.remove(record.id)
        change = ChangeRecord("delete", "datasource", record.id, {"name": name})
        tx.changes.advance(tx.changes.revision(), [change])

    def publish_source(self, name: str, *tables: TableSchema, epoch: int = 1) -> None:
        """Let a source appear on the bus."""
        self.bus.schemas[name] = Schema.of(tables)
        self.bus.sources[name] = Position(Epoch(epoch, f"{name}-{epoch}"), 1)
        self.clock.advance(1.1)

    def send(
        self, source: str, *changes: Change, complete: bool = True, stale: bool = False
    ) -> None:
        """Let a publication arrive at whoever subscribed."""
        position = replace(self.bus.sources[source], seq=self.seq)
        self.seq += 1
        coverage = {c.table: Coverage(self.clock.time(), complete, stale) for c in changes}
        subscription = self.bus.subscription(source)
        if subscription:
            subscription.arrive(Arrival(source, position, changes, coverage))
        self.settle()

    def send_rows(self, source: str, name: str, *rows: Row, **more: Any) -> None:
        """Let a full snapshot of one table arrive."""
        self.send(source, Snapshot(name, frozenset(rows)), **more)

    def desired(self, datasource: str) -> set[tuple[Any, ...]]:
        """What is published for a datasource: (kind, action, arguments)."""
        assert self.bus.published
        rows = self.bus.published.tables.get(f"__actions/{datasource}", frozenset())
        return {(row[0], row[3], row[4]) for row in rows}
