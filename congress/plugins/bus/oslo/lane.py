"""A lane: messages that wait to be sent, and the one thread that sends them.

May import this transport's wire and ``congress.interfaces``.

The messaging library blocks while the broker is away. Only a lane's own loop ever
calls it; whoever hands over a message does not wait.

Invariants: messages leave in the order they came; what waits is bounded in number
and bytes, and leaves the queue when its time is over; while the broker is away, or not
known to be there, no message is begun, only empty envelopes are sent to this node. So
a message that was not begun was surely not sent.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from congress.interfaces.runtime import Clock, Loop
from congress.plugins.bus.oslo.frame import Address, Piece, cut

LOG = logging.getLogger(__name__)

#: How many small messages travel together, and the size that counts as small.
TOGETHER = 64
SMALL = 4096
#: Seconds between two looks for a broker that is away: the first, and the longest.
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


@dataclass(eq=False, slots=True)
class Outgoing:
    """A message to be sent: ``piece`` holds it whole; or an envelope's text as it is.

    ``expires`` is the monotonic time from which it is no longer worth sending, ``left``
    the time at which all of it had been sent.
    """

    address: Address
    expires: float
    piece: Piece | None = None
    to: str = ""
    text: str = ""
    begun: bool = field(default=False, init=False)
    left: float | None = field(default=None, init=False)

    @property
    def number(self) -> int:
        """The message's number."""
        return self.piece.number if self.piece is not None else 0

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.text) + (len(self.piece.body) if self.piece is not None else 0)

    def joins(self, other: "Outgoing") -> bool:
        """Whether both may be in one envelope."""
        return (
            self.piece is not None
            and other.piece is not None
            and max(self.size, other.size) <= SMALL
            and (self.address, self.to) == (other.address, other.to)
        )


@dataclass(frozen=True, slots=True)
class Means:
    """What a lane sends with. ``cast`` raises anything if it did not work; ``seal``
    puts pieces for an instance into an envelope; ``probe`` is the address of this
    node itself; ``changed`` is told that the broker went away or came back, ``lost``
    that so many messages were dropped for a reason."""

    cast: Callable[[Address, str], None]
    seal: Callable[[str, Sequence[Piece]], str]
    probe: Address
    changed: Callable[[], None]
    lost: Callable[[str, int], None]


class Lane:
    """``put`` and ``withdraw`` may be called from any thread and never block."""

    def __init__(self, loop: Loop, means: Means, clock: Clock, most: int, most_bytes: int) -> None:
        self._loop = loop
        self._means = means
        self._clock = clock
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._waiting: deque[Outgoing] = deque()
        self._bytes = 0
        self._held: list[Outgoing] = []
        self._awake = False
        self._closed = False
        self._pause = FIRST_PAUSE
        self._sure = False
        self._since: float | None = None
        self._trying_since: float | None = None

    def put(self, item: Outgoing) -> bool:
        """Queue a message; ``False`` if there is no room, or the lane is closed."""
        with self._lock:
            full = len(self._waiting) >= self._most or (
                bool(self._waiting) and self._bytes + item.size > self._most_bytes
            )
            if full or self._closed:
                return False
            self._waiting.append(item)
            self._bytes += item.size
            wake, self._awake = not self._awake, True
        if wake:
            self._loop.post(self._run)
        return True

    def withdraw(self, item: Outgoing) -> bool:
        """Take a message out again; ``False`` if it may have been sent."""
        with self._lock:
            if item.begun:
                return False
            if item in self._waiting:
                self._waiting.remove(item)
                self._bytes -= item.size
            return True

    def away_for(self) -> float:
        """Seconds for which the broker has been away, or did not answer."""
        since = self._since if self._since is not None else self._trying_since
        return 0.0 if since is None else max(0.0, self._clock.monotonic() - since)

    def doubt(self) -> None:
        """Another lane found the broker away: look before the next message is begun."""
        self._sure = False

    def is_away(self) -> bool:
        """Whether the last thing that was tried did not work."""
        return self._since is not None

    def close(self, drain: float) -> None:
        """Send what waits, for so many seconds at most, and end."""
        self._loop.close(drain)
        with self._lock:
            self._closed = True
            self._waiting.clear()

    def _run(self) -> None:
        """Send until nothing waits; if the broker is away come back later."""
        while True:
            if not self._sure and not self._try(self._means.probe, [self._empty()]):
                self._come_back()
                return
            self._held = self._still_wanted(self._held) or self._take()
            if not self._held:
                if self._sleep():
                    return
                continue
            if not self._try(self._held[0].address, self._texts(self._held)):
                self._come_back()
                return
            now = self._clock.monotonic()
            for item in self._held:
                item.left = now
            self._held = []

    def _come_back(self) -> None:
        pause, self._pause = self._pause, min(LONGEST_PAUSE, self._pause * 2)
        self._loop.later(pause, self._run)

    def _sleep(self) -> bool:
        """Whether there is nothing to do until ``put`` wakes the loop."""
        with self._lock:
            if self._waiting and not self._closed:
                return False
            self._awake = False
            return True

    def _take(self) -> list[Outgoing]:
        """The next message, and those after it that may go with it."""
        now = self._clock.monotonic()
        taken: list[Outgoing] = []
        expired = 0
        with self._lock:
            while self._waiting and not self._closed:
                item = self._waiting[0]
                fits = not taken or (item.joins(taken[0]) and len(taken) < TOGETHER)
                if item.expires > now and not fits:
                    break
                self._waiting.popleft()
                self._bytes -= item.size
                if item.expires > now:
                    item.begun = True
                    taken.append(item)
                else:
                    expired += 1
        if expired:
            self._means.lost("expired", expired)
        return taken

    def _still_wanted(self, held: list[Outgoing]) -> list[Outgoing]:
        now = self._clock.monotonic()
        wanted = [item for item in held if item.expires > now]
        if len(wanted) < len(held):
            self._means.lost("expired", len(held) - len(wanted))
        return wanted

    def _try(self, address: Address, texts: Iterator[str] | list[str]) -> bool:
        """Send envelopes; whether all of them left."""
        begun = self._clock.monotonic()
        try:
            for text in texts:
                self._trying_since = begun = self._clock.monotonic()
                self._means.cast(address, text)
        except Exception as error:
            self._note_away(begun, error)
            return False
        finally:
            self._trying_since = None
        self._sure = True
        if self._since is not None:
            self._since = None
            self._pause = FIRST_PAUSE
            LOG.info("the message broker can be reached again")
            self._means.changed()
        return True

    def _note_away(self, since: float, error: Exception) -> None:
        self._sure = False
        if self._since is None:
            LOG.warning("the message broker cannot be reached: %s", type(error).__name__)
            self._since = since
            self._means.changed()

    def _texts(self, items: list[Outgoing]) -> Iterator[str]:
        first = items[0]
        if first.piece is None:
            yield first.text
        elif len(items) > 1:
            pieces = [
                piece for item in items if item.piece is not None for piece in cut(item.piece)
            ]
            yield self._means.seal(first.to, pieces)
        else:
            for piece in cut(first.piece):
                yield self._means.seal(first.to, [piece])

    def _empty(self) -> str:
        return self._means.seal("", [])
