"""A table as it was at one moment, while the table itself goes on.

May import ``congress.engine`` below it and ``congress.model`` only. Nothing is taken
until somebody reads, and then in pieces, so that a change never waits long, and no more
than is read. Rows that come or go meanwhile are noted.

Invariant: what is read are the rows of the moment at which it was made. Until all are
taken, ``_pieces`` holds those of the first ``_place`` rows of ``_source`` that were there
at that moment, ``_passed`` the others of these, and ``_missed`` those that went before
they could be taken.
"""

import weakref
from collections.abc import Collection, Iterator
from itertools import chain, islice
from operator import itemgetter

from congress.engine.guard import Guard
from congress.engine.run.relation import Relation, Stored
from congress.engine.run.table import Columns, Index, Key, Table, key_of, values_of
from congress.model.values import Row

#: So many rows are copied in about half a millisecond.
_PIECE = 1_000
#: An index is asked so often, at most, before a copy with an index of its own pays.
_MOST_LOOKUPS = 20_000
#: With more rows gone than this, a copy is better than looking through them.
_MOST_GONE = 500


class Still:
    """What a table held when this was made; the guard must have been entered for that."""

    __slots__ = (
        "__weakref__",
        "_came",
        "_copy",
        "_gone",
        "_guard",
        "_iterator",
        "_missed",
        "_passed",
        "_pieces",
        "_place",
        "_size",
        "_source",
        "_table",
        "_whole",
    )

    def __init__(self, table: Table, guard: Guard) -> None:
        self._table = table
        self._guard = guard
        self._source = table.rows
        self._size = len(table.rows)
        self._came: set[Row] = set()
        self._gone: dict[Row, int] = {}
        self._pieces: list[dict[Row, int]] = []
        self._whole = False
        self._missed: list[Row] = []
        self._passed: set[Row] = set()
        self._place = 0
        self._iterator: Iterator[Row] | None = None
        self._copy: Table | None = None
        table.watchers.append(weakref.ref(self))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Row]:
        if self._copy is not None:
            return iter(self._copy.rows)
        return chain.from_iterable(self._portions())

    def __contains__(self, row: object) -> bool:
        if self._copy is None:
            with self._guard:
                return row in self._gone or (row in self._source and row not in self._came)
        return row in self._copy.rows

    @property
    def rows(self) -> dict[Row, int]:
        """The rows."""
        return self.copy().rows

    def index(self, columns: Columns) -> "Index | StillIndex":
        """The rows by their values in some columns."""
        return self._live(columns) or self.copy().need(columns)

    def find(self, columns: Columns, key: Key) -> Collection[Row]:
        """The rows with some values; no index is made for it."""
        index = self._live(columns)
        if index is not None:
            return index.get(key)
        if self._copy is not None:
            return self._copy.find(columns, key)
        return Found(self, columns, key)

    def _live(self, columns: Columns) -> "StillIndex | None":
        """The index of the table that serves, as it was, if there is one."""
        with self._guard:
            if self._copy is not None or not self._attached():
                return None
            index = self._table.usable(columns)
            return None if index is None else StillIndex(self, index, columns)

    # -- following the table ------------------------------------------------------------

    def follow(self, added: Collection[Row], removed: Collection[Row]) -> None:
        """The table has let rows go, then taken others in."""
        if not self._attached():
            return
        self._iterator = None
        for row in removed:
            if row in self._passed:
                self._passed.discard(row)
                self._came.discard(row)
                self._place -= 1
            elif row in self._came:
                self._came.discard(row)
            else:
                self._gone[row] = 1
                if self._whole:
                    continue
                if any(row in piece for piece in self._pieces):
                    self._place -= 1
                else:
                    self._missed.append(row)
        self._came.update(added)

    def _attached(self) -> bool:
        """Whether the table has not got other rows altogether."""
        return self._table.rows is self._source

    # -- reading -----------------------------------------------------------------------

    def copy(self) -> Table:
        """The rows as a table of their own that nobody changes."""
        if self._copy is None:
            copy = Table()
            for portion in self._portions():
                copy.rows.update(portion)
            with self._guard:
                copy.floats = self._table.floats
                if self._attached() and not self._came and not self._gone:
                    self._table.twin = copy
                self._copy = copy
        return self._copy

    def _portions(self) -> Iterator[dict[Row, int]]:
        """All rows, a few at a time; taken when they are asked for."""
        number = 0
        while True:
            with self._guard:
                if number == len(self._pieces):
                    if self._whole:
                        break
                    self._take()
            yield self._pieces[number]
            number += 1
        yield dict.fromkeys(self._missed, 1)

    def matching(self, index: Index, columns: Columns, key: Key) -> Collection[Row] | None:
        """The rows with some values, by an index of the table; None if a copy is better."""
        with self._guard:
            known = self._table.indexes.get(index.columns) is index
            usable = known and self._copy is None and self._attached()
            if not usable or len(self._gone) > _MOST_GONE:
                return None
            wanted = dict(zip(columns, values_of(key, columns), strict=True))
            found = index.get(key_of([wanted[column] for column in index.columns]))
            rows = [row for row in found if row not in self._came] if self._came else list(found)
            # Whatever goes after this is in ``rows`` already.
            gone = list(self._gone)
        rest = [column for column in columns if column not in index.columns]
        if rest:
            rows = [row for row in rows if all(row[c] == wanted[c] for c in rest)]
        if gone:
            pick = itemgetter(*columns)
            rows += [row for row in gone if pick(row) == key]
        return rows

    def settle(self, index: Index) -> None:
        """Give the table an index that was made of the copy, brought up to date."""
        if self._attached() and index.columns not in self._table.indexes:
            index.discard(self._gone)
            index.extend(self._came)
            self._table.indexes[index.columns] = index

    def _take(self) -> None:
        """Take some more rows."""
        if self._iterator is None:
            self._iterator = islice(self._source, self._place, None)
        rows = list(islice(self._iterator, _PIECE))
        self._place += len(rows)
        if self._came:
            self._passed.update(row for row in rows if row in self._came)
            rows = [row for row in rows if row not in self._came]
        self._pieces.append(dict.fromkeys(rows, 1))
        self._whole = self._place >= len(self._source)
        if self._whole:
            self._passed.clear()


class Found(Collection[Row]):
    """The rows of a still with some values, looked for whenever they are gone through."""

    __slots__ = ("_columns", "_key", "_still")

    def __init__(self, still: Still, columns: Columns, key: Key) -> None:
        self._still = still
        self._columns = columns
        self._key = key

    def __iter__(self) -> Iterator[Row]:
        pick, key = itemgetter(*self._columns), self._key
        return (row for row in self._still if pick(row) == key)

    def __contains__(self, row: object) -> bool:
        return row in self._still and any(row == each for each in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class StillIndex:
    """An index of a table, as it was when a still was made."""

    __slots__ = ("_columns", "_index", "_left", "_still")

    def __init__(self, still: Still, index: Index, columns: Columns) -> None:
        self._still = still
        self._index = index
        self._columns = columns
        self._left = min(_MOST_LOOKUPS, len(still) // 4 + 16)

    def get(self, key: Key, default: Collection[Row] = ()) -> Collection[Row]:
        """The rows of a key."""
        self._left -= 1
        if self._left > 0:
            found = self._still.matching(self._index, self._columns, key)
            if found is not None:
                return found or default
        return self._still.copy().need(self._columns).get(key, default)


def still(table: Stored, guard: Guard) -> Stored:
    """A table that stays as it is; the guard must have been entered."""
    if not isinstance(table, Table):
        return table
    if not table.rows:
        return Relation()
    return Still(table, guard) if table.twin is None else table.twin
