"""The table ``_status:tables``: how far the tables that rules read can be relied on.

Imports the model. Each engine fills it from its own feed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.values import Row, row_order_key, row_to_plain

STATUS_SOURCE = "_status"
STATUS_TABLE = "tables"
STATUS_SCHEMA = Schema.of(
    [
        TableSchema(
            STATUS_TABLE,
            (
                Column("source", ColumnType.STRING, nullable=False),
                Column("table", ColumnType.STRING, nullable=False),
                Column("as_of", ColumnType.NUMBER, description="seconds since the epoch"),
                Column("complete", ColumnType.BOOLEAN, description="read in full in this epoch"),
                Column("stale", ColumnType.BOOLEAN, description="not read when it was due"),
                Column("epoch", ColumnType.INTEGER, description="the life of the source"),
            ),
            "How far the tables that rules read can be relied on.",
        )
    ],
    closed=True,
)


def status_report(rows: Iterable[Row], rejected: Mapping[str, int]) -> dict[str, Any]:
    """The same for people: source, table, what is known of it.

    :param rejected: how many rows of each ``source:table`` were left out so far.
    """
    names = STATUS_SCHEMA.tables[STATUS_TABLE].column_names[2:]
    found: dict[str, Any] = {}
    for row in sorted(rows, key=row_order_key):
        source, table, *rest = row_to_plain(row)
        state = dict(zip(names, rest, strict=True))
        state["rejected"] = rejected.get(f"{source}:{table}", 0)
        found.setdefault(str(source), {})[str(table)] = state
    return found
