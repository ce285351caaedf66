"""What tables look like: columns, their types, and the check of a row.

May import the standard library and ``congress.model`` only.

Invariant: a row that ``TableSchema.problem`` accepts has the table's number of
columns and fits each column's declared type and nullability.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from congress.model.values import Boolean, Row, Value


class ColumnType(enum.StrEnum):
    """The declared type of a column. ``ANY`` declares nothing."""

    ANY = "any"
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"

    def accepts(self, value: Value) -> bool:
        """Tell whether a value that is not null has this type."""
        if self is ColumnType.ANY:
            return True
        if self is ColumnType.STRING:
            return isinstance(value, str)
        if self is ColumnType.BOOLEAN:
            return isinstance(value, Boolean)
        if self is ColumnType.NUMBER:
            return isinstance(value, int | float)
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: ColumnType = ColumnType.ANY
    nullable: bool = True
    description: str = ""

    def problem(self, value: Value) -> str | None:
        """Say what is wrong with a value for this column, or nothing."""
        if value is None:
            return None if self.nullable else f"column {self.name!r} must not be null"
        if self.type.accepts(value):
            return None
        article = "an" if self.type is ColumnType.INTEGER else "a"
        return f"column {self.name!r} takes {article} {self.type}, not {value!r}"


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of one table, in positional order.

    ``key`` names the columns that identify a row, where there are such.
    """

    name: str
    columns: tuple[Column, ...]
    description: str = ""
    key: tuple[str, ...] = ()

    @property
    def arity(self) -> int:
        """Number of columns."""
        return len(self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def problem(self, row: Row) -> str | None:
        """Say why a row does not fit this table, or nothing."""
        if len(row) != len(self.columns):
            return f"table {self.name!r} has {len(self.columns)} columns, the row has {len(row)}"
        for column, value in zip(self.columns, row, strict=True):
            if problem := column.problem(value):
                return f"table {self.name!r}: {problem}"
        return None


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one datasource.

    A ``closed`` schema has no other tables: naming one is an error. An open one
    may grow, and a reference to a table it does not list is merely empty.
    """

    tables: Mapping[str, TableSchema] = field(default_factory=dict)
    closed: bool = False

    @classmethod
    def of(cls, tables: Iterable[TableSchema], *, closed: bool = False) -> "Schema":
        """Collect tables into a schema.

        :raises ValueError: if two tables bear one name.
        """
        collected: dict[str, TableSchema] = {}
        for table in tables:
            if table.name in collected:
                raise ValueError(f"table {table.name!r} is declared twice")
            collected[table.name] = table
        return cls(collected, closed)

    def table(self, name: str) -> TableSchema | None:
        """The table of that name, if it is declared."""
        return self.tables.get(name)


def schema_to_plain(schema: Schema) -> dict[str, object]:
    """A JSON object that ``schema_from_plain`` reads back."""
    return {
        "closed": schema.closed,
        "tables": [
            {
                "name": table.name,
                "description": table.description,
                "key": list(table.key),
                "columns": [
                    {
                        "name": column.name,
                        "type": str(column.type),
                        "nullable": column.nullable,
                        "description": column.description,
                    }
                    for column in table.columns
                ],
            }
            for table in schema.tables.values()
        ],
    }


def schema_from_plain(plain: Mapping[str, object]) -> Schema:
    """Read what ``schema_to_plain`` wrote.

    :raises ValueError: if the object has another shape.
    """
    try:
        tables: list[TableSchema] = []
        for table in plain["tables"]:  # type: ignore[attr-defined]
            columns = tuple(
                Column(
                    name=str(column["name"]),
                    type=ColumnType(column.get("type", "any")),
                    nullable=bool(column.get("nullable", True)),
                    description=str(column.get("description") or ""),
                )
                for column in table["columns"]
            )
            tables.append(
                TableSchema(
                    name=str(table["name"]),
                    columns=columns,
                    description=str(table.get("description") or ""),
                    key=tuple(table.get("key", ())),
                )
            )
        return Schema.of(tables, closed=bool(plain.get("closed", False)))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a schema: {error!r}") from error
