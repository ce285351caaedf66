"""A bus that tests play, and plugins that are builtins alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from congress.interfaces.role import (
    Arrival,
    Coverage,
    Epoch,
    Method,
    Peer,
    Position,
)
from congress.model.builtin import Builtin
from congress.model.delta import Change, applied
from congress.model.diagnostic import refuse
from congress.model.schema import Schema
from congress.model.status import Health
from congress.model.values import Row


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
        self.others: list[Peer] = []
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
        facts = {name: fact() for name, fact in self.facts.items()}
        return [Peer(self.node, self.instance, {}, dict(self.sources), facts), *self.others]

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


class FakePlugins:
    """Builtins only."""

    def __init__(self, builtins: Sequence[Builtin]) -> None:
        self._builtins = builtins

    def names(self, kind: str) -> Sequence[str]:
        return ["all"] if kind == "builtin" else []

    def load(self, kind: str, name: str) -> Sequence[Builtin]:
        return self._builtins
