"""Requests whose answers are waited for.

May import ``congress.interfaces``.

Invariant: nobody waits past their deadline, and an answer that nobody waits for (any
more) does no harm.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from congress.interfaces.bus import TimedOut
from congress.interfaces.runtime import Clock

#: Seconds between two looks whether there is hope for an answer.
LOOK_UP = 0.5


class Questions:
    """Futures by the number of the request. May be used from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[int, Future[bytes]] = {}

    def begin(self, number: int) -> "Future[bytes]":
        """Wait for the answer to a request from now on."""
        answer: Future[bytes] = Future()
        with self._lock:
            self._open[number] = answer
        return answer

    def wait(
        self, number: int, answer: "Future[bytes]", deadline: float, hopeless: Callable[[], bool]
    ) -> bytes:
        """The answer.

        :param hopeless: asked now and then whether waiting on makes no sense.
        :raises TimedOut: there was none. :raises Unreachable: it was refused.
        """
        try:
            while True:
                left = deadline - self._clock.monotonic()
                try:
                    return answer.result(min(max(0.0, left), LOOK_UP))
                except TimeoutError:
                    if left <= LOOK_UP or hopeless():
                        raise TimedOut("no answer came in time") from None
        finally:
            self.end(number)

    def end(self, number: int) -> None:
        """Wait no longer."""
        with self._lock:
            self._open.pop(number, None)

    def answer(self, number: int, payload: bytes) -> None:
        """An answer came."""
        if (waiting := self._take(number)) is not None:
            waiting.set_result(payload)

    def fail(self, number: int, error: Exception) -> None:
        """No answer will come."""
        if (waiting := self._take(number)) is not None:
            waiting.set_exception(error)

    def fail_all(self, error: Exception) -> None:
        """No answers will come."""
        for number in list(self._open):
            self.fail(number, error)

    def _take(self, number: int) -> "Future[bytes] | None":
        with self._lock:
            return self._open.pop(number, None)
