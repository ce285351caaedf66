"""A table of the host driver: its schema, and how its rows are read.

May import ``congress.model`` and its own folder.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from congress.model.schema import Column, TableSchema
from congress.plugins.datasource.host.reading import Reading

RawRow: TypeAlias = Sequence[str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class HostTable:
    """``lazy`` tables change with every poll, so they are read on demand unless configured."""

    schema: TableSchema
    read: Callable[[Reading], Iterable[RawRow]]
    lazy: bool = False


def table(
    name: str,
    description: str,
    columns: Sequence[Column],
    read: Callable[[Reading], Iterable[RawRow]],
    *,
    key: Sequence[str] = (),
    lazy: bool = False,
) -> HostTable:
    """Declare a table."""
    return HostTable(TableSchema(name, tuple(columns), description, tuple(key)), read, lazy)
