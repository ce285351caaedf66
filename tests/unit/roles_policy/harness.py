"""A policy engine on a manual clock, with memory storage and a bus that tests play."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from congress.interfaces.role import (
    Arrival,
    Bus,
    Coverage,
    Epoch,
    Method,
    Peer,
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
from congress.model.delta import Change, Snapshot, applied
from congress.model.diagnostic import Refused, refuse
from congress.model.schema import Column, Schema, TableSchema
from congress.model.status import Health
from congress.model.values import Row
from congress.plugins.storage.memory import MemoryHub, MemoryStorage
from congress.roles.policy.role import PolicyEngine
from congress.testing.runtime import SimTestCase


class FakePublisher:
    """Keeps what was published."""

    def __init__(self, source: str, epoch: Epoch) -> None:
        self.source = source
        self.position = Position(epoch, 0)
        self.tables: dict[str, frozenset[Row]] = {}
        self.asked: frozenset[str] = frozenset()
        self.published = 0
        self.closed = False

    def publish(self, changes: Iterable[Change], coverage: Mapping[str, Coverage]) -> Position:
        for change in changes:
            self.tables[change.table] = applied(self.tables.get(change.table, frozenset()), change)
        self.published += 1
        self.position = Position(self.position.epoch, self.position.seq + 1)
        return self.position

    def drop(self, tables: Iterable[str]) -> None:
        for table in tables:
            self.tables.pop(table, None)

    def rows(self, table: str) -> frozenset[Row] | None:
        return self.tables.get(table)

    def coverage(self) -> Mapping[str, Coverage]:
        return {}

    def wanted(self) -> frozenset[str]:
        return self.asked

    def close(self) -> None:
        self.closed = True


class FakeSubscription:
    """What an engine subscribed to at one source."""

    def __init__(
        self,
        source: str,
        tables: Iterable[str],
        on_arrival: Callable[[Arrival], None],
        on_state: Callable[[str, str], None] | None,
    ) -> None:
        self.source = source
        self.tables = frozenset(tables)
        self.arrive = on_arrival
        self.tell = on_state
        self.closed = False

    def set_tables(self, tables: Iterable[str]) -> None:
        self.tables = frozenset(tables)

    def states(self) -> Mapping[str, str]:
        return dict.fromkeys(self.tables, "live")

    def close(self) -> None:
        self.closed = True


class FakeBus:
    """A bus of one node whose sources a test plays."""

    def __init__(self, node: str = "pe1", instance: str = "i1") -> None:
        self.node = node
        self.instance = instance
        self.methods: Mapping[str, Method] = {}
        self.health: Callable[[], Health] | None = None
        self.sources: dict[str, Position] = {}
        self.schemas: dict[str, Schema] = {}
        self.schema_calls: list[str] = []
        self.mute = False
        self.subscriptions: list[FakeSubscription] = []
        self.published: FakePublisher | None = None
        self.notices: list[tuple[str, Mapping[str, Any]]] = []
        self.facts: dict[str, Callable[[], Any]] = {}
        self._notice_handlers: dict[str, list[Callable[[str, Mapping[str, Any]], None]]] = {}
        self._peer_handlers: list[Callable[[str, Peer], None]] = []

    def serve(
        self,
        service: str,
        methods: Mapping[str, Method],
        health: Callable[[], Health] | None = None,
    ) -> None:
        self.methods, self.health = methods, health

    def withdraw(self, service: str) -> None:
        self.methods = {}

    def call(
        self,
        service: str,
        method: str,
        args: Mapping[str, Any] | None = None,
        *,
        timeout: float,
        node: str | None = None,
    ) -> Any:
        return self.methods[method](**(args or {}))

    def publisher(
        self,
        source: str,
        epoch: Epoch,
        *,
        schema: Callable[[], Schema] | None = None,
        on_wanted: Callable[[frozenset[str]], None] | None = None,
    ) -> FakePublisher:
        self.published = FakePublisher(source, epoch)
        self.on_wanted = on_wanted
        return self.published

    def subscribe(
        self,
        source: str,
        tables: Iterable[str],
        on_arrival: Callable[[Arrival], None],
        on_state: Callable[[str, str], None] | None = None,
    ) -> FakeSubscription:
        subscription = FakeSubscription(source, tables, on_arrival, on_state)
        self.subscriptions.append(subscription)
        return subscription

    def schema_of(self, source: str, timeout: float) -> Schema | None:
        self.schema_calls.append(source)
        if self.mute or source not in self.sources:
            raise refuse("unavailable", f"nobody publishes {source}")
        return self.schemas.get(source)

    def notify(self, topic: str, payload: Mapping[str, Any]) -> None:
        self.notices.append((topic, payload))

    def on_notice(self, topic: str, handler: Callable[[str, Mapping[str, Any]], None]) -> None:
        self._notice_handlers.setdefault(topic, []).append(handler)

    def peers(self) -> Sequence[Peer]:
        return [Peer(self.node, self.instance, {}, dict(self.sources), {})]

    def on_peers(self, handler: Callable[[str, Peer], None]) -> None:
        self._peer_handlers.append(handler)

    def announce(self, name: str, fact: Callable[[], Any]) -> None:
        self.facts[name] = fact

    # What tests play

    def tell(self, payload: Mapping[str, Any], topic: str = "policy-changed") -> None:
        """A notice from another node."""
        for handler in self._notice_handlers.get(topic, ()):
            handler("other", payload)

    def beat(self, peer: Peer) -> None:
        """A heartbeat of another node."""
        for handler in self._peer_handlers:
            handler("heard", peer)

    def subscription(self, source: str) -> FakeSubscription | None:
        """The open subscription to a source."""
        found = [s for s in self.subscriptions if s.source == source and not s.closed]
        return found[-1] if found else None


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


class FakePlugins:
    """Builtins only."""

    def __init__(self, builtins: Sequence[Builtin]) -> None:
        self._builtins = builtins

    def names(self, kind: str) -> Sequence[str]:
        return ["all"] if kind == "builtin" else []

    def load(self, kind: str, name: str) -> Sequence[Builtin]:
        return self._builtins


def options() -> SimpleNamespace:
    """The options a policy engine reads, with their defaults."""
    dse = SimpleNamespace(long_timeout=120.0, safety_resync_period=60.0)
    limits = SimpleNamespace(
        transaction_rows=1_000_000,
        transaction_seconds=60.0,
        query_seconds=30.0,
        string_length=1_000_000,
        integer_bits=4096,
    )
    return SimpleNamespace(dse=dse, limits=limits)


def table(name: str, *columns: str) -> TableSchema:
    """A table without types."""
    return TableSchema(name, tuple(Column(column) for column in columns))


class PolicyEngineTestCase(SimTestCase):
    """One policy engine, started and loaded."""

    builtins: Sequence[Builtin] = ()
    started = True

    def setUp(self) -> None:
        super().setUp()
        self.hub = MemoryHub()
        self.storage = self.make_storage()
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
            conf=cast(Any, options()),
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
