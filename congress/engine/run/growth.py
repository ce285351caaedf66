"""Indexes that readers need, made while the table goes on.

May import ``congress.engine`` below it and ``congress.model`` only.

Invariant: an index becomes part of a table when it holds exactly the table's rows.
"""

from collections.abc import Iterable
from itertools import islice

from congress.engine.guard import Guard
from congress.engine.run.relation import Stored
from congress.engine.run.still import Still
from congress.engine.run.table import Columns, Index, Table
from congress.model.values import Row

_SAMPLE = 256


def grow(table: Stored, columns: Columns, guard: Guard) -> None:
    """See to it that rows with values in some columns are found by an index, if one helps."""
    if not isinstance(table, Table):
        return
    with guard:
        if table.usable(columns) is not None or not table.rows:
            return
        held = Still(table, guard)
    rows = held.copy().rows
    column = _telling(islice(rows, _SAMPLE), columns)
    index = Index((column,), rows.keys())
    with guard:
        held.settle(index)


def _telling(rows: Iterable[Row], columns: Columns) -> int:
    """The column that tells rows apart best."""
    sample = list(rows)
    return max(columns, key=lambda column: (len({row[column] for row in sample}), -column))
