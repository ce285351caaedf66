"""Answers too large for one message: handed out piece by piece.

May import ``congress.interfaces`` and ``congress.model``. Any thread.

Invariant: an answer goes on as it began, whatever changes meanwhile; one that nobody
goes on with, and all beyond a number, are given up and never told in part as if whole.
"""

import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from congress.interfaces.runtime import Clock
from congress.model.diagnostic import refuse
from congress.model.values import Plain, Row, row_to_plain

#: Rows that one piece holds at most: some hundred kilobytes.
PIECE_ROWS = 1000

#: Answers that may be under way at a time.
MOST = 64

#: Seconds after which one that nobody goes on with is given up.
PATIENCE = 60.0


@dataclass(slots=True)
class _Listing:
    pieces: Iterator[Any]
    ahead: Any
    touched: float


class Listings:
    """The answers under way.

    :param node: the name of this node; what ``begin`` names is to be had here only, and
        says so: the node stands before the last slash.
    """

    def __init__(self, node: str, clock: Clock) -> None:
        self._node = node
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, _Listing] = {}

    def begin(self, pieces: Iterator[Any]) -> tuple[Any, str | None]:
        """The first piece, and the name under which the rest is to be had, if there is more.

        :param pieces: at least one; made one by one when they are asked for.
        :raises Refused: ``unavailable`` if too many are under way.
        """
        first, *ahead = islice(pieces, 2)
        if not ahead:
            return first, None
        with self._lock:
            now = self._clock.monotonic()
            self._give_up(now)
            if len(self._open) >= MOST:
                raise refuse(
                    "unavailable",
                    f"{MOST} large answers are under way already",
                    hint="repeat the request a little later, or ask for less with limit",
                )
            name = f"{self._node}/{uuid.uuid4().hex}"
            self._open[name] = _Listing(pieces, ahead[0], now)
        return first, name

    def begin_rows(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The first ``rows`` as JSON values, and the name of the ``rest``, or null.

        :raises Refused: as ``begin``.
        """
        first, rest = self.begin(_row_pieces(rows))
        return {"rows": first, "rest": rest}

    def more(self, listing: object) -> dict[str, Any]:
        """The next ``piece``, and ``rest``: the name again, or null after the last.

        :raises Refused: ``not-found`` if it was given up, or has come to its end.
        """
        with self._lock:
            found = self._open.get(str(listing))
            if found is None:
                raise refuse(
                    "not-found", "the rest of this answer was given up", hint="repeat the request"
                )
            piece, found.ahead = found.ahead, next(found.pieces, None)
            found.touched = self._clock.monotonic()
            if found.ahead is None:
                del self._open[str(listing)]
            return {"piece": piece, "rest": None if found.ahead is None else listing}

    def _give_up(self, now: float) -> None:
        for name, listing in list(self._open.items()):
            if now - listing.touched > PATIENCE:
                del self._open[name]


def _row_pieces(rows: Sequence[Row]) -> Iterator[list[list[Plain]]]:
    for start in range(0, max(1, len(rows)), PIECE_ROWS):
        yield [row_to_plain(row) for row in rows[start : start + PIECE_ROWS]]
