"""The world outside the nodes: services with contents, a database, a network, people.

May import ``congress.interfaces``, ``congress.model`` and the simulated runtime.

A service that datasources read has *contents*, which only the schedule changes;
every change is remembered, so that what was done can be held against what was
ever true. The service that is acted on is the *receiver*: it remembers each call
and has the effect of each idempotency key once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from congress.model.action import ActionCall, ActionSpec
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.values import Row
from congress.plugins.storage.memory import MemoryHub
from congress.testing.cluster.chronicle import Chronicle
from congress.testing.cluster.process import Process
from congress.testing.lossy import LossyNetwork
from congress.testing.runtime import ManualClock


class Contents:
    """One table of a service, and when each row was there.

    ``rises`` counts how often a row came to be there; ``ever_absent`` holds the rows
    that were not there at some time.
    """

    def __init__(self, name: str, domain: Iterable[Row], present: Iterable[Row]) -> None:
        self.schema = TableSchema(name, (Column("x", ColumnType.STRING, nullable=False),))
        self.rows: set[Row] = set(present)
        self.rises: dict[Row, int] = dict.fromkeys(sorted(self.rows, key=str), 1)
        self.ever_absent: set[Row] = {row for row in domain if row not in self.rows}

    def flip(self, row: Row) -> bool:
        """Take a row away or bring it back; whether it is there now."""
        if row in self.rows:
            self.rows.discard(row)
            self.ever_absent.add(row)
            return False
        self.rows.add(row)
        self.rises[row] = self.rises.get(row, 0) + 1
        return True


@dataclass(slots=True)
class Service:
    """Something a datasource stands for. ``down`` is why it does not answer, if so;
    ``read`` tells whether it ever did."""

    name: str
    tables: Mapping[str, Contents] = field(default_factory=dict)
    actions: tuple[ActionSpec, ...] = ()
    poll_time: float = 2.0
    down: str = ""
    read: bool = False
    #: How many of the next calls fail, before they have any effect.
    failing_calls: int = 0

    @property
    def schema(self) -> Schema:
        """Its tables."""
        return Schema.of([contents.schema for contents in self.tables.values()], closed=True)


@dataclass(frozen=True, slots=True)
class Received:
    """A call that reached the receiver."""

    at: float
    instance: str
    service: str
    action: str
    arguments: tuple[object, ...]
    key: str


class World:
    """What all nodes of a simulation share; the ``hub`` of each."""

    def __init__(
        self,
        clock: ManualClock,
        network: LossyNetwork,
        services: Iterable[Service],
        chronicle: Chronicle,
    ) -> None:
        self.clock = clock
        self.network = network
        self.services = {service.name: service for service in services}
        self.chronicle = chronicle
        self.storage = MemoryHub()
        #: Names of nodes that do not reach the database; ``*`` stands for all.
        self.cut_off: set[str] = set()
        self.received: list[Received] = []
        #: What must not have happened.
        self.objections: list[str] = []
        #: Told of each call before it is noted, and of each commit.
        self.on_call: list[Callable[[Process, Received], None]] = []
        self.on_commit: list[Callable[[Process], None]] = []

    def note(self, kind: str, detail: str = "") -> None:
        """Put something into the chronicle."""
        self.chronicle.note(self.clock.monotonic(), "world", kind, detail)

    def object(self, text: str) -> None:
        """Note a broken promise."""
        text = f"at {self.clock.monotonic():.3f}: {text}"
        self.note("OBJECTION", text)
        self.objections.append(text)

    def database_reaches(self, node: str) -> bool:
        """Whether a node reaches the database now."""
        return not self.cut_off & {"*", node}

    def receive(self, process: Process, service: str, call: ActionCall) -> None:
        """A call has its effect."""
        received = Received(
            self.clock.monotonic(),
            process.instance,
            service,
            call.name,
            tuple(call.positional),
            call.idempotency_key,
        )
        process.note("effect", f"{service}:{call.name}{received.arguments} {received.key[:8]}")
        for listener in self.on_call:
            listener(process, received)
        self.received.append(received)

    def effects(self, key: str) -> int:
        """How often the action of an id was called."""
        return sum(received.key == key for received in self.received)
