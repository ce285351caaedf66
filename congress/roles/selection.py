"""Part of the rows of a table: those that a filter takes, from a place on, up to a number.

May import ``congress.model`` and the listings of this package. No I/O.

Invariant: parts that are asked for one after another, each after the last row of the
one before, hold every row that was there all the time exactly once.
"""

import heapq
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from congress.model.diagnostic import refuse
from congress.model.values import (
    Row,
    Value,
    row_from_plain,
    row_order_key,
    row_to_plain,
    to_plain,
)
from congress.roles.listings import Listings


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted of a table; all of it, if nothing is said.

    :param where: the texts that a column may have, by its name; names that are no column
        mean nothing.
    :param after: the row that the last part ended with.
    :param limit: how many rows at most.
    """

    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    after: Row | None = None
    limit: int | None = None
    count_only: bool = False

    def of(
        self, rows: Collection[Row], columns: Sequence[str], listings: Listings
    ) -> dict[str, Any]:
        """The first ``rows`` in order, as JSON values, the name of their ``rest`` in the
        listings, and, if there are ``more`` than were wanted, the last of these.

        With ``count_only`` their ``count`` instead, whatever part of them is wanted.
        """
        taken = self._taken(rows, columns)
        if self.count_only:
            return {"count": sum(1 for _ in taken)}
        if self.after is not None:
            place = row_order_key(self.after)
            taken = (row for row in taken if row_order_key(row) > place)
        if self.limit is None:
            ordered = _ordered(taken)
        else:
            ordered = heapq.nsmallest(self.limit + 1, taken, key=row_order_key)
        kept = ordered[: self.limit]
        more = row_to_plain(kept[-1]) if kept and len(kept) < len(ordered) else None
        return {**listings.begin_rows(kept), "more": more}

    def _taken(self, rows: Collection[Row], columns: Sequence[str]) -> Iterable[Row]:
        tests = [(i, self.where[name]) for i, name in enumerate(columns) if name in self.where]
        if not tests:
            return rows
        return (row for row in rows if all(text_of(row[i]) in texts for i, texts in tests))


def _ordered(rows: Iterable[Row]) -> list[Row]:
    """Rows in their order. Python's own is the same where it can compare them, and takes
    no memory for keys, of which a million are hundreds of megabytes."""
    found = list(rows)
    try:
        found.sort()
    except TypeError:
        found.sort(key=row_order_key)
    return found


def text_of(value: Value) -> str:
    """What stands for a value in a query: a string itself, other values in JSON."""
    return value if isinstance(value, str) else json.dumps(to_plain(value))


def read_selection(
    where: object = None, after: object = None, limit: object = None, count_only: object = False
) -> Selection:
    """A selection from the arguments of a call; null counts as not given.

    :raises Refused: ``invalid``.
    """
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise refuse("invalid", "limit must be a number of rows", where="limit")
    if where is not None and not isinstance(where, dict):
        raise refuse("invalid", "where must be an object", where="where")
    try:
        row = row_from_plain(after) if isinstance(after, list) else None
    except ValueError as error:
        raise refuse("invalid", f"after is no row: {error}", where="after") from error
    texts = {str(name): frozenset(map(str, wanted)) for name, wanted in (where or {}).items()}
    return Selection(texts, row, limit, bool(count_only))
