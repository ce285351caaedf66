"""Node roles: what a node can do, and what the kernel gives them to do it.

May import the standard library and ``congress.model`` only. Namespace
``congress.node.roles``.

A role is a composition: from its parts it makes services, which the kernel starts
in order, supervises, and stops in reverse. A role never looks up another role;
roles speak to each other over the bus, also within one process.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from congress.interfaces.plugin import OptionValue, Plugin, PluginInfo
from congress.interfaces.runtime import Clock, Threads
from congress.interfaces.storage import StorageBackend
from congress.model.delta import Change, composed
from congress.model.schema import Schema
from congress.model.status import Health

if TYPE_CHECKING:
    from oslo_config.cfg import ConfigOpts

#: An RPC method: takes JSON values by name, returns a JSON value, refuses by ``Refused``.
Method = Callable[..., Any]


@dataclass(frozen=True, slots=True, order=True)
class Epoch:
    """One life of a source. A later one has the greater number; ``instance`` tells
    two of the same number apart (a fault, or a source without leases)."""

    number: int
    instance: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a source's publications have come."""

    epoch: Epoch
    seq: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of one published table besides its rows.

    :param as_of: when the source was in this state, seconds since the epoch.
    :param complete: whether a full snapshot has been read in this epoch.
    :param stale: whether it should have been read anew by now and was not.
    """

    as_of: float
    complete: bool
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """One publication, or the answer to a resynchronisation, at a subscriber.

    ``changes`` are of subscribed tables only and apply as one. A ``Snapshot``
    replaces a table. ``coverage`` holds every subscribed table that was mentioned.
    """

    source: str
    position: Position
    changes: tuple[Change, ...]
    coverage: Mapping[str, Coverage]

    def then(self, later: Arrival) -> Arrival:
        """This one and the next of its source as one; of an older epoch nothing remains."""
        if self.position.epoch != later.position.epoch:
            return later
        changes = {change.table: change for change in self.changes}
        for change in later.changes:
            before = changes.get(change.table)
            changes[change.table] = change if before is None else composed(before, change)
        coverage = {**self.coverage, **later.coverage}
        return Arrival(later.source, later.position, tuple(changes.values()), coverage)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node (or this one) as membership sees it.

    ``services`` maps each service it serves to its health; ``sources`` maps each
    source it publishes to its position; ``info`` are the facts it announces
    (version, builtins digest, policy revision).
    """

    node: str
    instance: str
    services: Mapping[str, Health]
    sources: Mapping[str, Position]
    info: Mapping[str, Any]


class Publisher(Protocol):
    """The sending end of one source."""

    source: str
    position: Position

    def publish(self, changes: Iterable[Change], coverage: Mapping[str, Coverage]) -> Position:
        """Publish changes of several tables as one.

        Snapshots are reduced to what changed. Coverage alone, without changes, is
        published too. Thread-safe, never blocks on the broker.
        """

    def drop(self, tables: Iterable[str]) -> None:
        """The source has these tables no longer."""

    def rows(self, table: str) -> frozenset[Any] | None:
        """What was last published of a table; ``None`` if nothing."""

    def coverage(self) -> Mapping[str, Coverage]:
        """What was last said of each table."""

    def wanted(self) -> frozenset[str]:
        """Tables that a live subscriber somewhere asked for."""

    def close(self) -> None:
        """Publish no more, and take the source out of the heartbeats."""


class Subscription(Protocol):
    """The receiving end of some tables of one source."""

    source: str

    def set_tables(self, tables: Iterable[str]) -> None:
        """Subscribe to exactly these tables; new ones arrive as snapshots."""

    def states(self) -> Mapping[str, str]:
        """``pending syncing live stale`` per table."""

    def close(self) -> None:
        """Receive no more."""


class Bus(Protocol):
    """What a node's roles use to reach each other and other nodes."""

    node: str
    instance: str

    def serve(
        self,
        service: str,
        methods: Mapping[str, Method],
        health: Callable[[], Health] | None = None,
    ) -> None:
        """Answer calls of exactly these methods under a service name."""

    def withdraw(self, service: str) -> None:
        """Answer no more."""

    def call(
        self,
        service: str,
        method: str,
        args: Mapping[str, Any] | None = None,
        *,
        timeout: float,
        node: str | None = None,
    ) -> Any:
        """Call a method where the service is served: on this node if it is, else on
        any node that announces it (or on the named node).

        Within a node the handler runs on the caller's thread.

        :raises Refused: what the method refused, or ``unavailable`` if nobody serves
            it or it cannot be reached, or ``timeout``."""

    def publisher(
        self,
        source: str,
        epoch: Epoch,
        *,
        schema: Callable[[], Schema] | None = None,
        on_wanted: Callable[[frozenset[str]], None] | None = None,
    ) -> Publisher:
        """Begin to publish as a source. ``on_wanted`` is told when ``wanted`` changes."""

    def subscribe(
        self,
        source: str,
        tables: Iterable[str],
        on_arrival: Callable[[Arrival], None],
        on_state: Callable[[str, str], None] | None = None,
    ) -> Subscription:
        """Receive tables of a source, whether or not it exists yet.

        Arrivals come one at a time, in order, gap-free, beginning with snapshots.
        ``on_state(table, state)`` tells of ``live`` and ``stale``."""

    def schema_of(self, source: str, timeout: float) -> Schema | None:
        """The tables of a source, asked of its publisher; ``None`` if it has none."""

    def notify(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Tell all nodes, this one included, something small that may get lost."""

    def on_notice(self, topic: str, handler: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Hear what is told: ``handler(node, payload)``."""

    def peers(self) -> Sequence[Peer]:
        """The nodes alive now, this one first."""

    def on_peers(self, handler: Callable[[str, Peer], None]) -> None:
        """Hear of peers: ``handler(event, peer)``, event ``heard`` or ``left``."""

    def announce(self, name: str, fact: Callable[[], Any]) -> None:
        """Put a fact into this node's heartbeats."""


class Plugins(Protocol):
    """The kernel's loader, as roles see it. Failures are ``Refused`` (code ``plugin``)."""

    def names(self, kind: str) -> Sequence[str]:
        """Usable plugins of a kind: installed, permitted, loadable."""

    def describe(self, kind: str, name: str) -> PluginInfo:
        """Phase one."""

    def load(self, kind: str, name: str) -> Any:
        """The class (for builtins: the sequence)."""

    def make(self, kind: str, name: str, *context: Any) -> Any:
        """An instance made from the plugin's node options, as configured.

        The same as ``load(kind, name)(settings(kind, name), *context)``.
        """

    def settings(self, kind: str, name: str) -> dict[str, OptionValue]:
        """The plugin's node options as configured."""


class Service(Protocol):
    """Something that runs. ``start`` and ``stop`` are called once, by the kernel."""

    name: str

    def start(self) -> None:
        """Begin. An exception stops the node, with its message."""

    def stop(self, timeout: float) -> None:
        """End within the time given; what is left is abandoned."""

    def health(self) -> Health:
        """How it is now. Any thread; must not block."""


@dataclass(frozen=True, slots=True)
class RoleParts:
    """Everything a role may use.

    ``hub`` is shared by the nodes of one process; ``node_health`` asks all services.
    """

    conf: ConfigOpts
    bus: Bus
    storage: StorageBackend
    plugins: Plugins
    threads: Threads
    clock: Clock
    node_health: Callable[[], Mapping[str, Health]]
    hub: object = None


class NodeRole(Plugin):
    """A role. Known features: none yet."""

    interface_version: ClassVar[str] = "1.0"

    def __init__(self, parts: RoleParts) -> None:
        self.parts = parts

    @abc.abstractmethod
    def services(self) -> Sequence[Service]:
        """The services, in the order they start. Called once; does no I/O."""
