"""Messages put together from their pieces, each message once.

May import this transport's wire and ``congress.interfaces``.

Invariants: incomplete messages take at most ``ROOM`` bytes and none is kept longer
than ``PATIENCE`` seconds after its last piece; a message whose pieces come twice is
given out once.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from congress.interfaces.runtime import Clock
from congress.plugins.bus.oslo.frame import MAX_MESSAGE, PIECE, Piece, unpack

#: Bytes of incomplete messages; the oldest ones go when there are more.
ROOM = 2 * MAX_MESSAGE
#: Seconds after the last piece until an incomplete message is given up.
PATIENCE = 30.0
#: How many messages are remembered, to know repetitions.
MEMORY = 20_000
_MOST_PIECES = MAX_MESSAGE // PIECE + 1

_Key = tuple[str, int]


@dataclass(slots=True)
class _Partial:
    touched: float
    parts: dict[int, bytes] = field(default_factory=dict)
    size: int = 0


class Assembly:
    """May be used from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._partials: OrderedDict[_Key, _Partial] = OrderedDict()
        self._done: OrderedDict[_Key, None] = OrderedDict()
        self._size = 0
        #: Incomplete messages that were given up.
        self.given_up = 0

    def add(self, instance: str, piece: Piece) -> bytes | None:
        """The message a piece completes; nothing if it lacks others, or was there before.

        :raises ValueError: the message cannot be read.
        """
        if not 0 <= piece.index < piece.count <= _MOST_PIECES:
            raise ValueError("a piece that cannot be")
        key = (instance, piece.number)
        with self._lock:
            if key in self._done:
                return None
            body = piece.body if piece.count == 1 else self._join(key, piece)
            if body is None:
                return None
            self._done[key] = None
            if len(self._done) > MEMORY:
                self._done.popitem(last=False)
        return unpack(body, piece.packed)

    @property
    def size(self) -> int:
        """Bytes of incomplete messages."""
        return self._size

    def _join(self, key: _Key, piece: Piece) -> bytes | None:
        now = self._clock.monotonic()
        partial = self._partials.setdefault(key, _Partial(now))
        partial.touched = now
        self._partials.move_to_end(key)
        if piece.index not in partial.parts:
            partial.parts[piece.index] = piece.body
            partial.size += len(piece.body)
            self._size += len(piece.body)
        if len(partial.parts) == piece.count:
            self._forget(key)
            if max(partial.parts) >= piece.count:
                raise ValueError("pieces that do not belong together")
            return b"".join(partial.parts[index] for index in range(piece.count))
        self._give_up(now - PATIENCE)
        return None

    def _give_up(self, before: float) -> None:
        """Forget what was not continued since some time, and the oldest if there is no room."""
        while self._partials:
            oldest, partial = next(iter(self._partials.items()))
            if partial.touched >= before and self._size <= ROOM:
                break
            self._forget(oldest)
            self.given_up += 1

    def _forget(self, key: _Key) -> None:
        self._size -= self._partials.pop(key).size
