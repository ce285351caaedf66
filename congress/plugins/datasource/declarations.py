"""Tables as a datasource's configuration declares them.

May import the model, msgspec and its own folder.

Invariant: ``declared_table`` raises nothing but ``ValueError``, whatever it is
given, so ``check`` can report every table of a configuration.
"""

import threading
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from congress.model.schema import Column, ColumnType, TableSchema
from congress.plugins.datasource.naming import name_problem

T = TypeVar("T")

#: msgspec prepares a type when it is first used, and the process crashes if two threads
#: do that at once.
_CONVERTING = threading.Lock()


class ColumnDeclaration(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One column with more than its name."""

    name: str
    type: ColumnType = ColumnType.ANY
    nullable: bool = True
    description: str = ""


class TableDeclaration(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One table. Without columns they are inferred from the data."""

    columns: tuple[str | ColumnDeclaration, ...] = ()
    key: tuple[str, ...] = ()
    description: str = ""


def read_declaration(plain: object, form: type[T]) -> T:
    """Read a declaration out of plain JSON values.

    :raises ValueError: naming the place that is wrong.
    """
    try:
        with _CONVERTING:
            return msgspec.convert(plain, form)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def declared_table(name: str, declaration: TableDeclaration) -> TableSchema | None:
    """The schema that a declaration stands for; ``None`` if it declares no columns.

    :raises ValueError: for names that a policy cannot use, columns that are
        declared twice, and keys that are no columns.
    """
    if problem := name_problem(name):
        raise ValueError(problem)
    columns = tuple(_column(item) for item in declaration.columns)
    _check_names([column.name for column in columns], declaration.key)
    if not columns:
        return None
    return TableSchema(name, columns, declaration.description, declaration.key)


def _column(item: str | ColumnDeclaration) -> Column:
    if isinstance(item, str):
        return Column(item)
    return Column(item.name, item.type, item.nullable, item.description)


def _check_names(names: Sequence[str], key: Sequence[str]) -> None:
    """Refuse columns and keys that cannot be meant."""
    for name in names:
        if problem := name_problem(name):
            raise ValueError(f"column {problem}")
        if names.count(name) > 1:
            raise ValueError(f"column {name!r} is declared twice")
    if missing := [name for name in key if name not in names]:
        raise ValueError(f"the key names columns that are not declared: {', '.join(missing)}")
