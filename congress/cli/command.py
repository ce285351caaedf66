"""What the commands have in common: their client, and values as cells.

Imports cliff and the client. The same classes run under openstackclient, whose
application has a ``client_manager`` with the same attribute.
"""

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from cliff.columns import FormattableColumn
from cliff.command import Command
from cliff.lister import Lister
from cliff.show import ShowOne

from congress.cli.client import Client

Listing: TypeAlias = tuple[Sequence[str], Iterable[Sequence[Any]]]
Showing: TypeAlias = tuple[Sequence[str], Sequence[Any]]


#: Longer values than this are shown on several lines.
_ONE_LINE = 100

#: What can move the cursor, colour the screen or turn the direction of writing.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """A text whose control characters are spelled out, so that no terminal obeys them."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


class JsonCell(FormattableColumn[Any]):
    """A value that people see as JSON, and programs as it is."""

    def human_readable(self) -> str:
        """See cliff."""
        text = json.dumps(self._value, ensure_ascii=False)
        if len(text) <= _ONE_LINE:
            return text
        return json.dumps(self._value, ensure_ascii=False, indent=2)


class TextCell(FormattableColumn[str]):
    """A text whose control characters people see, and their terminal does not obey."""

    def human_readable(self) -> str:
        """See cliff."""
        return printable(self._value)


class SettingsCell(FormattableColumn[Any]):
    """An object that people see as ``key=value`` pairs."""

    def human_readable(self) -> str:
        """See cliff."""
        return ", ".join(f"{name}={value}" for name, value in sorted((self._value or {}).items()))


class NamedListCell(FormattableColumn[Any]):
    """A list of objects with names and descriptions, one to a line."""

    def human_readable(self) -> str:
        """See cliff."""
        return "\n".join(_named(item) for item in self._value)


def _named(item: Mapping[str, Any]) -> str:
    description = item.get("description")
    name = str(item.get("name", ""))
    return f"{name}: {description}" if description not in (None, "", "None") else name


def cell(value: Any) -> Any:
    """A value of a row; what is no text or number shows as JSON writes it."""
    if isinstance(value, str):
        return TextCell(value) if _CONTROL.search(value) else value
    if value is None or isinstance(value, bool | list | dict):
        return JsonCell(value)
    return value


def showing(thing: Mapping[str, Any]) -> Showing:
    """All members of an object, by name."""
    names = sorted(thing)
    return names, [cell(thing[name]) for name in names]


def showing_with_rules(policy: Mapping[str, Any]) -> Showing:
    """All members of a policy, by name; its rules as texts that follow each other."""
    texts = "\n".join(rule["rule"] for rule in policy.get("rules") or ())
    return showing({**policy, "rules": texts})


def listing(things: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Listing:
    """Some members of each object."""
    return columns, [[cell(thing.get(name)) for name in columns] for thing in things]


def schema_listing(tables: Iterable[Mapping[str, Any]]) -> Listing:
    """Tables with their columns."""
    return ("table", "columns"), [
        [table["table_id"], NamedListCell(table["columns"])] for table in tables
    ]


def row_listing(found: Mapping[str, Any]) -> Listing:
    """The rows of a table, under the names of its columns where they are known."""
    rows = [row["data"] for row in found["results"]]
    width = max((len(row) for row in rows), default=0)
    columns = list(found.get("columns") or ())
    if rows and len(columns) != width:
        columns = [f"Col{index}" for index in range(width)]
    return columns or ["Col0"], [[cell(value) for value in row] for row in rows]


class PlainCommand(Command):
    """A command whose help does not say which distribution it is from; see ``help.py``."""

    def get_epilog(self) -> str:
        """See cliff."""
        return self._epilog or ""


class ApiCommand(PlainCommand):
    """A command that talks to the server."""

    @property
    def client(self) -> Client:
        """The client of the application."""
        client: Client = self.app.client_manager.congress  # type: ignore[attr-defined]
        return client


class OfflineCommand(PlainCommand):
    """A command that works on files and asks no server."""


class ApiLister(ApiCommand, Lister):
    """A command that lists things."""


class ApiShow(ApiCommand, ShowOne):
    """A command that shows one thing."""


def read_setting(text: str) -> tuple[str, str]:
    """``key=value``, for argparse.

    :raises argparse.ArgumentTypeError: it is something else.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form key=value")
    return name, value


def read_json(text: str) -> Any:
    """JSON, for argparse.

    :raises argparse.ArgumentTypeError: it is something else.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"this is not JSON: {error}") from None


def read_value(text: str) -> Any:
    """A value on the command line: JSON if it reads as such, otherwise the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
