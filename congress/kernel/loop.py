"""One thread that runs jobs in order, with timers.

May import the standard library only; its thread is made by ``kernel/threads.py``.

Invariant: jobs run one at a time, those posted first first; a timer's job joins
the end of the queue when it is due.
"""

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from congress.interfaces.runtime import Clock, Timer

T = TypeVar("T")
Job = Callable[[], object]
Failed = Callable[[str, BaseException], None]
StartThread = Callable[[str, Callable[[], None]], threading.Thread]

#: Seconds of one wait: a timer may be set further ahead than the system can wait.
LONGEST_WAIT = 3600.0


class _Timer:
    """A job that runs later, unless it is cancelled first."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._cancelled = False

    def cancel(self) -> None:
        """See ``Timer.cancel``."""
        self._cancelled = True

    def run(self) -> None:
        """Run the job."""
        if not self._cancelled:
            self._job()


class _Repetition(_Timer):
    """A job that runs again and again, its next turn a pause after its last ended."""

    def __init__(
        self, job: Job, interval: Callable[[], float], schedule: Callable[[float, _Timer], None]
    ) -> None:
        super().__init__(job)
        self._interval = interval
        self._schedule = schedule

    def run(self) -> None:
        """Run the job, and see to its next run even if it raises."""
        try:
            super().run()
        finally:
            if not self._cancelled:
                self._schedule(self._interval(), self)


class SystemLoop:
    """A loop with a thread of its own, as ``interfaces.runtime.Loop``."""

    def __init__(self, name: str, clock: Clock, failed: Failed, start: StartThread) -> None:
        self.name = name
        self._clock = clock
        self._failed = failed
        self._changed = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._timers: list[tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()
        self._closing = False
        self._idle_since: float | None = clock.monotonic()
        self._thread = start(name, self._run)

    def post(self, job: Job) -> None:
        """See ``Loop.post``."""
        with self._changed:
            if not self._closing:
                self._jobs.append(job)
                self._changed.notify()

    def later(self, delay: float, job: Job) -> Timer:
        """See ``Loop.later``."""
        timer = _Timer(job)
        self._schedule(delay, timer)
        return timer

    def every(self, interval: Callable[[], float] | float, job: Job) -> Timer:
        """See ``Loop.every``."""
        pause = interval if callable(interval) else _constant(interval)
        timer = _Repetition(job, pause, self._schedule)
        self._schedule(pause(), timer)
        return timer

    def call(self, job: Callable[[], T], timeout: float) -> T:
        """See ``Loop.call``."""
        if threading.current_thread() is self._thread:
            return job()
        answer: Future[T] = Future()
        with self._changed:
            if self._closing:
                raise TimeoutError(f"loop {self.name} is closed")
            self._jobs.append(lambda: _answer(answer, job))
            self._changed.notify()
        return answer.result(timeout)

    def idle_since(self) -> float | None:
        """See ``Loop.idle_since``."""
        return self._idle_since

    def close(self, timeout: float) -> bool:
        """See ``Loop.close``."""
        with self._changed:
            self._closing = True
            self._timers.clear()
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(max(0.0, timeout))
        return not self._thread.is_alive()

    def _schedule(self, delay: float, timer: _Timer) -> None:
        due = self._clock.monotonic() + max(0.0, delay)
        with self._changed:
            if not self._closing:
                heapq.heappush(self._timers, (due, next(self._numbers), timer))
                self._changed.notify()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._idle_since = None
            try:
                job()
            except BaseException as error:
                self._failed(self.name, error)

    def _next(self) -> Job | None:
        """The next job, waited for; nothing when the loop is closed and empty."""
        with self._changed:
            while True:
                now = self._clock.monotonic()
                while self._timers and self._timers[0][0] <= now:
                    self._jobs.append(heapq.heappop(self._timers)[2].run)
                if self._jobs:
                    return self._jobs.popleft()
                if self._closing:
                    return None
                if self._idle_since is None:
                    self._idle_since = now
                ahead = self._timers[0][0] - now if self._timers else LONGEST_WAIT
                self._changed.wait(min(ahead, LONGEST_WAIT))


def _constant(seconds: float) -> Callable[[], float]:
    return lambda: seconds


def _answer(answer: "Future[T]", job: Callable[[], T]) -> None:
    """Run a job for somebody who waits for its outcome."""
    try:
        answer.set_result(job())
    except BaseException as error:
        answer.set_exception(error)
