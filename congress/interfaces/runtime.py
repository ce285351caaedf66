"""Time, threads and stopping, as the rest of the program sees them.

May import the standard library only. The kernel makes the real ones
(``kernel/clock.py``, ``kernel/threads.py``), ``congress.testing`` makes ones on
a manual clock that run deterministically in one thread.

Invariant: code outside ``kernel/threads.py`` never makes a thread, never sleeps
and never reads the system's clock; it asks one of these.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Two clocks: one for intervals, one for people."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary beginning."""

    def time(self) -> float:
        """Seconds since the epoch; may step."""


class Stop(Protocol):
    """A request to end, which may be waited for."""

    def is_set(self) -> bool:
        """Whether the request was made."""

    def wait(self, timeout: float) -> bool:
        """Wait until the request is made, ``timeout`` seconds at most; tell whether it was."""


class Timer(Protocol):
    """Something that will run later, or again and again."""

    def cancel(self) -> None:
        """Let it not run (any more). A run under way is not interrupted."""


class Loop(Protocol):
    """One thread that runs jobs one at a time, in the order they were posted.

    State that only jobs of one loop touch needs no lock. A job that raises is
    logged and counted; the loop goes on.
    """

    name: str

    def post(self, job: Callable[[], object]) -> None:
        """Run a job soon. May be called from any thread; never blocks.

        After ``close`` a job is dropped without a word.
        """

    def later(self, delay: float, job: Callable[[], object]) -> Timer:
        """Run a job after ``delay`` seconds."""

    def every(self, interval: Callable[[], float] | float, job: Callable[[], object]) -> Timer:
        """Run a job again and again: after ``interval`` seconds, and that long after each
        run ended.

        A callable interval is asked anew each time, so an option can change it.
        """

    def call(self, job: Callable[[], T], timeout: float) -> T:
        """Run a job and return its result or raise its exception.

        On the loop's own thread it runs at once.

        :raises TimeoutError: if it has not ended after ``timeout`` seconds (it
            still runs to its end), or the loop is closed.
        """

    def idle_since(self) -> float | None:
        """Since when (monotonic) the loop waits for work; ``None`` while a job runs."""

    def close(self, timeout: float) -> bool:
        """Run what was posted, cancel all timers, end the thread; tell whether it ended in time."""


class Pool(Protocol):
    """A bounded number of threads for jobs that do not depend on each other."""

    def submit(self, job: Callable[[], object]) -> bool:
        """Run a job soon; ``False``, without running it, if the queue is full or closed."""

    def close(self, timeout: float) -> bool:
        """Finish what was submitted; tell whether it ended in time."""


class Task(Protocol):
    """A thread of its own, for code that blocks (a stream, a server)."""

    def alive(self) -> bool:
        """Whether it still runs."""

    def stop(self, timeout: float) -> bool:
        """Set its stop token and wait for its end; tell whether it ended in time."""


class Threads(Protocol):
    """The only maker of threads."""

    def loop(self, name: str) -> Loop:
        """A new loop, running."""

    def pool(self, name: str, size: int, queue: int) -> Pool:
        """A new pool of ``size`` threads with room for ``queue`` waiting jobs."""

    def task(self, name: str, target: Callable[[Stop], None]) -> Task:
        """A new thread that runs ``target`` until it returns."""
