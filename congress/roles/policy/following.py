"""What followers of a table are told: its changes after a mark, or all of its rows anew.

Imports the engine and the model. Any thread; no I/O.

Invariant: whoever applies what is told, in its order, has the rows of the table as
they were at the mark that comes with it. What cannot be continued begins anew and
says so.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from congress.engine import Engine
from congress.model.delta import Delta
from congress.model.mark import Mark, read_mark
from congress.model.values import Row, row_to_plain
from congress.roles.listings import PIECE_ROWS, Listings
from congress.roles.policy.history import History, Place, Told
from congress.roles.policy.reader import Reader, Shape
from congress.roles.policy.runtime import EngineRuntime
from congress.roles.policy.source import Extent
from congress.roles.policy.standing import STATUS_SOURCE

#: Why all rows are told anew.
START, EXPIRED, OTHER_ENGINE = "start", "expired", "other-engine"

#: Seconds that a call may wait for a change.
LONGEST_WAIT = 5.0


class Following:
    """Tells followers.

    :param node: the name of this node.
    """

    def __init__(
        self,
        node: str,
        runtime: EngineRuntime,
        reader: Reader,
        history: History,
        listings: Listings,
    ) -> None:
        self._node = node
        self._runtime = runtime
        self._reader = reader
        self._history = history
        self._listings = listings

    def tell(self, policy: str, table: str, since: str | None, wait: float) -> dict[str, Any]:
        """The changes of a table after a mark.

        :param policy: the name of a policy that has the table.
        :param since: a mark; without one, all rows are told.
        :param wait: seconds to wait if there are none yet.
        :raises Refused: ``not-found``.
        """
        if since is None:
            return self._tell_all(policy, table, START)
        mark = read_mark(since)
        if mark is None or not self._is_ours(mark):
            return self._tell_all(policy, table, OTHER_ENGINE)
        place = _place(policy, table)
        if wait > 0:
            self._history.wait(place, mark.transaction, min(wait, LONGEST_WAIT))
        told = self._history.since(place, mark.transaction)
        if told is None:
            return self._tell_all(policy, table, EXPIRED)
        shape = self._runtime.read(lambda engine: self._reader.shape(engine, policy, table))
        return self._answer(None, shape, told, _pieces(told.changes))

    def _is_ours(self, mark: Mark) -> bool:
        here = (self._node, self._history.engine)
        return (mark.node, mark.engine) == here and mark.transaction <= self._runtime.transactions

    def _tell_all(self, policy: str, table: str, reason: str) -> dict[str, Any]:
        """All rows, as if they were added by the newest transaction."""

        def read(engine: Engine) -> tuple[int, Shape, Collection[Row]]:
            shape = self._reader.shape(engine, policy, table)
            return self._runtime.transactions, shape, engine.rows(policy, table)

        extents = self._history.extents
        number, shape, rows = self._runtime.read(read)
        everything = Told([(number, Delta(table, frozenset(rows)))], number, extents)
        return self._answer(reason, shape, everything, _pieces(everything.changes))

    def _answer(
        self, reset: str | None, shape: Shape, told: Told, pieces: Iterator[list[dict[str, Any]]]
    ) -> dict[str, Any]:
        first, rest = self._listings.begin(pieces)
        return {
            "mark": str(Mark(self._node, self._history.engine, told.latest)),
            "transaction": told.latest,
            "reset": reset,
            "columns": list(shape.columns),
            "coverage": coverage(shape.sources, told.extents),
            "changes": first,
            "rest": rest,
        }


def _place(policy: str, table: str) -> Place:
    """The table that a name means in a policy."""
    other, colon, name = table.partition(":")
    return (other, name) if colon else (policy, table)


def _pieces(changes: Iterable[tuple[int, Delta]]) -> Iterator[list[dict[str, Any]]]:
    """Changes as JSON objects, in pieces of so many rows; at least one piece."""
    piece: list[dict[str, Any]] = []
    room = PIECE_ROWS
    for number, delta in changes:
        removed, added = iter(delta.removed), iter(delta.added)
        while True:
            gone = [row_to_plain(row) for row in islice(removed, room)]
            come = [row_to_plain(row) for row in islice(added, room - len(gone))]
            if not gone and not come:
                break
            piece.append({"transaction": number, "removed": gone, "added": come})
            room -= len(gone) + len(come)
            if not room:
                yield piece
                piece, room = [], PIECE_ROWS
    yield piece


def coverage(
    sources: Iterable[Place], extents: Mapping[Place, Extent]
) -> Sequence[Mapping[str, Any]]:
    """How far source tables had come, as JSON objects; nulls for those never heard of."""
    found = []
    for source, table in sorted(sources):
        if source == STATUS_SOURCE:
            continue
        extent = extents.get((source, table))
        position = extent.position if extent else None
        found.append(
            {
                "source": source,
                "table": table,
                "epoch": position.epoch.number if position else None,
                "instance": position.epoch.instance if position else None,
                "sequence": position.seq if position else None,
                "as_of": extent.as_of if extent else None,
                "complete": extent.complete if extent else False,
            }
        )
    return found
