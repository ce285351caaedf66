"""What runs in a simulation: loops, pools and tasks, and the timers that wake them.

May import the standard library, ``congress.interfaces.runtime`` and the fibres
of this package. Used by ``congress.testing.runtime``.

Invariant: a runner whose job is under way, or whose group is paused or dead,
is not stepped; a loop runs its jobs in the order they were posted.
"""

from __future__ import annotations

import abc
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from congress.interfaces.runtime import Stop, Timer
from congress.testing.fibre import Fibre, Killed

if TYPE_CHECKING:
    from congress.testing.runtime import SimThreads

T = TypeVar("T")


class Group:
    """What the runners of one simulated process share."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.paused = False
        self.dead = False
        #: Those that had jobs to run while the group was paused.
        self.parked: list[Runner] = []
        self._fibres: list[Fibre] = []

    def own(self, fibre: Fibre) -> None:
        """Let a fibre die with the group."""
        self._fibres.append(fibre)

    def kill(self) -> None:
        """Stop everything for good."""
        self.dead = True
        for fibre in self._fibres:
            fibre.kill()


class SimTimer:
    """An entry of the agenda."""

    def __init__(self, job: Callable[[], object], group: Group) -> None:
        self._job = job
        self._group = group
        self._cancelled = False

    def cancel(self) -> None:
        """Let it not fire."""
        self._cancelled = True

    def live(self) -> bool:
        """Whether firing it would do anything."""
        return not self._cancelled and not self._group.dead

    def fire(self) -> None:
        """Do what it is for."""
        if self.live():
            self._job()


class _LoopTimer:
    """A timer of a loop; cancelling works also while its job waits in the queue."""

    def __init__(self) -> None:
        self.cancelled = False
        self.entry: SimTimer | None = None

    def cancel(self) -> None:
        self.cancelled = True
        if self.entry:
            self.entry.cancel()


class Runner(abc.ABC):
    """Something with jobs that the scheduler steps."""

    def __init__(self, sim: SimThreads, name: str, group: Group) -> None:
        self.name = name
        self.group = group
        self._sim = sim
        self._busy = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.group.name}/{self.name}>"

    @abc.abstractmethod
    def waiting(self) -> bool:
        """Whether there is something to run, now or later."""

    def eligible(self) -> bool:
        """Whether ``run_next`` may be called now."""
        return not self._busy and not self.group.paused and not self.group.dead

    @abc.abstractmethod
    def run_next(self) -> None:
        """Run the next job."""

    def _run(self, job: Callable[[], T]) -> T:
        self._busy += 1
        self._sim.enter(self)
        try:
            return job()
        finally:
            self._sim.leave()
            self._busy -= 1

    def _run_guarded(self, job: Callable[[], object]) -> None:
        try:
            self._run(job)
        except (Exception, Killed) as error:  # the loop goes on, the test looks
            self._sim.failed(self.name, error)


class SimLoop(Runner):
    """A simulated ``Loop``."""

    def __init__(self, sim: SimThreads, name: str, group: Group) -> None:
        super().__init__(sim, name, group)
        self._queue: deque[Callable[[], object]] = deque()
        self._closed = False
        self._idle_since = sim.clock.monotonic()

    def post(self, job: Callable[[], object]) -> None:
        """Run a job soon."""
        if not self._closed and not self.group.dead:
            self._queue.append(job)
            self._sim.make_ready(self)

    def later(self, delay: float, job: Callable[[], object]) -> Timer:
        """Run a job after ``delay`` seconds."""
        timer = _LoopTimer()
        self._arm(timer, delay, job)
        return timer

    def every(self, interval: Callable[[], float] | float, job: Callable[[], object]) -> Timer:
        """Run a job again and again."""
        timer = _LoopTimer()

        def delay() -> float:
            return interval() if callable(interval) else interval

        def again() -> None:
            try:
                job()
            finally:
                self._arm(timer, delay(), again)

        self._arm(timer, delay(), again)
        return timer

    def call(self, job: Callable[[], T], timeout: float) -> T:
        """Run what was posted before, then the job, from where the caller stands."""
        if self._sim.current() is self:
            return job()
        if self._closed or self.group.dead or self.group.paused or self._busy:
            raise TimeoutError(f"loop {self.name} does not run jobs now")
        while self._queue:
            self.run_next()
            if self.group.dead:
                raise Killed
        return self._run(job)

    def idle_since(self) -> float | None:
        """Since when there is nothing to do."""
        return None if self._busy or self._queue else self._idle_since

    def close(self, timeout: float) -> bool:
        """Run what was posted, then nothing more."""
        self._closed = True
        while self._queue and self.eligible():
            self.run_next()
        return not self._queue and not self._busy

    def waiting(self) -> bool:
        """Whether a job is in the queue."""
        return bool(self._queue) and not self.group.dead

    def run_next(self) -> None:
        """Run the oldest job."""
        self._run_guarded(self._queue.popleft())
        self._idle_since = self._sim.clock.monotonic()

    def _arm(self, timer: _LoopTimer, delay: float, job: Callable[[], object]) -> None:
        def fire() -> None:
            self.post(lambda: None if timer.cancelled or self._closed else job())

        if not timer.cancelled and not self._closed:
            timer.entry = self._sim.schedule(delay, fire, self.group)


class SimPool(Runner):
    """A simulated ``Pool``: several jobs may be under way, each waiting for something."""

    def __init__(self, sim: SimThreads, name: str, group: Group, size: int, queue: int) -> None:
        super().__init__(sim, name, group)
        self._size = size
        self._room = queue
        self._queue: deque[Callable[[], object]] = deque()
        self._closed = False

    def submit(self, job: Callable[[], object]) -> bool:
        """Run a job soon, if there is room."""
        free = max(0, self._size - self._busy)
        if self._closed or self.group.dead or len(self._queue) >= self._room + free:
            return False
        self._queue.append(job)
        self._sim.make_ready(self)
        return True

    def close(self, timeout: float) -> bool:
        """Finish what was submitted."""
        self._closed = True
        deadline = self._sim.clock.monotonic() + timeout
        return self._sim.wait(lambda: not self._queue and not self._busy, deadline)

    def waiting(self) -> bool:
        """Whether a job is in the queue."""
        return bool(self._queue) and not self.group.dead

    def eligible(self) -> bool:
        """Whether a thread is free."""
        return self._busy < self._size and not self.group.paused

    def run_next(self) -> None:
        """Run the oldest job."""
        self._run_guarded(self._queue.popleft())


class _SimStop:
    """The stop token of a simulated task."""

    def __init__(self, task: SimTask) -> None:
        self._task = task
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float) -> bool:
        if not self._set:
            self._task.sleep(timeout, lambda: self._set)
        return self._set

    def set(self) -> None:
        self._set = True
        self._task.wake()


class SimTask(Runner):
    """A simulated ``Task``: a fibre that is resumed when what it waits for has come."""

    def __init__(
        self, sim: SimThreads, name: str, group: Group, target: Callable[[Stop], None]
    ) -> None:
        super().__init__(sim, name, group)
        self._stop = _SimStop(self)
        self._fibre = Fibre(name, lambda: target(self._stop))
        self._runnable = False
        group.own(self._fibre)
        self.wake()

    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._fibre.ended

    def stop(self, timeout: float) -> bool:
        """Set the stop token and wait."""
        self._stop.set()
        deadline = self._sim.clock.monotonic() + timeout
        return self._sim.wait(lambda: self._fibre.ended, deadline)

    def sleep(self, timeout: float, woken: Callable[[], bool]) -> None:
        """Give way for a while: the fibre parks; anybody else steps the others."""
        if self._sim.current() is not self:
            self._sim.wait(woken, self._sim.clock.monotonic() + timeout)
            return
        alarm = self._sim.schedule(timeout, self.wake, self.group)
        self._fibre.park()
        alarm.cancel()

    def wake(self) -> None:
        """Let it go on."""
        if not self._runnable and not self._fibre.ended:
            self._runnable = True
            self._sim.make_ready(self)

    def waiting(self) -> bool:
        """Whether it was woken."""
        return self._runnable and not self.group.dead

    def run_next(self) -> None:
        """Run it until it waits again."""
        self._runnable = False
        self._run(self._fibre.resume)
        if self._fibre.ended and self._fibre.error:
            self._sim.failed(self.name, self._fibre.error)
