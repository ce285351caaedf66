"""A simulated thread for code that blocks: it runs only while the scheduler waits for it.

May import the standard library only. Used by ``congress.testing.runtime``.

Invariant: of the scheduler and all its fibres exactly one runs at any moment, so
code in fibres is as deterministic as code in the scheduler itself.
"""

import threading
from collections.abc import Callable


class Killed(BaseException):
    """Ends a simulated job whose node was killed. Not an ``Exception``: nobody may
    take it for an error of his own."""


class Fibre:
    """One blocking function on a thread of its own, stepped from outside."""

    def __init__(self, name: str, target: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._end = threading.Event()
        self.parked = True
        self._killed = False
        self._target = target
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        # A daemon, because a test that forgets to stop a task must not hang the run.
        self._thread = threading.Thread(target=self._main, name=f"sim-{name}", daemon=True)
        self._started = False

    @property
    def ended(self) -> bool:
        """Whether it will not run any more."""
        return self._end.is_set()

    def resume(self) -> None:
        """Let it run until it parks or ends."""
        if self._end.is_set():
            return
        if not self._started:
            self._started = True
            self._thread.start()
        self.parked = False
        self._go.release()
        self._back.acquire()
        if self._end.is_set():
            self._thread.join()

    def park(self) -> None:
        """Called on the fibre: give way until resumed.

        :raises Killed: the fibre is to unwind.
        """
        self.parked = True
        self._back.release()
        self._go.acquire()
        if self._killed:
            raise Killed

    def kill(self) -> None:
        """Unwind it if it is parked; if it never ran, it never will.

        One that is stepping others at the moment unwinds when that ends.
        """
        if self.ended or not self.parked:
            return
        self._killed = True
        if self._started:
            self.resume()
        self._end.set()

    def _main(self) -> None:
        self._go.acquire()
        try:
            if not self._killed:
                self._target()
        except BaseException as error:
            self.error = error
        finally:
            self._end.set()
            self._back.release()
