"""Those who follow tables: how many there are at a time, and when they have to go.

May import ``congress.model`` and ``congress.interfaces``.

Invariant: at most ``most`` watchers hold a thread; the server has that many threads
on top of those for other requests, so watchers take none from these. After ``close``
every watcher ends within a moment.
"""

import threading
from collections.abc import Callable

from congress.interfaces.runtime import Clock
from congress.model.diagnostic import refuse

#: Seconds between two signs of life on a stream that has nothing to tell.
KEEP_ALIVE = 10.0


class Watchers:
    """The watchers of this node.

    :param most: how many there may be.
    :param lifetime: seconds after which one has to come anew.
    """

    def __init__(
        self, clock: Clock, most: Callable[[], int], lifetime: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._most = most
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._count = 0
        self._closed = threading.Event()

    def enter(self) -> None:
        """Count one more.

        :raises Refused: ``unavailable`` if there are too many, or none are taken any more.
        """
        with self._lock:
            if self._closed.is_set() or self._count >= self._most():
                raise refuse(
                    "unavailable",
                    f"{self._count} streams are open, and no more are possible now",
                    hint="ask without Accept: text/event-stream, or raise [api] watchers",
                )
            self._count += 1

    def leave(self) -> None:
        """Count one less."""
        with self._lock:
            self._count -= 1

    def watch(self) -> "Watch":
        """The time that a stream has which begins now."""
        return Watch(self._clock, self._closed, self._clock.monotonic() + self._lifetime())

    def close(self) -> None:
        """Let all of them end, and take no more."""
        self._closed.set()


class Watch:
    """The time of one stream."""

    def __init__(self, clock: Clock, closed: threading.Event, end: float) -> None:
        self._clock = clock
        self._closed = closed
        self._end = end
        self._told = clock.monotonic() - KEEP_ALIVE

    def over(self) -> bool:
        """Whether the stream has to end."""
        return self._closed.is_set() or self._clock.monotonic() >= self._end

    def pause(self, seconds: float) -> None:
        """Wait, unless the stream has to end."""
        self._closed.wait(seconds)

    def tell(self) -> None:
        """Take note that something was sent."""
        self._told = self._clock.monotonic()

    def silent(self) -> bool:
        """Whether a sign of life is due."""
        return self._clock.monotonic() - self._told >= KEEP_ALIVE
