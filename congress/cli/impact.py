"""What would follow from a change of policy, told to people who asked before making it.

Imports the command classes' neighbours only.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from congress.cli.command import Showing, printable
from congress.model.diagnostic import diagnostic_from_plain


def add_terms(parser: argparse.ArgumentParser, *, parking: bool = True) -> argparse.ArgumentParser:
    """The options of commands that change policy.

    :param parking: whether there are rules that could wait for a schema.
    """
    if parking:
        parser.add_argument(
            "--allow-parked",
            action="store_true",
            help="accept columns that are not known yet; the rule waits for them",
        )
    parser.add_argument(
        "--dry-run", action="store_true", help="change nothing; tell what would follow"
    )
    return parser


def read_terms(parsed_args: argparse.Namespace) -> dict[str, Any]:
    """The query that says on which terms policy is to be changed."""
    return {
        "allow_parked": getattr(parsed_args, "allow_parked", False) or None,
        "validate_only": parsed_args.dry_run or None,
    }


def show_impact(impact: Mapping[str, Any]) -> Showing:
    """An impact as columns: its rows and actions with the signs of a comparison."""
    lines = "\n".join(impact_lines(impact))
    return ("would change",), (lines or "nothing",)


def impact_lines(impact: Mapping[str, Any]) -> Iterator[str]:
    """An impact line by line."""
    for problem in impact["warnings"]:
        yield diagnostic_from_plain(problem).render()
    for table in impact["tables"]:
        for sign, rows, number in (
            ("-", table["removed_rows"], table["removed"]),
            ("+", table["added_rows"], table["added"]),
        ):
            name = f"{table['policy']}:{table['table']}"
            yield from (f"{sign} {name}{_arguments(row)}" for row in rows)
            if number > len(rows):
                yield f"{sign} {name}: {number - len(rows)} more rows"
    for sign, actions in (("-", "deactivated"), ("+", "activated")):
        for one in impact["actions"][actions]:
            name = f"{one['datasource']}:{one['action']}"
            yield f"{sign} execute[{name}{_arguments(one['arguments'])}]"


def _arguments(row: list[Any]) -> str:
    values = ", ".join(json.dumps(value, ensure_ascii=False) for value in row)
    return printable(f"({values})")
