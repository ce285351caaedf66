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
        kinds = {*map(type, row)} if isinstance(row, tuple) else {tuple}
        if not kinds <= _PLAIN and (problem := _value_problem(row, kinds)):
            return problem
        policy, name = table
        schema = self._workspace.schemas.get(policy)
        if schema is not None:
            declared = schema.table(name)
            if declared is not None:
                return declared.problem(row)
            if schema.closed:
                return f"datasource {policy} has no table {name!r}"
        arity = self._workspace.fixed.get(table)
        if arity is not None and len(row) != arity:
            return f"table {name!r} has {arity} columns, the row has {len(row)}"
        return None

    def _add(self, table: TableId, rows: Iterable[Row]) -> None:
        """Add the rows that fit. The first of them fixes the columns, if nothing did before."""
        if isinstance(rows, list | tuple) and len(rows) == 1:
            fitting = [row for row in rows if self._fits(table, row)]
        else:
            rows = iter(rows)
            if self._workspace.arity(table) is None:
                for row in rows:
                    if self._fits(table, row):
                        self._workspace.add_row(table, row)
                        break
            fitting = self._fitting(table, rows)
        if fitting:
            self._workspace.add_rows(table, fitting)

    def _fits(self, table: TableId, row: Row) -> bool:
        """Whether a table can hold a row, which is rejected if not."""
        problem = self.problem(table, row)
        if problem:
            self._reject(table, row, problem)
        return not problem

    def _fitting(self, table: TableId, rows: Iterable[Row]) -> list[Row]:
        """The rows that a table can hold; others are rejected.

        Rows whose values have the types of one that fitted fit as well, as far as
        types decide that: not where there is a float or an extreme integer.
        """
        known: dict[tuple[type, ...], tuple[int, ...]] = {}
        fitting: list[Row] = []
        for row in rows:
            kinds = tuple(map(type, row)) if isinstance(row, tuple) else ()
            numbers = known.get(kinds)
            if numbers is not None and all(-_LARGE < row[n] < _LARGE for n in numbers):  # type: ignore[operator]
                fitting.append(row)
            elif self._fits(table, row):
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
    if float in kinds:
        for value in row:
            if isinstance(value, float) and not math.isfinite(value):
                return f"{value} is not a number a table can hold"
    for value in row:
        if type(value) is int and value.bit_length() > INTEGER_BITS:
            return f"integers end at {INTEGER_BITS} bits"
    return None
