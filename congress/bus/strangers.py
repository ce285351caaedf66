"""Nodes whose messages are refused: who, why, and since when that was last so.

May import the standard library, this package and ``congress.interfaces``.

Invariants: every refused message is counted; the log tells of a node and a reason
once, and again only after ``QUIET`` without any; what is remembered is bounded, since
who is refused may have made its name up.
"""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass

from congress.bus.counters import Counters
from congress.interfaces.runtime import Clock

LOG = logging.getLogger(__name__)

#: So many pairs of node and reason are remembered.
REMEMBERED = 64
#: Seconds without a refused message after which the next one is news again.
QUIET = 600.0
#: A name that nobody vouches for is shown up to this length.
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why messages are refused, and what to do about it.

    ``reason`` is a word for counters, ``message`` begins after "node 'x'".
    """

    reason: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class _Stranger:
    grounds: Grounds
    heard_at: float
    count: int


class Strangers:
    """Any thread may note and ask."""

    def __init__(self, clock: Clock, counters: Counters) -> None:
        self._clock = clock
        self._counters = counters
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], _Stranger] = OrderedDict()

    def note(self, node: str, grounds: Grounds) -> None:
        """A message of a node was refused."""
        self._counters.count(f"refused.{grounds.reason}")
        now = self._clock.monotonic()
        with self._lock:
            key = (node[:SHOWN], grounds.reason)
            before = self._known.pop(key, None)
            fresh = before is None or now - before.heard_at > QUIET
            count = before.count + 1 if before else 1
            self._known[key] = _Stranger(grounds, now, count)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if fresh:
            LOG.warning(
                "messages of node %r are refused: it %s; %s",
                node[:SHOWN],
                grounds.message,
                grounds.hint,
            )

    def recent(self, seconds: float) -> list[dict[str, object]]:
        """Whose messages were refused lately; for people."""
        now = self._clock.monotonic()
        with self._lock:
            known = sorted(self._known.items())
        return [
            {
                "node": node,
                "reason": reason,
                "message": stranger.grounds.message,
                "hint": stranger.grounds.hint,
                "count": stranger.count,
            }
            for (node, reason), stranger in known
            if now - stranger.heard_at < seconds
        ]
