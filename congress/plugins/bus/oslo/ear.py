"""An ear: one channel listened to, for as long as the node is there.

May import this transport's parts and ``congress.interfaces``.

The messaging library reconnects by itself, but it can get stuck: a broker that was
killed and comes back may leave it without the answer it waits for, for half a minute
and without an error. So an ear talks to itself. If what it sends does not come back
although it was sent, it listens anew, by another connection, and lets go of the old one.

Invariants: at most one way of listening is the current one; those that were let go are
closed as soon as they can be.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from congress.interfaces.bus import Channel
from congress.interfaces.runtime import Clock, Stop, Task, Threads
from congress.plugins.bus.oslo.lane import Outgoing
from congress.plugins.bus.oslo.link import Link, Silence

LOG = logging.getLogger(__name__)

#: Seconds between two attempts to listen, if one failed.
PAUSE = 2.0
#: Seconds after which an attempt that has not ended is let go.
ATTEMPT_PATIENCE = 15.0
#: Seconds after it left in which a sign must have come back; doubled with every
#: time it did not, up to the second number.
ECHO_PATIENCE = 5.0
LONGEST_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an ear is given. ``take`` gets what arrives, ``began`` is told that the
    broker delivers, ``signs`` makes signs for this node, by every way there is, ``put``
    sends one, and ``away`` tells whether the broker is away, when none can be expected."""

    link: Link
    threads: Threads
    clock: Clock
    take: Callable[[Channel, object], None]
    began: Callable[[Channel], None]
    signs: Callable[[Channel], Sequence[Outgoing]]
    put: Callable[[Outgoing], None]
    away: Callable[[], bool]


class Ear:
    """``look`` is called about once a second, on one thread."""

    def __init__(self, channel: Channel, given: Surroundings) -> None:
        self.channel = channel
        self._given = given
        self._lock = threading.Lock()
        self._generation = 0
        self._silence: Silence | None = None
        self._since = 0.0
        self._patience = ECHO_PATIENCE
        self._expected: dict[int, Outgoing] = {}
        self._tasks: list[Task] = []

    def listen(self) -> None:
        """Begin to listen, or begin anew."""
        with self._lock:
            self._generation += 1
            generation = self._generation
            old, self._silence = self._silence, None
            self._expected = {}
            self._since = self._given.clock.monotonic()
        threads = self._given.threads
        if old is not None:
            threads.task(f"oslo-silence-{self.channel}", lambda stop: old())
        self._tasks = [task for task in self._tasks if task.alive()]
        self._tasks.append(
            threads.task(f"oslo-listen-{self.channel}", lambda stop: self._listen(generation, stop))
        )

    def heard(self, number: int) -> None:
        """A sign came back. Any thread."""
        if self._expected.pop(number, None) is not None and not self._expected:
            self._patience = ECHO_PATIENCE

    def is_listening(self) -> bool:
        """Whether the broker delivers, or did the last time."""
        return self._silence is not None

    def is_deaf(self) -> bool:
        """Whether a sign has been missing for too long."""
        now = self._given.clock.monotonic()
        return any(
            item.left is not None and now - item.left > ECHO_PATIENCE
            for item in list(self._expected.values())
        )

    def look(self) -> None:
        """See whether all is well, and do something if not."""
        now = self._given.clock.monotonic()
        if self._given.away():
            self._expected = {}
            self._since = now
        elif not self.is_listening():
            if now - self._since > ATTEMPT_PATIENCE:
                self._again("the attempt to listen does not end")
        elif not self._expected:
            self._talk()
        elif any(
            item.left is not None and now - item.left > self._patience
            for item in list(self._expected.values())
        ):
            self._patience = min(LONGEST_PATIENCE, self._patience * 2)
            self._again("nothing comes back")

    def close(self) -> list[Task]:
        """Listen no more; what is under way to that end."""
        with self._lock:
            self._generation += 1
            silence, self._silence = self._silence, None
        for task in self._tasks:
            task.stop(0.0)
        if silence is None:
            return []
        return [self._given.threads.task(f"oslo-silence-{self.channel}", lambda stop: silence())]

    def _talk(self) -> None:
        signs = self._given.signs(self.channel)
        self._expected = {item.number: item for item in signs}
        for item in signs:
            self._given.put(item)

    def _again(self, reason: str) -> None:
        LOG.warning("listening anew on %s: %s", self.channel, reason)
        self.listen()

    def _listen(self, generation: int, stop: Stop) -> None:
        given = self._given
        while not stop.is_set() and generation == self._generation:
            try:
                silence = given.link.listen(
                    self.channel, lambda text: given.take(self.channel, text)
                )
            except Exception as error:
                LOG.warning("cannot listen on %s: %s", self.channel, type(error).__name__)
                LOG.debug("the reason", exc_info=True)
                stop.wait(PAUSE)
                continue
            with self._lock:
                current = generation == self._generation
                if current:
                    self._silence = silence
            if current:
                given.began(self.channel)
                self._talk()
            else:
                silence()
            return
