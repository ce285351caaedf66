"""Changes of some rows of a table, told apart by its key.

May import the model only.

Invariant: applying the delta leaves at most one row for each key it put, the
last one of the list, and none for a key it only dropped.
"""

from collections.abc import Iterable
from dataclasses import replace

from congress.model.delta import Delta
from congress.model.schema import TableSchema
from congress.model.values import Row


def merge(
    present: frozenset[Row], table: TableSchema, *, put: Iterable[Row], drop: Iterable[Row]
) -> Delta:
    """The delta that drops some rows of a table and puts others.

    :param present: the table's contents.
    :param drop: rows of which only the columns of the key count.
    """
    added = {_key(table, row): row for row in put}
    gone = {_key(table, row) for row in drop} | added.keys()
    removed = frozenset(row for row in present if _key(table, row) in gone)
    new = frozenset(added.values())
    return Delta(table.name, new - removed, removed - new)


def lenient(table: TableSchema) -> TableSchema:
    """The table as rows to drop see it: what is not in the key may be left out."""
    columns = tuple(
        column if column.name in table.key else replace(column, nullable=True)
        for column in table.columns
    )
    return replace(table, columns=columns)


def _key(table: TableSchema, row: Row) -> Row:
    """What identifies a row: its key columns, or all columns without a key."""
    if not table.key:
        return row
    return tuple(row[table.column_names.index(name)] for name in table.key)
