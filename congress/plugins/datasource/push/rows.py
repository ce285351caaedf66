"""From a pushed list to rows of a table.

May import the model and its own folder.

Invariant: either every row fits the table, or the whole list is refused with
the first few rows that do not and the number of all of them.
"""

from collections.abc import Mapping, Sequence

from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.model.schema import Column, TableSchema
from congress.model.values import Row
from congress.plugins.datasource.flattening import flatten
from congress.plugins.datasource.naming import name_problem

_SHOWN = 10
_LONGEST_MESSAGE = 300


def check_list(rows: object, most: int) -> Sequence[object]:
    """The rows, if they are a list that is not too long.

    :raises Refused: ``invalid`` or ``too-large``.
    """
    if not isinstance(rows, list | tuple):
        raise refuse("invalid", "rows must be a list of lists or a list of objects", where="rows")
    if len(rows) > most:
        raise refuse(
            "too-large",
            f"{len(rows)} rows, over the limit of {most}",
            hint="raise max_rows of the datasource",
            where="rows",
        )
    return rows


def infer_table(name: str, rows: Sequence[object]) -> TableSchema:
    """The columns of a table that nobody declared: the keys of objects, or Col0, Col1 ...

    :raises Refused: if the names cannot be used, or there is no telling.
    """
    columns: Sequence[str] = ()
    if all(isinstance(row, Mapping) for row in rows):
        columns = list(
            dict.fromkeys(key for row in rows if isinstance(row, Mapping) for key in row)
        )
        for column in columns:
            problem = name_problem(column) if isinstance(column, str) else "a key is no string"
            if problem:
                raise refuse("invalid", f"column {problem}", hint="rename the key", where="rows")
    elif isinstance(rows[0], list | tuple):
        columns = [f"Col{index}" for index in range(len(rows[0]))]
    if not columns:
        raise refuse("invalid", "row 0: neither a list nor an object with keys", where="rows")
    return TableSchema(name, tuple(Column(column) for column in columns))


def convert_rows(rows: Sequence[object], table: TableSchema, longest: int) -> list[Row]:
    """The rows of a table, in the order given.

    :param longest: the longest text of one value, in characters.
    :raises Refused: ``invalid``, with a diagnostic for each of the first bad rows.
    """
    good: list[Row] = []
    bad: list[Diagnostic] = []
    count = 0
    for index, row in enumerate(rows):
        try:
            good.append(_row(row, table, longest))
        except ValueError as error:
            count += 1
            if len(bad) < _SHOWN:
                message = f"row {index}: {error}"[:_LONGEST_MESSAGE]
                bad.append(Diagnostic("invalid", message, where=f"rows[{index}]"))
    if count > len(bad):
        bad.append(Diagnostic("invalid", f"{count - len(bad)} more rows do not fit", where="rows"))
    if bad:
        raise Refused(*bad)
    return good


def _row(plain: object, table: TableSchema, longest: int) -> Row:
    """One row.

    :raises ValueError: saying why it does not fit.
    """
    if isinstance(plain, Mapping):
        plain = _in_order(plain, table)
    if not isinstance(plain, list | tuple):
        raise ValueError("neither a list nor an object")  # noqa: TRY004 - the caller's one signal
    row = tuple([flatten(cell, longest) for cell in plain])
    if problem := table.problem(row):
        raise ValueError(problem)
    return row


def _in_order(plain: Mapping[object, object], table: TableSchema) -> list[object]:
    """The values of an object in the order of the columns; what is left out is null."""
    unknown = [str(key) for key in plain if key not in table.column_names]
    if unknown:
        raise ValueError(f"table {table.name!r} has no column {unknown[0]!r}")
    return [plain.get(name) for name in table.column_names]
