"""Manual actions on the command line: arguments in, outcome out."""

import argparse
import json
from collections.abc import Mapping
from typing import Any, TextIO

from congress.cli.command import read_setting, read_value


def add_execution_arguments(
    parser: argparse.ArgumentParser, name_help: str
) -> argparse.ArgumentParser:
    """The arguments that say what to run, and with what."""
    parser.add_argument("action_name", metavar="<action>", help=name_help)
    parser.add_argument(
        "--arg",
        dest="positional",
        metavar="<value>",
        action="append",
        default=[],
        type=read_value,
        help="a positional argument, repeatable; JSON if it reads as such, otherwise text",
    )
    parser.add_argument(
        "--named",
        metavar="<name>=<value>",
        action="append",
        default=[],
        type=read_setting,
        help="an argument by name, repeatable",
    )
    parser.add_argument(
        "--wait", action="store_true", help="wait until it has run, and print what came of it"
    )
    return parser


def read_execution(parsed_args: argparse.Namespace) -> dict[str, Any]:
    """The body of the request."""
    named = {name: read_value(value) for name, value in parsed_args.named}
    return {
        "name": parsed_args.action_name,
        "args": {"positional": parsed_args.positional, "named": named},
    }


def print_outcome(done: Mapping[str, Any] | None, stdout: TextIO) -> int:
    """Print what came of an action that was waited for; the exit code tells too."""
    if not done:
        return 0
    print(json.dumps(done, ensure_ascii=False), file=stdout)
    return 0 if done.get("state") == "done" else 1
