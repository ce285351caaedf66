"""Edits of stored rows: replacing, updating, and fitting them to a new schema.

May import this package and ``congress.model`` only.

Invariant: a row that enters a table has the table's number of columns and fits
their declared types; one that does not is left out and reported, the rest stands.
"""

import math
from collections.abc import Iterable

from congress.engine.lang.resolved import TableId
from congress.engine.lang.tokens import INTEGER_BITS
from congress.engine.outcome import Outcome
from congress.engine.results import RejectedRow
from congress.engine.workspace import Workspace
from congress.model.values import Boolean, Row

#: An integer below this is surely small enough.
_LARGE = 1 << 62
_PLAIN = frozenset({str, Boolean, type(None)})
_SCALARS = _PLAIN | {int, float}


class TableEditor:
    """Changes the rows of one workspace."""

    def __init__(self, workspace: Workspace, outcome: Outcome) -> None:
        self._workspace = workspace
        self._outcome = outcome

    def replace(self, table: TableId, rows: Iterable[Row]) -> None:
        """Give a table new contents."""
        self._workspace.clear(table)
        self._outcome.touched.add(table)
        self._add(table, rows)

    def update(self, table: TableId, add: Iterable[Row], remove: Iterable[Row]) -> None:
        """Remove rows, then add rows; removing one that is not there does nothing."""
        self._outcome.touched.add(table)
        self._workspace.drop_rows(table, remove)
        self._add(table, add)

    def refit(self, policy: str) -> None:
        """Reject the stored rows that the policy's new schema does not allow."""
        for table in [table for table in self._workspace.base if table[0] == policy]:
            for row in list(self._workspace.stored(table)):
                if problem := self.problem(table, row):
                    self._workspace.drop_row(table, row)
                    self._outcome.touched.add(table)
                    self._reject(table, row, problem)

    def add_fact(self, table: TableId, row: Row) -> bool:
        """Add a row that a statement states; tell whether it was new."""
        if problem := self.problem(table, row):
            self._reject(table, row, problem)
            return False
        if not self._workspace.add_row(table, row):
            return False
        self._outcome.touched.add(table)
        return True

    def problem(self, table: TableId, row: Row) -> str | None:
        """Why a table cannot hold a row, or nothing."""
        kinds = set(map(type, row)) if isinstance(row, tuple) else {tuple}
        if not kinds <= _PLAIN and (problem := _value_problem(row, kinds)):
            return problem
        schema = self._workspace.declared(table)
        if schema is not None:
            return schema.problem(row)
        if self._workspace.closed(table[0]):
            return f"datasource {table[0]} has no table {table[1]!r}"
        arity = self._workspace.arity(table)
        if arity is not None and len(row) != arity:
            return f"table {table[1]!r} has {arity} columns, the row has {len(row)}"
        return None

    def _add(self, table: TableId, rows: Iterable[Row]) -> None:
        """Add the rows that fit. The first of them fixes the columns, if nothing did before."""
        if self._workspace.arity(table) is None:
            rows = iter(rows)
            for row in rows:
                if problem := self.problem(table, row):
                    self._reject(table, row, problem)
                else:
                    self._workspace.add_row(table, row)
                    break
        fitting = self._fitting(table, rows)
        if fitting:
            self._workspace.add_rows(table, fitting)

    def _fitting(self, table: TableId, rows: Iterable[Row]) -> list[Row]:
        """The rows that a table can hold; others are rejected.

        Rows whose values have the types of one that fitted fit as well, as far as
        types decide that: not where there is a float or an extreme integer.
        """
        if isinstance(rows, list | tuple) and len(rows) == 1:
            (row,) = rows
            problem = self.problem(table, row)
            if problem is None:
                return [row]
            self._reject(table, row, problem)
            return []
        known: dict[tuple[type, ...], tuple[int, ...]] = {}
        fitting: list[Row] = []
        for row in rows:
            kinds = tuple(map(type, row)) if isinstance(row, tuple) else ()
            numbers = known.get(kinds)
            if numbers is not None and all(-_LARGE < row[n] < _LARGE for n in numbers):  # type: ignore[operator]
                fitting.append(row)
                continue
            if problem := self.problem(table, row):
                self._reject(table, row, problem)
                continue
            fitting.append(row)
            if float not in kinds:
                known[kinds] = tuple(n for n, kind in enumerate(kinds) if kind is int)
        return fitting

    def _reject(self, table: TableId, row: Row, problem: str) -> None:
        self._outcome.rejected.append(RejectedRow(*table, row, problem))


def _value_problem(row: Row, kinds: set[type]) -> str | None:
    """What is wrong with the values of a row whose types are these, if anything is."""
    if not kinds <= _SCALARS:
        return "a row is a tuple of strings, numbers, booleans and nulls"
    for value in row:
        if isinstance(value, float) and not math.isfinite(value):
            return f"{value} is not a number a table can hold"
        if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
            return f"integers end at {INTEGER_BITS} bits"
    return None
