"""``congress --help``: the global options, and every command with what it does.

Imports cliff. It does without what cliff's own tells besides, the distribution of each
command: to find that out, the records of everything that is installed are read, which
takes longer than all the rest.
"""

import argparse
import inspect
from typing import Any

import autopage.argparse
from cliff.app import App
from cliff.help import HelpCommand

from congress.cli.command import PlainCommand


class HelpOnCommand(PlainCommand, HelpCommand):
    """Print how a command is used."""

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """See cliff."""
        if parsed_args.cmd:
            return int(super().take_action(parsed_args) or 0)
        print_help(self.app)
        return 0


def print_help(app: App) -> None:
    """Print it, through a pager on a terminal."""
    with autopage.argparse.help_pager(app.stdout) as out:
        app.parser.print_help(out)
        out.write("\nCommands:\n")
        commands = sorted(app.command_manager)
        width = max(len(name) for name, _ in commands)
        for name, entry_point in commands:
            out.write(f"  {name:<{width}}  {_line_about(entry_point)}\n")


def _line_about(entry_point: Any) -> str:
    try:
        text = inspect.getdoc(entry_point.load()) or ""
    except Exception as error:
        return f"(cannot be loaded: {error})"
    return text.partition("\n")[0].rstrip(".")
