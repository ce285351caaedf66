"""The options of the driver ``push``, and the configuration they make.

May import the interfaces, the model, msgspec and its own folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from congress.interfaces.datasource import Config
from congress.interfaces.plugin import Option
from congress.model.schema import TableSchema
from congress.plugins.datasource.declarations import (
    ColumnDeclaration,
    TableDeclaration,
    declared_table,
    read_declaration,
)
from congress.plugins.datasource.options import webhook_options


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one datasource.

    :param tables: declared tables; ``None`` for one whose columns are inferred.
    """

    tables: Mapping[str, TableSchema | None]
    max_rows: int
    max_text: int
    max_tables: int

    @property
    def open(self) -> bool:
        """Whether tables that nobody declared may be pushed."""
        return not self.tables


def read_settings(config: Config) -> tuple[Settings, list[str]]:
    """Read a configuration that has all options; problems come beside it."""
    problems: list[str] = []
    tables: dict[str, TableSchema | None] = {}
    declared = config["tables"]
    for name, plain in (declared if isinstance(declared, dict) else {}).items():
        try:
            tables[name] = _table(name, plain)
        except ValueError as error:
            problems.append(f"tables: {name}: {error}")
    limits = [int(str(config[name])) for name in ("max_rows", "max_text", "max_tables")]
    return Settings(tables, *limits), problems


def _table(name: str, plain: object) -> TableSchema | None:
    """One declared table.

    :raises ValueError: if it cannot be meant.
    """
    if isinstance(plain, list):
        plain = {"columns": plain}
    return declared_table(name, read_declaration(plain, TableDeclaration))


OPTIONS: tuple[Option, ...] = (
    Option(
        "tables",
        type="object",
        description=(
            "Tables by name, each a list of columns (names, or objects with name, type, nullable, "
            "description) or an object with columns, key and description. No columns: the first "
            "push decides. No tables: any table may be pushed."
        ),
        default={},
        schema=msgspec.json.schema(
            dict[str, tuple[str | ColumnDeclaration, ...] | TableDeclaration]
        ),
    ),
    Option(
        "persist_data",
        type="boolean",
        description="Keep pushed rows over a restart.",
        default=False,
    ),
    *webhook_options(),
    Option(
        "description",
        description="Not used; old clients send it.",
        default="",
    ),
    Option(
        "max_rows",
        type="integer",
        description="The most rows of one table.",
        default=1_000_000,
        minimum=1,
    ),
    Option(
        "max_text",
        type="integer",
        description="The longest text of one value, in characters.",
        default=65536,
        minimum=1,
    ),
    Option(
        "max_tables",
        type="integer",
        description="The most tables, where any may be pushed.",
        default=100,
        minimum=1,
    ),
)
