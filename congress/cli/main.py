"""The command ``congress``: the client of the REST API.

May import the CLI's own modules, cliff and the model at the top; everything that
is slow to import (HTTP libraries, the kernel) is imported by what needs it.
"""

import argparse
import importlib.metadata
import logging
import os
import sys
from collections.abc import Sequence
from functools import cached_property

from cliff.app import App
from cliff.commandmanager import CommandManager
from cliff.help import HelpExit

from congress.cli.client import Client
from congress.cli.credentials import add_options, make_transport
from congress.cli.help import HelpOnCommand, print_help

NAMESPACE = "congress.cli"

DESCRIPTION = (
    "Policy over the live state of many services: violations, explanations, actions. "
    "A server to try it with: congress-server --standalone"
)


class ClientManager:
    """Gives commands their client where openstackclient would give it to them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    @cached_property
    def congress(self) -> Client:
        """The client, made when the first command asks for it."""
        return Client(make_transport(self._options))


class CongressApp(App):
    """The application; the commands are entry points."""

    NAME = "congress"

    client_manager: ClientManager

    def __init__(self) -> None:
        super().__init__(DESCRIPTION, _version(), CommandManager(NAMESPACE), deferred_help=True)
        self.command_manager.add_command("help", HelpOnCommand)

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, object] | None = None,
    ) -> argparse.ArgumentParser:
        """See cliff; adds the options that say where the server is."""
        parser = super().build_option_parser(
            description, version, {"prog": self.NAME, **(argparse_kwargs or {})}
        )
        add_options(parser)
        return parser

    def configure_logging(self) -> None:
        """See cliff; what libraries are doing is shown to those who ask for it only."""
        super().configure_logging()
        if self.options.verbose_level <= self.DEFAULT_VERBOSE_LEVEL:
            logging.getLogger("alembic").setLevel(logging.WARNING)

    def print_help_if_requested(self) -> None:
        """See cliff."""
        if self.options.deferred_help:
            print_help(self)
            raise HelpExit

    def initialize_app(self, argv: list[str]) -> None:
        """See cliff."""
        self.client_manager = ClientManager(self.options)


def _version() -> str:
    try:
        return importlib.metadata.version("congress")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for a failure, 2 for wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if sys.stdout.isatty():
        os.environ.setdefault("CLIFF_FIT_WIDTH", "1")
    return CongressApp().run(arguments or ["--help"])


if __name__ == "__main__":
    sys.exit(main())
