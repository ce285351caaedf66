"""The rows of one table that a transaction puts in and takes out, before it does so.

May import ``congress.engine`` below it and ``congress.model`` only.

Invariant: until the change is applied, tables hold what they held before the
transaction; a row that is taken out and put back is no change.
"""

from collections.abc import Mapping

from congress.engine.run.propagate import Staged
from congress.engine.run.table import Table
from congress.model.values import Row


class Stage:
    """A table's given rows as they are and as they are to be.

    ``_changes`` holds the rows that differ: True for those that come.

    :param size: how many rows there are to be.
    """

    __slots__ = ("_changes", "_replaced", "_table", "size")

    def __init__(self, table: Table) -> None:
        self._table = table
        self._changes: dict[Row, bool] = {}
        self._replaced: dict[Row, None] | None = None
        self.size = len(table)

    def __contains__(self, row: Row) -> bool:
        if self._replaced is not None:
            return row in self._replaced
        present = self._changes.get(row)
        return row in self._table.rows if present is None else present

    def add(self, rows: Mapping[Row, None]) -> None:
        """Put rows in."""
        if self._replaced is not None:
            self._replaced.update(rows)
            self.size = len(self._replaced)
            return
        changes, present = self._changes, self._table.rows
        for row in rows:
            put = changes.get(row)
            if put is None and row not in present:
                changes[row] = True
                self.size += 1
            elif put is False:
                del changes[row]
                self.size += 1

    def discard(self, row: Row) -> bool:
        """Take a row out; tell whether it was there."""
        if self._replaced is not None:
            if row not in self._replaced:
                return False
            del self._replaced[row]
        else:
            put = self._changes.get(row)
            if put is None:
                if row not in self._table.rows:
                    return False
                self._changes[row] = False
            elif put:
                del self._changes[row]
            else:
                return False
        self.size -= 1
        return True

    def clear(self) -> None:
        """Take every row out."""
        self._changes = {}
        self._replaced = {}
        self.size = 0

    def rows(self) -> list[Row]:
        """The rows that there are to be."""
        if self._replaced is not None:
            return list(self._replaced)
        kept = [row for row in self._table if row not in self._changes]
        return kept + [row for row, put in self._changes.items() if put]

    def net(self) -> Staged:
        """What differs from the rows as they are."""
        present = self._table.rows
        if self._replaced is not None:
            if not present:
                return Staged(self._replaced, ())
            new = self._replaced.keys()
            return Staged(new - present.keys(), present.keys() - new)
        added: list[Row] = []
        removed: list[Row] = []
        for row, put in self._changes.items():
            (added if put else removed).append(row)
        return Staged(added, self._table.spelled(removed))
