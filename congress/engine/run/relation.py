"""A set of rows with hash indexes made when first asked for.

May import ``congress.model`` only.

Invariant: every index holds exactly the rows of the relation. A relation that
is part of a committed state is not changed any more; it only gains indexes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Protocol, TypeAlias

from congress.model.values import Row, Value

Key: TypeAlias = Value | Row
Columns: TypeAlias = tuple[int, ...]


class Relation:
    """The rows of one table. Of equal rows the first one's spelling stays."""

    __slots__ = ("_indexes", "rows")

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: set[Row] = set(rows)
        self._indexes: dict[Columns, dict[Key, list[Row]]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __contains__(self, row: object) -> bool:
        return row in self.rows

    def index(self, columns: Columns) -> Mapping[Key, Sequence[Row]]:
        """The rows by their values in some columns: one value, or a tuple of several."""
        index = self._indexes.get(columns)
        if index is None:
            key = itemgetter(*columns)
            index = {}
            for row in self.rows:
                index.setdefault(key(row), []).append(row)
            self._indexes[columns] = index
        return index

    def find(self, columns: Columns, key: Key) -> Collection[Row]:
        """The rows with some values in some columns."""
        index = self._indexes.get(columns)
        if index is not None:
            return index.get(key, ())
        pick = itemgetter(*columns)
        return [row for row in self.rows if pick(row) == key]

    def add(self, row: Row) -> bool:
        """Put a row in; tell whether it was new."""
        if row in self.rows:
            return False
        self.rows.add(row)
        for columns, index in self._indexes.items():
            index.setdefault(itemgetter(*columns)(row), []).append(row)
        return True

    def discard(self, row: Row) -> bool:
        """Take a row out; tell whether it was there."""
        if row not in self.rows:
            return False
        self.rows.discard(row)
        self._indexes.clear()
        return True


EMPTY = Relation()


class Found(Protocol):
    """What an index gives."""

    def get(self, key: Key, default: Collection[Row], /) -> Collection[Row]:
        """The rows of a key."""


class Stored(Protocol):
    """Rows to be read: of a relation, of a table as it lives on, or as it was."""

    @property
    def rows(self) -> Collection[Row]:
        """The rows, which tell quickly whether a row is among them."""

    def index(self, columns: Columns) -> Found:
        """The rows by their values in some columns: one value, or a tuple of several."""

    def find(self, columns: Columns, key: Key) -> Collection[Row]:
        """The rows with some values; no index is made for it."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Row]: ...

    def __contains__(self, row: object, /) -> bool: ...
