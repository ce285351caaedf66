"""Rows with their derivation counts, and hash indexes over them.

May import ``congress.model`` only. A bucket of an index is the row itself if
there is one, a list of a few, or a dictionary of many: most keys have one row,
and a removal must not walk through thousands.

Invariant: every index holds exactly the rows of its table. Tables and indexes
keep their identity for good, so that compiled rules may hold on to them; what is
exchanged is the dictionary inside.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Protocol, TypeAlias, cast

from congress.model.values import Row, Value

Key: TypeAlias = Value | Row
Columns: TypeAlias = tuple[int, ...]
Bucket: TypeAlias = Row | list[Row] | dict[Row, None]

_SHORT = 64
#: Above this part of a table, indexes are made anew instead of being kept up.
_REBUILD = 2
#: So many rules may go through all rows before an index is made for them.
_WISHES = 2
#: An index serves more columns than its own if fewer rows than this share its values.
_SHARED = 64


def key_of(values: Sequence[Value]) -> Key:
    """What an index finds rows with these values in its columns by."""
    return values[0] if len(values) == 1 else tuple(values)


def values_of(key: Key, columns: Columns) -> Sequence[Value]:
    """The values in an index's columns that a key stands for."""
    return key if len(columns) > 1 and isinstance(key, tuple) else (cast(Value, key),)


class Index:
    """The rows of a table by their values in some columns."""

    __slots__ = ("columns", "key", "map")

    def __init__(self, columns: Columns, rows: Collection[Row]) -> None:
        self.columns = columns
        self.key = itemgetter(*columns)
        self.map: dict[Key, Bucket] = {}
        self.fill(rows)

    def fill(self, rows: Collection[Row]) -> None:
        """Hold these rows and no others."""
        self.map = {}
        if self.columns == (0,):
            unique: dict[Key, Bucket] = {row[0]: row for row in rows}
            if len(unique) == len(rows):
                self.map = unique
                return
        buckets: defaultdict[Key, list[Row]] = defaultdict(list)
        for value, row in zip(map(self.key, rows), rows, strict=True):
            buckets[value].append(row)
        self.map = {
            value: bucket[0]
            if len(bucket) == 1
            else bucket
            if len(bucket) <= _SHORT
            else dict.fromkeys(bucket)
            for value, bucket in buckets.items()
        }

    def extend(self, rows: Iterable[Row]) -> None:
        """Take rows in."""
        key, found = self.key, self.map
        get = found.get
        for row in rows:
            value = key(row)
            bucket = get(value)
            if bucket is None:
                found[value] = row
            elif isinstance(bucket, list):
                if len(bucket) < _SHORT:
                    bucket.append(row)
                else:
                    found[value] = {**dict.fromkeys(bucket), row: None}
            elif isinstance(bucket, tuple):
                found[value] = [bucket, row]
            else:
                bucket[row] = None

    def discard(self, rows: Iterable[Row]) -> None:
        """Let rows go that are there."""
        key, found = self.key, self.map
        for row in rows:
            value = key(row)
            bucket = found[value]
            if isinstance(bucket, tuple):
                del found[value]
            elif isinstance(bucket, list):
                bucket.remove(row)
                if len(bucket) == 1:
                    found[value] = bucket[0]
            else:
                del bucket[row]
                if len(bucket) <= _SHORT // 2:
                    found[value] = list(bucket)

    def swap(self, old: Row, new: Row) -> None:
        """Let one row go that is there, and take another in."""
        value = self.key(old)
        bucket = self.map[value]
        if value != self.key(new):
            self.discard((old,))
            self.extend((new,))
        elif isinstance(bucket, tuple):
            self.map[value] = new
        elif isinstance(bucket, list):
            bucket[bucket.index(old)] = new
        else:
            del bucket[old]
            bucket[new] = None

    def get(self, key: Key, default: Collection[Row] = ()) -> Collection[Row]:
        """The rows of a key as a collection."""
        bucket = self.map.get(key)
        if bucket is None:
            return default
        return (bucket,) if isinstance(bucket, tuple) else bucket


class Watcher(Protocol):
    """Somebody who must know what happens to a table."""

    def follow(self, added: Collection[Row], removed: Collection[Row]) -> None:
        """The table has let rows go, then taken others in."""


class Table:
    """The rows of one table. ``rows`` maps each to how often it is derived.

    :param floats: whether a value may be a float that equals an integer.
    :param twin: a copy that is still right, if somebody made one.
    :param watchers: those who must know what comes and goes.
    """

    __slots__ = ("_wishes", "floats", "indexes", "rows", "twin", "watchers")

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: dict[Row, int] = dict.fromkeys(rows, 1)
        self.indexes: dict[Columns, Index] = {}
        self.floats = False
        self._wishes: dict[Columns, int] = {}
        self.twin: Table | None = None
        self.watchers: list[Callable[[], Watcher | None]] = []

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __contains__(self, row: object) -> bool:
        return row in self.rows

    def usable(self, columns: Columns) -> Index | None:
        """The index there is by which to find rows with values in some columns, if any.

        It may be over a part of the columns that few rows share.
        """
        best = self.indexes.get(columns)
        if best is None:
            for each, index in self.indexes.items():
                if set(each) <= set(columns) and len(index.map) * _SHARED > len(self.rows):
                    best = index
        return best

    def need(self, columns: Columns) -> Index:
        """The index over some columns, made if there is none."""
        index = self.indexes.get(columns)
        if index is None:
            index = Index(columns, self.rows.keys())
            self.indexes[columns] = index
        return index

    def wanted(self, columns: Columns) -> bool:
        """Whether an index that would save going through all rows is worth making by now."""
        self._wishes[columns] = self._wishes.get(columns, 0) + 1
        return self._wishes[columns] > _WISHES

    def index(self, columns: Columns) -> Index:
        """The index over some columns, whose ``get`` gives collections of rows."""
        return self.need(columns)

    def find(self, columns: Columns, key: Key) -> Collection[Row]:
        """The rows with some values in some columns, by an index if there is one."""
        index = self.usable(columns)
        if index is None:
            rows: Iterable[Row] = self.rows
        elif index.columns == columns:
            return index.get(key)
        else:
            wanted = dict(zip(columns, values_of(key, columns), strict=True))
            rows = index.get(key_of([wanted[column] for column in index.columns]))
        pick = itemgetter(*columns)
        return [row for row in rows if pick(row) == key]

    def spelled(self, rows: list[Row]) -> list[Row]:
        """Rows of the table as it holds them, where 1 and 1.0 are one value."""
        if not self.floats:
            for row in rows:
                if float in map(type, row):
                    break
            else:
                return rows
        if not rows or not rows[0]:
            return rows
        index = self.need((0,))
        return [next(own for own in index.get(row[0]) if own == row) for row in rows]

    def apply(self, added: Collection[Row], removed: Collection[Row]) -> None:
        """Take in rows that are new, each derived once, and let others go."""
        rows = self.rows
        for row in removed:
            del rows[row]
        if added:
            rows.update(dict.fromkeys(added, 1))
        self._turned(added, removed)

    def _turned(self, added: Collection[Row], removed: Collection[Row]) -> None:
        """Tell all whom it concerns that rows came and went."""
        self.twin = None
        if self.indexes:
            self.reindex(added, removed)
        if self.watchers:
            self.watchers = [watcher for watcher in self.watchers if watcher() is not None]
            for each in self.watchers:
                if (watcher := each()) is not None:
                    watcher.follow(added, removed)

    def reindex(self, added: Collection[Row], removed: Collection[Row]) -> None:
        """Bring the indexes up to date after rows came and went."""
        if len(added) == len(removed) == 1:
            (new,), (old,) = added, removed
            for index in self.indexes.values():
                index.swap(old, new)
            return
        much = (len(added) + len(removed)) * _REBUILD > len(self.rows) + 64
        for index in self.indexes.values():
            if much:
                index.fill(self.rows.keys())
                continue
            if removed:
                index.discard(removed)
            if added:
                index.extend(added)

    def count(self, counts: Mapping[Row, int], sign: int = 1) -> tuple[list[Row], list[Row]]:
        """Add to the derivations of rows.

        :returns: the rows that came, and those that went.
        """
        added: list[Row] = []
        removed: list[Row] = []
        rows = self.rows
        get = rows.get
        for row, number in counts.items():
            before = get(row, 0)
            after = before + number * sign
            if not after:
                if before:
                    del rows[row]
                    removed.append(row)
            else:
                rows[row] = after
                if not before:
                    added.append(row)
        if added or removed:
            self._turned(added, removed)
        return added, removed

    def exchange(self, rows: dict[Row, int]) -> None:
        """Hold other rows altogether."""
        self.rows = rows
        self.twin = None
        for index in self.indexes.values():
            index.fill(rows.keys())


class Former:
    """A table as it was before a change that has been applied to it.

    Compiled rules use it like a table: by way of indexes, or row by row.
    """

    __slots__ = ("_added", "_removed", "_table")

    def __init__(self, table: Table, added: Collection[Row], removed: Collection[Row]) -> None:
        self._table = table
        self._added = set(added)
        self._removed = set(removed)

    @property
    def rows(self) -> "Former":
        """Stands in for the dictionary of a table."""
        return self

    def __contains__(self, row: Row) -> bool:
        if row in self._removed:
            return True
        return row in self._table.rows and row not in self._added

    def __iter__(self) -> Iterator[Row]:
        for row in self._table.rows:
            if row not in self._added:
                yield row
        yield from self._removed

    def __len__(self) -> int:
        return len(self._table) + len(self._removed)

    def need(self, columns: Columns) -> "FormerIndex":
        """The index over some columns."""
        return FormerIndex(self._table.need(columns), self._added, self._removed)

    index = need

    def find(self, columns: Columns, key: Key) -> Collection[Row]:
        """The rows with some values; no index is made for it."""
        pick = itemgetter(*columns)
        found = [row for row in self._table.find(columns, key) if row not in self._added]
        found.extend(row for row in self._removed if pick(row) == key)
        return found


class FormerIndex:
    """An index of a table as it was."""

    __slots__ = ("_added", "_live", "_removed")

    def __init__(self, live: Index, added: set[Row], removed: Iterable[Row]) -> None:
        self._live = live
        self._added = added
        self._removed = Index(live.columns, list(removed))

    @property
    def map(self) -> "FormerIndex":
        """Stands in for the dictionary of an index."""
        return self

    def get(self, key: Key, default: Collection[Row] | None = None) -> Collection[Row] | None:
        """The rows of a key; ``default`` if there are none."""
        found = [row for row in self._live.get(key) if row not in self._added]
        found.extend(self._removed.get(key))
        return found or default
