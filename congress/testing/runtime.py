"""The runtime protocols on a manual clock: time and threads that tests control.

May import the standard library, ``congress.interfaces.runtime`` and the fibres
of this package.

Invariants: nothing runs but within ``advance``, ``run_for``, ``run_until`` or
``wait``; equal seeds and equal calls give equal runs. A job that waits (``wait``,
``Loop.call``, ``Task.stop``) steps the others from where it stands, so whoever it
waits for must not be waiting below it: that ends as a time-out, as a deadlock would.

In a test::

    class ThingTest(SimTestCase):
        def test_it(self):
            thing = Thing(self.clock, self.threads)
            self.clock.advance(3)
            self.until(lambda: thing.ready)
"""

import heapq
import itertools
import logging
import math
import random
import unittest
from collections.abc import Callable
from typing import Protocol

from congress.interfaces.runtime import Loop, Pool, Stop, Task
from congress.testing.fibre import Killed
from congress.testing.runners import Group, Runner, SimLoop, SimPool, SimTask, SimTimer

LOG = logging.getLogger(__name__)

#: More steps than this in one run are taken for a livelock.
STEP_LIMIT = 5_000_000


class _Driver(Protocol):
    def run_for(self, seconds: float) -> None: ...


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, monotonic: float = 1000.0, time: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._offset = time - monotonic
        self._driver: _Driver | None = None

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self._monotonic

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._monotonic + self._offset

    def advance(self, seconds: float) -> None:
        """Let time pass; the simulated threads of this clock do what falls due."""
        if self._driver:
            self._driver.run_for(seconds)
        else:
            self.move_to(self._monotonic + seconds)

    def step_wall(self, seconds: float) -> None:
        """Step the wall clock, as an administrator or NTP does."""
        self._offset += seconds

    def attach(self, driver: _Driver) -> None:
        """Let ``advance`` run a simulation."""
        self._driver = driver

    def move_to(self, monotonic: float) -> None:
        """Set the time without running anything; never backwards."""
        self._monotonic = max(self._monotonic, monotonic)


class SimThreads:
    """``Threads`` in one thread, and the scheduler behind them.

    :param seed: with a seed, jobs that could run at the same time run in an order
        drawn from it; without, in the order they became ready.
    """

    def __init__(self, clock: ManualClock, seed: int | None = None) -> None:
        self.clock = clock
        #: What jobs raised: (name of the loop, pool or task; exception).
        self.errors: list[tuple[str, BaseException]] = []
        self._random = random.Random(seed) if seed is not None else None
        self._agenda: list[tuple[float, int, SimTimer]] = []
        self._numbers = itertools.count()
        self._ready: list[Runner] = []
        self._stack: list[Runner] = []
        self._groups: dict[str, Group] = {}
        self._own = SimGroup(self, Group(""))
        clock.attach(self)

    # What the protocol asks for

    def loop(self, name: str) -> Loop:
        """A new loop."""
        return self._own.loop(name)

    def pool(self, name: str, size: int, queue: int) -> Pool:
        """A new pool."""
        return self._own.pool(name, size, queue)

    def task(self, name: str, target: Callable[[Stop], None]) -> Task:
        """A new task; it begins to run with the next step."""
        return self._own.task(name, target)

    # What tests use

    def group(self, name: str) -> "SimGroup":
        """``Threads`` that can be paused and killed as one, like a process."""
        return SimGroup(self, self._groups.setdefault(name, Group(name)))

    def run_for(self, seconds: float) -> None:
        """Let that much time pass."""
        self.wait(lambda: False, self.clock.monotonic() + seconds)

    def run_ready(self) -> None:
        """Run what can run now, without letting time pass."""
        self.run_for(0.0)

    def run_until(self, predicate: Callable[[], bool], timeout: float = 60.0) -> bool:
        """Let time pass until something holds; tell whether it came to hold."""
        return self.wait(predicate, self.clock.monotonic() + timeout)

    def wait(self, predicate: Callable[[], bool], deadline: float) -> bool:
        """Step until a condition holds or the time has come; tell whether it holds.

        This is what simulated blocking calls are made of. Whoever is paused while it
        waits notices neither before it is resumed.

        :raises Killed: the waiting job's node was killed meanwhile.
        """
        group = self._stack[-1].group if self._stack else self._own.group
        for _ in range(STEP_LIMIT):
            if group.dead:
                raise Killed
            if not group.paused and predicate():
                return True
            if self._step() or self._move_on(math.inf if group.paused else deadline):
                continue
            if group.paused:
                raise AssertionError(f"{group.name} is paused, and nothing will resume it")
            self.clock.move_to(deadline)
            return predicate()
        raise AssertionError(f"no end after {STEP_LIMIT} steps; ready: {self._ready[:5]}")

    def after(
        self, delay: float, job: Callable[[], object], owner: "SimGroup | None" = None
    ) -> SimTimer:
        """Call a function in the scheduler itself after a while, unless its owner is killed
        before (for simulated networks)."""
        return self.schedule(delay, job, (owner or self._own).group)

    # What runners use

    def schedule(self, delay: float, job: Callable[[], object], group: Group) -> SimTimer:
        """Put a function on the agenda."""
        timer = SimTimer(job, group)
        due = self.clock.monotonic() + max(0.0, delay)
        heapq.heappush(self._agenda, (due, next(self._numbers), timer))
        return timer

    def forget(self, group: Group) -> None:
        """Free the name of a group."""
        if self._groups.get(group.name) is group:
            del self._groups[group.name]

    def make_ready(self, runner: Runner) -> None:
        """Note that a runner has one more job to run."""
        self._ready.append(runner)

    def current(self) -> Runner | None:
        """Whose job runs now."""
        return self._stack[-1] if self._stack else None

    def enter(self, runner: Runner) -> None:
        """Mark a runner's job as the one that runs now, until ``leave``."""
        self._stack.append(runner)

    def leave(self) -> None:
        """The job that runs now ends."""
        self._stack.pop()

    def failed(self, name: str, error: BaseException) -> None:
        """Note what a job raised."""
        if not isinstance(error, Killed):
            LOG.error("a job of %s failed", name, exc_info=error)
            self.errors.append((name, error))

    def _step(self) -> bool:
        """Run one job, if any can run now."""
        runner = self._pick()
        if runner is None:
            return False
        runner.run_next()
        return True

    def _pick(self) -> Runner | None:
        if self._random and self._ready:
            self._shuffle_one()
        index = 0
        while index < len(self._ready):
            runner = self._ready[index]
            if runner.waiting() and not runner.group.paused and not runner.eligible():
                index += 1
                continue
            del self._ready[index]
            if runner.group.paused:
                runner.group.parked.append(runner)
            elif runner.waiting():
                return runner
        return None

    def _shuffle_one(self) -> None:
        """Bring a random one to the front; one that cannot run is passed over anyway."""
        assert self._random
        chosen = self._random.randrange(len(self._ready))
        self._ready[0], self._ready[chosen] = self._ready[chosen], self._ready[0]

    def _move_on(self, deadline: float) -> bool:
        """Move the clock to the next entry of the agenda, and fire it."""
        while self._agenda and not self._agenda[0][2].live():
            heapq.heappop(self._agenda)
        if not self._agenda or self._agenda[0][0] > deadline:
            return False
        due, _, timer = heapq.heappop(self._agenda)
        self.clock.move_to(due)
        timer.fire()
        return True


class SimGroup:
    """``Threads`` of one simulated process."""

    def __init__(self, sim: SimThreads, group: Group) -> None:
        self._sim = sim
        self.group = group

    @property
    def name(self) -> str:
        """The group's name."""
        return self.group.name

    @property
    def alive(self) -> bool:
        """Whether it was not killed."""
        return not self.group.dead

    def loop(self, name: str) -> Loop:
        """A new loop."""
        return SimLoop(self._sim, name, self.group)

    def pool(self, name: str, size: int, queue: int) -> Pool:
        """A new pool."""
        return SimPool(self._sim, name, self.group, size, queue)

    def task(self, name: str, target: Callable[[Stop], None]) -> Task:
        """A new task."""
        return SimTask(self._sim, name, self.group, target)

    def pause(self) -> None:
        """As SIGSTOP: timers fall due, but nothing runs."""
        self.group.paused = True

    def resume(self) -> None:
        """As SIGCONT."""
        self.group.paused = False
        for runner in self.group.parked:
            self._sim.make_ready(runner)
        self.group.parked.clear()

    def kill(self) -> None:
        """As SIGKILL: nothing of this group ever runs again, nothing is cleaned up.

        A new process needs a new group.
        """
        self.group.kill()
        self._sim.forget(self.group)


class SimTestCase(unittest.TestCase):
    """A test on a manual clock. No job may have raised by its end, unless the test
    empties ``self.threads.errors``."""

    seed: int | None = None

    def setUp(self) -> None:
        super().setUp()
        self.clock = ManualClock()
        self.threads = SimThreads(self.clock, self.seed)
        self.addCleanup(self._check_errors)

    def until(self, predicate: Callable[[], bool], timeout: float = 60.0) -> None:
        """Let time pass until something holds; fail if it does not come to hold."""
        if not self.threads.run_until(predicate, timeout):
            self.fail(f"did not come to hold within {timeout} simulated seconds")

    def _check_errors(self) -> None:
        self.assertEqual([], self.threads.errors)
