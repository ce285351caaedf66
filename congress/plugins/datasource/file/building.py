"""From a sheet to a table: names, types, rows.

May import the model and its own folder.

Invariant: every row fits the schema that is built with it.
"""

from collections.abc import Mapping, Sequence

from congress.model.schema import Column, ColumnType, TableSchema
from congress.model.values import Row, Value
from congress.plugins.datasource.file.faults import BadFile
from congress.plugins.datasource.file.inference import infer_texts, infer_values, read_text
from congress.plugins.datasource.file.sheet import Sheet
from congress.plugins.datasource.flattening import flatten
from congress.plugins.datasource.naming import identifier


def build_table(
    name: str, sheet: Sheet, declared: TableSchema | None, *, longest: int
) -> tuple[TableSchema, frozenset[Row]]:
    """Turn a sheet into a table.

    :param declared: the schema the sheet must have; ``None`` to infer it.
    :param longest: the longest text allowed, in characters.
    :raises BadFile: naming the first cell that does not fit.
    """
    if declared is not None:
        return declared, _declared_rows(sheet, declared, longest)
    keys = sheet.columns or _positions(sheet)
    names = _names(keys) if sheet.columns else [f"Col{index}" for index in range(len(keys))]
    columns: list[Column] = []
    contents: list[list[Value]] = []
    for index, key in enumerate(keys):
        kind, values = _inferred(sheet, key, index, longest)
        columns.append(Column(names[index], kind))
        contents.append(values)
    return TableSchema(name, tuple(columns)), frozenset(zip(*contents, strict=True))


def _positions(sheet: Sheet) -> tuple[str, ...]:
    """Stand-ins for the names of columns that have none."""
    return tuple(map(str, range(len(sheet.records[0])))) if sheet.records else ()


def _names(keys: Sequence[str]) -> list[str]:
    """Names that a policy can use for the columns of a file."""
    names = [identifier(key) or f"Col{index}" for index, key in enumerate(keys)]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise BadFile(f"two columns are named {name!r}; declare the columns of this table")
    return names


def _cells(sheet: Sheet, key: str, index: int) -> list[object]:
    """One column; what a record lacks is null."""
    return [
        record.get(key) if isinstance(record, Mapping) else record[index]
        for record in sheet.records
    ]


def _flat(sheet: Sheet, cells: Sequence[object], name: str, longest: int) -> list[Value]:
    """Cells as values.

    :raises BadFile: for what a table cannot hold.
    """
    values: list[Value] = []
    for index, cell in enumerate(cells):
        try:
            values.append(flatten(cell, longest))
        except ValueError as error:
            raise BadFile(f"column {name!r}: {error}", **sheet.place(index)) from error
    return values


def _inferred(sheet: Sheet, key: str, index: int, longest: int) -> tuple[ColumnType, list[Value]]:
    """Type and values of a column that is not declared."""
    values = _flat(sheet, _cells(sheet, key, index), key, longest)
    if sheet.textual:
        return infer_texts([str(value) for value in values])
    return infer_values(values), values


def _declared_rows(sheet: Sheet, declared: TableSchema, longest: int) -> frozenset[Row]:
    """The rows of a declared table, with the declared columns in the declared order."""
    if not sheet.records:
        return frozenset()
    contents: list[list[Value]] = []
    for column, (key, index) in zip(declared.columns, _sources(sheet, declared), strict=True):
        values = _flat(sheet, _cells(sheet, key, index), column.name, longest)
        if sheet.textual:
            values = _texts(sheet, values, column)
        contents.append(values)
        _check(sheet, values, column)
    return frozenset(zip(*contents, strict=True))


def _sources(sheet: Sheet, declared: TableSchema) -> list[tuple[str, int]]:
    """Where each declared column stands in the sheet: its key and its position."""
    if sheet.columns is None:
        width = len(sheet.records[0])
        if width != declared.arity:
            raise BadFile(f"{width} columns, but {declared.arity} are declared")
        return [(name, index) for index, name in enumerate(declared.column_names)]
    found: dict[str, tuple[str, int]] = {}
    for index, key in enumerate(sheet.columns):
        for name in {key, identifier(key)}:
            found.setdefault(name, (key, index))
    optional = not sheet.textual and isinstance(sheet.records[0], Mapping)
    sources: list[tuple[str, int]] = []
    for name in declared.column_names:
        if name not in found and not optional:
            raise BadFile(f"no column {name!r}")
        sources.append(found.get(name, (name, 0)))
    return sources


def _texts(sheet: Sheet, values: Sequence[Value], column: Column) -> list[Value]:
    """Text cells as values of a declared column."""
    texts = [str(value) for value in values]
    if column.type is ColumnType.ANY:
        return infer_texts(texts)[1]
    if column.type is ColumnType.STRING and not column.nullable:
        return list(texts)
    read: list[Value] = []
    for index, text in enumerate(texts):
        try:
            read.append(read_text(text, column.type))
        except ValueError as error:
            problem = f"column {column.name!r} is of type {column.type}: {error}"
            raise BadFile(problem, **sheet.place(index)) from error
    return read


def _check(sheet: Sheet, values: Sequence[Value], column: Column) -> None:
    """Refuse values that a declared column cannot hold."""
    for index, value in enumerate(values):
        if value is None and not column.nullable:
            raise BadFile(f"column {column.name!r} must not be null", **sheet.place(index))
        if value is not None and not column.type.accepts(value):
            raise BadFile(f"column {column.name!r} is of type {column.type}", **sheet.place(index))
