"""The plugins of simulated nodes, which come through the loader like any other.

May import ``congress.interfaces``, ``congress.model``, the kernel's catalogue and
the memory backend.

They find the process they run in, and by it the world, by the clock they are given.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from congress.interfaces.bus import BusContext, Channel
from congress.interfaces.datasource import (
    Config,
    DatasourceDriver,
    Done,
    DriverContext,
    DriverError,
    PollRequest,
)
from congress.interfaces.plugin import Option, OptionValue, PluginInfo
from congress.interfaces.runtime import Clock
from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import (
    Conflict,
    Fence,
    StorageContext,
    StorageError,
    Transaction,
)
from congress.kernel.catalogue import Candidate, Catalogue, collect, read_installed
from congress.model.action import ActionCall, ActionResult, ActionSpec
from congress.model.delta import Batch, Snapshot
from congress.model.schema import Schema
from congress.plugins.storage.gate import Gate
from congress.plugins.storage.memory.backend import MemoryStorage, MemoryTransaction
from congress.plugins.storage.memory.contents import Drafts
from congress.testing.cluster.process import Point, Process, ProcessClock
from congress.testing.lossy import LossyTransport

#: The name under which each of them is configured.
NAME = "simulated"

POLL_TIME = Option("poll_time", type="number", default=2.0, minimum=0)


def process_of(clock: Clock) -> Process:
    """The process whose clock it is."""
    if not isinstance(clock, ProcessClock):
        raise TypeError("this plugin works in a simulated process only")
    return clock.process


class SimTransport(LossyTransport):
    """The lossy transport, with points before everything it sends."""

    def __init__(self, config: dict[str, OptionValue], ctx: BusContext) -> None:
        self._process = process_of(ctx.clock)
        super().__init__(config, replace(ctx, hub=self._process.world.network))

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        self._process.point(Point.BEAT if channel is Channel.CONTROL else Point.DATA)
        super().broadcast(channel, payload)

    def send(self, node: str, payload: bytes) -> None:
        self._process.point(Point.DATA, node)
        super().send(node, payload)

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        self._process.point(Point.CALL, node)
        answer = super().call(node, payload, deadline)
        self._process.point(Point.ANSWERED, node)
        return answer


class SimStorage(MemoryStorage):
    """One database for all nodes, on its own clock, that can be away.

    Transactions are optimistic, so that a node may be stopped in the middle of one
    without stopping the others.
    """

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(NAME, "A database of the simulation.", features={"shared": True})

    def __init__(self, config: dict[str, OptionValue], ctx: StorageContext) -> None:
        self._process = process_of(ctx.clock)
        self._world = self._process.world
        super().__init__(config, replace(ctx, clock=self._world.clock))

    @contextmanager
    def _transaction(self, write: bool, fence: Fence | None) -> Iterator[Transaction]:
        self._process.point(Point.BEGIN)
        self._reach()
        before = self.hub.contents
        gate = Gate(write=write)
        drafts = Drafts(before, gate)
        try:
            yield MemoryTransaction(drafts, self.ctx)
            if write:
                self._process.point(Point.COMMIT)
                self._reach()
                if self.hub.contents is not before:
                    raise Conflict("another transaction was faster")
            gate.check()
            if write:
                self._commit(drafts, fence)
                for listener in self._world.on_commit:
                    listener(self._process)
                self._process.point(Point.COMMITTED)
        finally:
            gate.open = False

    def _reach(self) -> None:
        if not self._world.database_reaches(self._process.name):
            raise StorageError("the database does not answer")


class PlainSecrets(SecretStore):
    """Seals nothing: there are no secrets in the simulation."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(NAME, "Seals nothing.")

    def prepare(self, *, create: bool) -> None:
        pass

    def fingerprint(self) -> str:
        return "none"

    def seal(self, secret: str) -> str:
        return secret

    def open(self, sealed: str) -> str:
        return sealed


class SimDriver(DatasourceDriver):
    """Reads and acts on the service of the world that has the datasource's name."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(NAME, "A service of the simulation.", (POLL_TIME,))

    def __init__(self, config: Config, ctx: DriverContext) -> None:
        super().__init__(config, ctx)
        self._process = process_of(ctx.clock)
        self._service = self._process.world.services[ctx.name]

    def schema(self) -> Schema:
        return self._service.schema

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        self._process.point(Point.POLL, self._service.name)
        if self._service.down:
            raise DriverError(self._service.down)
        now = self.ctx.clock.time()
        changes = tuple(
            Snapshot(name, frozenset(contents.rows))
            for name, contents in self._service.tables.items()
        )
        self._service.read = True
        self._process.point(Point.POLLED, self._service.name)
        yield Batch(changes, now)
        yield Done()

    def actions(self) -> Sequence[ActionSpec]:
        return self._service.actions

    def execute(self, call: ActionCall, deadline: float) -> ActionResult:
        service = self._service
        self._process.point(Point.ACT, f"{service.name}:{call.name}")
        if service.failing_calls:
            service.failing_calls -= 1
            raise DriverError("the service refuses for now")
        self._process.world.receive(self._process, service.name, call)
        self._process.point(Point.ACTED, f"{service.name}:{call.name}")
        return ActionResult(message="done")


@cache
def simulated_catalogue() -> Catalogue:
    """What is installed, and the plugins of this module beside it."""
    found, _ = read_installed()
    own = {
        "bus": SimTransport,
        "storage": SimStorage,
        "secrets": PlainSecrets,
        "driver": SimDriver,
    }
    return collect(
        [
            *found,
            *(
                Candidate(kind, NAME, f"{__name__}:{plugin.__name__}", "congress-testing")
                for kind, plugin in own.items()
            ),
        ]
    )
