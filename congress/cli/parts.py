"""Parts of lists, and writes that depend on what was seen: options of many commands.

Imports the command classes' neighbours only.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from congress.cli.command import (
    ApiLister,
    ApiShow,
    Listing,
    Showing,
    listing,
    read_setting,
    showing,
)

#: Makes columns and rows of an answer of the API.
Shape: TypeAlias = Callable[[Mapping[str, Any]], Listing]


def things(columns: tuple[str, ...]) -> Shape:
    """The shape of a list of things: some members of each."""
    return lambda found: listing(found["results"], columns)


class PartLister(ApiLister):
    """A command that lists things, or those of them that are asked for."""

    #: Whether the list can be filtered by all its fields.
    filtered = True

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--limit", type=int, metavar="<n>", help="list that many at most")
        parser.add_argument(
            "--marker", metavar="<marker>", help="go on where a list ended, as it said"
        )
        parser.add_argument(
            "--fields", metavar="<name>,...", type=_read_names, help="list these members only"
        )
        parser.add_argument("--count", action="store_true", help="tell how many there are")
        if self.filtered:
            parser.add_argument(
                "--where",
                metavar="<field>=<value>",
                action="append",
                default=[],
                type=read_setting,
                help="list what has this value, in JSON unless it is a text; repeatable",
            )
        return parser

    def list_part(
        self, parsed_args: argparse.Namespace, shape: Shape, *path: str, **query: object
    ) -> Listing:
        """What was asked for of a list: things, or their number."""
        part = {
            **dict(getattr(parsed_args, "where", ())),
            "limit": parsed_args.limit,
            "marker": parsed_args.marker,
            "fields": parsed_args.fields,
            "count_only": parsed_args.count or None,
        }
        found = self.client.get(*path, **query, **part)
        if parsed_args.count:
            return ("count",), [(found["count"],)]
        if "next" in found:
            [marker] = parse_qs(urlsplit(found["next"]).query)["marker"]
            print(f"There is more: --marker {marker}", file=self.app.stderr)
        if parsed_args.fields and "columns" not in found:
            return listing(found["results"], parsed_args.fields.split(","))
        return shape(found)


class TaggedShow(ApiShow):
    """A command that shows something which can be changed on condition."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--etag", action="store_true", help="show what --if-match takes, too")
        return parser

    def show_tagged(
        self,
        parsed_args: argparse.Namespace,
        *path: str,
        shape: Callable[[Mapping[str, Any]], Showing] = showing,
    ) -> Showing:
        """A thing, with its ETag if that is asked for."""
        if not parsed_args.etag:
            return shape(self.client.get(*path))
        thing, etag = self.client.get_tagged(*path)
        names, values = shape(thing)
        return [*names, "etag"], [*values, etag.strip('"')]


def add_condition(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The option of commands that change what somebody has seen."""
    parser.add_argument(
        "--if-match",
        metavar="<etag>",
        type=_read_etag,
        help="do it only if it is still as show --etag has it",
    )
    return parser


def _read_names(text: str) -> str:
    """Names with commas between them, as the API takes them."""
    return ",".join(name.strip() for name in text.split(","))


def _read_etag(text: str) -> str:
    """An ETag as the header has it; shells take the quotes away."""
    return text if text.startswith(('"', "W/", "*")) else f'"{text}"'
