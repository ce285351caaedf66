"""The options of the driver ``file``, and the configuration they make.

May import the interfaces, the model, msgspec and its own folder.

Invariant: ``read_settings`` reports every problem of a configuration at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from congress.interfaces.datasource import Config
from congress.interfaces.plugin import Option, Scope
from congress.model.schema import TableSchema
from congress.plugins.datasource.declarations import (
    TableDeclaration,
    declared_table,
    read_declaration,
)
from congress.plugins.datasource.file.selection import read_path
from congress.plugins.datasource.options import polling_options

#: Formats by the end of a file's name.
SUFFIXES: Mapping[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".yaml": "yaml",
    ".yml": "yaml",
}
_FORMATS = ("auto", "csv", "json", "jsonl", "yaml")


class FileTable(TableDeclaration, forbid_unknown_fields=True, frozen=True):
    """A table that the configuration names: where it stands, and its columns if declared."""

    path: str = ""
    select: str | tuple[str, ...] = ""
    format: Literal["auto", "csv", "json", "jsonl", "yaml"] = "auto"


@dataclass(frozen=True, slots=True)
class Source:
    """Where one table comes from.

    :param select: keys that lead to the table within a JSON or YAML document.
    :param declared: the columns it must have; ``None`` to infer them.
    """

    table: str
    path: Path
    format: str = "auto"
    select: tuple[str, ...] = ()
    declared: TableSchema | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may hold."""

    bytes: int
    rows: int
    text: int
    files: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one datasource."""

    path: Path
    pattern: str
    format: str
    delimiter: str
    header: bool
    encoding: str
    limits: Limits
    sources: tuple[Source, ...]


def read_settings(config: Config) -> tuple[Settings, list[str]]:
    """Read a configuration that has all options; problems come beside it."""
    path = Path(str(config["path"]))
    problems: list[str] = []
    sources: list[Source] = []
    tables = config["tables"]
    for name, plain in (tables if isinstance(tables, dict) else {}).items():
        try:
            sources.append(_source(name, plain, path, str(config["format"])))
        except ValueError as error:
            problems.append(f"tables: {name}: {error}")
    settings = Settings(
        path=path,
        pattern=str(config["pattern"]),
        format=str(config["format"]),
        delimiter=str(config["delimiter"]),
        header=bool(config["header"]),
        encoding=str(config["encoding"]),
        limits=Limits(*(_count(config[name]) for name in _LIMITS)),
        sources=tuple(sources),
    )
    return settings, problems


def _source(name: str, plain: object, base: Path, form: str) -> Source:
    """One configured table.

    :raises ValueError: if it cannot be meant.
    """
    table = read_declaration(plain, FileTable)
    return Source(
        table=name,
        path=base / table.path if table.path else base,
        format=table.format if table.format != "auto" else form,
        select=read_path(table.select),
        declared=declared_table(name, table),
    )


def _count(value: object) -> int:
    """An option that is declared as an integer."""
    return int(str(value))


_LIMITS = ("max_bytes", "max_rows", "max_text", "max_files")

OPTIONS: tuple[Option, ...] = (
    Option(
        "path",
        description="A file, or a folder whose files become one table each. Absolute.",
        required=True,
    ),
    Option(
        "pattern",
        description="Which files of a folder are read, as a shell pattern for their names.",
        default="*",
    ),
    Option(
        "tables",
        type="object",
        description=(
            "Tables by name. Each may have: path (below the option path), format, "
            "select (keys that lead into a document, joined by dots), columns, key, description. "
            "Without any, each file is a table named after it."
        ),
        default={},
        schema=msgspec.json.schema(dict[str, FileTable]),
    ),
    Option(
        "format",
        description="Format of the files; auto goes by the end of their names.",
        default="auto",
        choices=_FORMATS,
    ),
    Option(
        "delimiter",
        description="What separates the cells of CSV; always a tab in .tsv files.",
        default=",",
        schema={"type": "string", "minLength": 1, "maxLength": 1},
    ),
    Option(
        "header",
        type="boolean",
        description="Whether the first record of CSV names the columns.",
        default=True,
    ),
    Option(
        "encoding",
        description="Encoding of the files.",
        default="utf-8",
        choices=("utf-8", "utf-16", "latin-1", "cp1252"),
    ),
    Option(
        "max_bytes",
        type="integer",
        description="The largest file that is read, in bytes.",
        default=32 * 1024 * 1024,
        minimum=1,
    ),
    Option(
        "max_rows",
        type="integer",
        description="The most records of one table.",
        default=1_000_000,
        minimum=1,
    ),
    Option(
        "max_text",
        type="integer",
        description="The longest text of one cell, in characters.",
        default=65536,
        minimum=1,
        maximum=131072,
    ),
    Option(
        "max_files",
        type="integer",
        description="The most files of a folder.",
        default=1000,
        minimum=1,
    ),
    Option(
        "roots",
        type="list",
        description="Folders below which file datasources may read. Empty: none may read anything.",
        default=[],
        scope=Scope.NODE,
        schema={"type": "array", "items": {"type": "string", "pattern": "^/"}},
    ),
    *polling_options(),
)
