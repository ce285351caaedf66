"""Supervision: a role that failed is started anew, and not for ever.

May import ``congress.interfaces`` and the kernel's health.

A role has failed when one of its services says so, or when one of its tasks ended
by an exception. Then all of its services are stopped and the role is made anew,
after a pause that doubles each time. When the budget of restarts is used up, or the
node's bus has failed, which no restart of a role mends, the node is told to give up, so
that whoever started the process hears of it.

Invariant: everything here but ``WatchedThreads`` happens on the node's own loop,
or before it runs, or after it ended.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from oslo_config import cfg

from congress.interfaces.role import NodeRole, Service
from congress.interfaces.runtime import Clock, Loop, Pool, Stop, Task, Threads
from congress.interfaces.storage import StorageError
from congress.kernel.health import ask
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health, State

LOG = logging.getLogger(__name__)

LONGEST_DELAY = 60.0
#: Seconds a failed role has to stop before it is made anew.
RESTART_STOP = 10.0


class WatchedThreads:
    """A role's threads: as those of the node, and the end of a task by exception is noted."""

    def __init__(self, inner: Threads, died: Callable[[str, BaseException], None]) -> None:
        self._inner = inner
        self._died = died

    def loop(self, name: str) -> Loop:
        """See ``Threads.loop``."""
        return self._inner.loop(name)

    def pool(self, name: str, size: int, queue: int) -> Pool:
        """See ``Threads.pool``."""
        return self._inner.pool(name, size, queue)

    def task(self, name: str, target: Callable[[Stop], None]) -> Task:
        """See ``Threads.task``."""

        def watched(stop: Stop) -> None:
            try:
                target(stop)
            except BaseException as error:
                if not stop.is_set():
                    self._died(name, error)
                raise

        return self._inner.task(name, watched)


class RoleRunner:
    """One role of a node, through all its lives."""

    def __init__(
        self,
        name: str,
        make: Callable[[Callable[[str, BaseException], None]], NodeRole],
        clock: Clock,
    ) -> None:
        self.name = name
        self.restarts: list[float] = []
        self._make = make
        self._clock = clock
        self._services: list[Service] = []
        self._deaths: list[str] = []
        self._down = ""

    def start(self) -> None:
        """Make the role and start its services; after a failure none of them runs.

        :raises Refused: saying which service cannot start, and why.
        """
        self._deaths.clear()
        try:
            with starting(f"role {self.name}"):
                services = list(self._make(self._note_death).services())
            for service in services:
                self._services.append(service)
                with starting(f"role {self.name}: {service.name}"):
                    service.start()
        except BaseException:
            self.stop(self._clock.monotonic() + RESTART_STOP)
            raise
        self._down = ""

    def stop(self, deadline: float) -> None:
        """Stop the services, last first; one that fails to does not keep the rest."""
        while self._services:
            service = self._services.pop()
            try:
                service.stop(max(0.1, deadline - self._clock.monotonic()))
            except Exception:
                LOG.exception("role %s: %s cannot stop", self.name, service.name)

    def services(self) -> Sequence[Service]:
        """The services there are now."""
        return tuple(self._services)

    def health(self) -> Mapping[str, Health]:
        """The health of each service, or of the role while it has none."""
        if self._down:
            return {self.name: Health(State.FAILED, self._down)}
        return {service.name: ask(service.health) for service in tuple(self._services)}

    def failure(self) -> str:
        """Why the role has to be started anew; empty if it has not."""
        if self._down:
            return ""
        if self._deaths:
            return self._deaths[0]
        failed = [
            f"{name}: {health.message or 'failed'}"
            for name, health in self.health().items()
            if health.state is State.FAILED
        ]
        return "; ".join(failed)

    def take_down(self, reason: str) -> None:
        """Stop what is left of a failed role."""
        self.stop(self._clock.monotonic() + RESTART_STOP)
        self._down = f"waits for its restart after: {reason}"

    def _note_death(self, thread: str, error: BaseException) -> None:
        self._deaths.append(f"{thread} ended: {type(error).__name__}: {error}")


class Supervisor:
    """Looks at the roles now and then, and starts failed ones anew."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        clock: Clock,
        loop: Loop,
        runners: Sequence[RoleRunner],
        bus: Callable[[], Health],
        give_up: Callable[[str], None],
    ) -> None:
        self._conf = conf
        self._clock = clock
        self._loop = loop
        self._runners = runners
        self._bus = bus
        self._give_up = give_up
        self._given_up = False

    def start(self) -> None:
        """Begin to look."""
        self._loop.every(lambda: float(self._conf.node.supervision_interval), self.check)

    def check(self) -> None:
        """Look once."""
        bus = ask(self._bus)
        if bus.state is State.FAILED and not self._given_up:
            self._given_up = True
            self._give_up(f"the bus failed: {bus.message}")
        for runner in self._runners:
            if reason := runner.failure():
                LOG.error("role %s failed: %s", runner.name, reason)
                runner.take_down(reason)
                self._schedule(runner, reason)

    def _schedule(self, runner: RoleRunner, reason: str) -> None:
        """Start a role anew after a pause, if the budget allows it."""
        options = self._conf.node
        now = self._clock.monotonic()
        runner.restarts = [at for at in runner.restarts if at > now - options.restart_window]
        used = len(runner.restarts)
        if used >= options.restart_budget:
            self._give_up(
                f"role {runner.name} failed {used + 1} times in {options.restart_window:g} s, "
                f"at last because of: {reason}"
            )
            return
        delay = min(LONGEST_DELAY, options.restart_delay * 2**used)
        runner.restarts.append(now)
        LOG.warning("role %s is started anew in %g s", runner.name, delay)
        self._loop.later(delay, lambda: self._restart(runner))

    def _restart(self, runner: RoleRunner) -> None:
        try:
            runner.start()
        except Refused as refusal:
            LOG.warning("%s", refusal)
            runner.take_down(str(refusal))
            self._schedule(runner, str(refusal))
        else:
            LOG.info("role %s runs again", runner.name)


@contextlib.contextmanager
def starting(part: str) -> Iterator[None]:
    """Turn whatever keeps a part from starting into a refusal that names the part.

    :raises Refused: with the codes of the original refusal, if it was one.
    """
    what = f"{part} cannot start"
    try:
        yield
    except Refused as refusal:
        raise Refused(
            *(replace(one, message=f"{what}: {one.message}") for one in refusal.diagnostics)
        ) from refusal
    except (OSError, StorageError) as error:
        raise refuse("unavailable", f"{what}: {error or type(error).__name__}") from error
    except Exception as error:
        LOG.exception("%s", what)
        raise refuse("internal", f"{what}: {type(error).__name__}: {error}") from error
