"""A node: composed from plugins, started in order, supervised, stopped in reverse.

May import the kernel and ``congress.interfaces``. The bus is made by a function it
is given, because the kernel does not import ``congress.bus``.

Several nodes with different configuration may live in one process; what they are
to share there is the ``hub``.

Invariant: after ``start`` has raised, nothing of the node runs.
"""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from oslo_config import cfg

from congress.interfaces.bus import BusContext, BusTransport
from congress.interfaces.role import Bus, NodeRole, RoleParts, Service
from congress.interfaces.runtime import Clock, Loop, Threads
from congress.interfaces.storage import StorageBackend, StorageContext
from congress.kernel.audit import audit_sink, tell_audit
from congress.kernel.catalogue import Catalogue
from congress.kernel.clock import SystemClock
from congress.kernel.composition import Composition, compose
from congress.kernel.health import ask
from congress.kernel.plugins import NodePlugins
from congress.kernel.supervision import (
    RoleRunner,
    Supervisor,
    WatchedThreads,
    starting,
)
from congress.kernel.threads import SystemThreads
from congress.model.status import Health, State

LOG = logging.getLogger(__name__)


class NodeBus(Bus, Service, Protocol):
    """The bus as the node sees it: what roles use, and something that runs."""


class MakeBus(Protocol):
    """Makes the bus of a node. ``options`` are those of ``[dse]``, current at every look."""

    def __call__(
        self,
        transport: BusTransport,
        *,
        bus_id: str,
        node: str,
        instance: str,
        clock: Clock,
        threads: Threads,
        options: Any,
    ) -> NodeBus: ...


class Node:
    """One node of a Congress.

    :param conf: parsed options; a node reads no others.
    :param hub: shared by the nodes of one process.
    :param catalogue: the plugins there are; read from what is installed if not given.
    :param on_failure: told, on a thread of the node's, why it cannot go on. The
        node is not stopped then; that is for whoever started it.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        *,
        make_bus: MakeBus,
        clock: Clock | None = None,
        threads: Threads | None = None,
        hub: object = None,
        instance: str = "",
        catalogue: Catalogue | None = None,
        on_failure: Callable[[str], None] | None = None,
    ) -> None:
        self.conf = conf
        self.name = str(conf.node.id)
        self.instance = instance or uuid.uuid4().hex
        self.clock = clock or SystemClock()
        self.threads = threads or SystemThreads(self.clock)
        self.plugins = NodePlugins(conf, catalogue)
        self.composition: Composition | None = None
        self._make_bus = make_bus
        self._hub = hub
        self._on_failure = on_failure or (lambda reason: LOG.critical("%s", reason))
        self._storage: StorageBackend | None = None
        self._bus: NodeBus | None = None
        self._runners: list[RoleRunner] = []
        self._loop: Loop | None = None

    def start(self) -> None:
        """Compose the node and start everything, the bus first, the roles in their order.

        :raises Refused: with every reason why it cannot be.
        """
        self.composition = compose(self.conf, self.plugins)
        LOG.info("node %s starts: %s", self.name, self.composition)
        try:
            self._start_parts(self.composition)
            for role in self.composition.roles:
                runner = RoleRunner(role, self._role_maker(role), self.clock)
                self._runners.append(runner)
                runner.start()
            self._supervise()
        except BaseException:
            self.stop(float(self.conf.shutdown_timeout))
            raise

    def stop(self, timeout: float) -> None:
        """Finish what is under way, say goodbye, and stop everything. Idempotent.

        What has not ended after ``timeout`` seconds is abandoned.
        """
        deadline = self.clock.monotonic() + timeout
        if self._loop is not None:
            self._loop.close(timeout)
            self._loop = None
        for runner in reversed(self._runners):
            runner.stop(deadline)
        self._runners.clear()
        if (bus := self._bus) is not None:
            self._bus = None
            self._attempt("bus", lambda: bus.stop(max(0.1, deadline - self.clock.monotonic())))
        if (storage := self._storage) is not None:
            self._storage = None
            self._attempt("storage", storage.close)

    def reload(self) -> Mapping[tuple[str | None, str], tuple[Any, Any]]:
        """Read the configuration files again and apply the options that can change.

        :returns: what changed: (group, option) to (old, new) as written.
        :raises oslo_config.cfg.Error: if a file cannot be read; nothing has changed then.
        """
        changes: Mapping[tuple[str | None, str], tuple[Any, Any]] = self.conf.mutate_config_files()
        return changes

    def services(self) -> Sequence[Service]:
        """All services of all roles, in the order they started."""
        return [service for runner in self._runners for service in runner.services()]

    def health(self) -> Mapping[str, Health]:
        """The health of every part, by the name of the service.

        A database that is away counts as degraded: a new process would not find it either.
        """
        found: dict[str, Health] = {}
        if (storage := self._storage) is not None:
            health = ask(storage.health)
            away = health.state is State.FAILED
            found["storage"] = replace(health, state=State.DEGRADED) if away else health
        if (bus := self._bus) is not None:
            found["bus"] = ask(bus.health)
        for runner in tuple(self._runners):
            for name, health in runner.health().items():
                found[name if name not in found else f"{runner.name}/{name}"] = health
        return found

    def _start_parts(self, composition: Composition) -> None:
        """Open the storage and connect the bus."""
        conf = self.conf
        bus_id = str(conf.dse.bus_id)
        with starting(f"storage {composition.storage}"):
            context = StorageContext(bus_id, self.clock, conf, self._hub)
            self._storage = self.plugins.make("storage", composition.storage, context)
            tell_audit(self._storage, audit_sink(conf))
            self._storage.open()
        with starting(f"bus {composition.transport}"):
            transport = self.plugins.make(
                "bus",
                composition.transport,
                BusContext(self.clock, self.threads, self._hub, conf),
            )
            self._bus = self._make_bus(
                transport,
                bus_id=bus_id,
                node=self.name,
                instance=self.instance,
                clock=self.clock,
                threads=self.threads,
                options=conf.dse,
            )
            self._bus.start()

    def _role_maker(self, role: str) -> Callable[[Callable[[str, BaseException], None]], NodeRole]:
        """Makes the role, its threads watched."""

        def make(died: Callable[[str, BaseException], None]) -> NodeRole:
            assert self._bus is not None and self._storage is not None
            parts = RoleParts(
                conf=self.conf,
                bus=self._bus,
                storage=self._storage,
                plugins=self.plugins,
                threads=WatchedThreads(self.threads, died),
                clock=self.clock,
                node_health=self.health,
                hub=self._hub,
            )
            made: NodeRole = self.plugins.load("role", role)(parts)
            return made

        return make

    def _supervise(self) -> None:
        assert self._bus is not None
        self._loop = self.threads.loop("kernel")
        Supervisor(
            self.conf, self.clock, self._loop, self._runners, self._bus.health, self._on_failure
        ).start()

    def _attempt(self, part: str, stop: Callable[[], object]) -> None:
        try:
            stop()
        except Exception:
            LOG.exception("%s cannot stop", part)
