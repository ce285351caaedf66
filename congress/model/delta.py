"""Changes of tables: snapshots, deltas, batches, and their algebra.

May import the standard library and ``congress.model`` only.

Invariant: within one delta no row is both added and removed once it has been
``consolidated``; applying a delta and then its inverse restores the table.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from congress.model.values import Row, canonical

_DIGEST_BITS = 64
_DIGEST_MASK = (1 << _DIGEST_BITS) - 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The full contents of one table."""

    table: str
    rows: frozenset[Row]


@dataclass(frozen=True, slots=True)
class Delta:
    """Rows that one table gained and lost.

    A row in both is removed and then added, so it is present afterwards.
    """

    table: str
    added: frozenset[Row] = frozenset()
    removed: frozenset[Row] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)

    @property
    def consolidated(self) -> "Delta":
        """The same change without rows that are both removed and added."""
        return Delta(self.table, self.added, self.removed - self.added)

    @property
    def inverse(self) -> "Delta":
        """The delta that undoes this one, where all of it took effect."""
        return Delta(self.table, self.removed - self.added, self.added - self.removed)


Change: TypeAlias = Snapshot | Delta


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes of several tables that belong to one moment and apply as one.

    ``as_of`` is the wall-clock time, in seconds since the epoch, at which the
    source was in this state.
    """

    changes: tuple[Change, ...]
    as_of: float

    @property
    def tables(self) -> frozenset[str]:
        """The names of the tables this batch speaks of."""
        return frozenset(change.table for change in self.changes)


def difference(table: str, old: Iterable[Row], new: Iterable[Row]) -> Delta:
    """The delta that leads from the old contents to the new."""
    before, after = frozenset(old), frozenset(new)
    return Delta(table, after - before, before - after)


def applied(rows: frozenset[Row], change: Change) -> frozenset[Row]:
    """The contents of a table after a change."""
    if isinstance(change, Snapshot):
        return change.rows
    return (rows - change.removed) | change.added


def composed(first: Change, second: Change) -> Change:
    """One change of a table that does what two do in a row, all of which takes effect."""
    if isinstance(second, Snapshot):
        return second
    if isinstance(first, Snapshot):
        return Snapshot(first.table, applied(first.rows, second))
    before = first.removed | (second.removed - first.added)
    after = (first.added - second.removed) | second.added
    return Delta(first.table, after - before, before - after)


def row_digest(row: Row) -> int:
    """A 64-bit number that depends on nothing but the row's values."""
    text = canonical(row).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=_DIGEST_BITS // 8).digest())


def digest(rows: Iterable[Row]) -> int:
    """An order-independent digest of a set of rows."""
    total = 0
    for row in rows:
        total += row_digest(row)
    return total & _DIGEST_MASK


def digest_after(before: int, delta: Delta) -> int:
    """The digest of a table after a delta, all of which takes effect."""
    gained = sum(row_digest(row) for row in delta.added - delta.removed)
    lost = sum(row_digest(row) for row in delta.removed - delta.added)
    return (before + gained - lost) & _DIGEST_MASK
