"""``congress plugin …``: what is installed on this machine. Asks no server.

The kernel is imported when a command runs.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cliff.lister import Lister
from cliff.show import ShowOne

from congress.cli.client import RequestFailed
from congress.cli.command import Listing, OfflineCommand, SettingsCell, Showing, cell

if TYPE_CHECKING:
    from congress.interfaces.plugin import Option
    from congress.kernel.inventory import Entry
    from congress.kernel.plugins import NodePlugins

SHORT = ("kind", "name", "distribution", "version", "state", "reason")
LONG = (*SHORT, "summary", "features", "supported", "target")
FULL = (*LONG, "interface_version", "deprecated", "options")


def _add_config_file(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--config-file",
        metavar="<path>",
        action="append",
        help="the server's configuration, which may permit, forbid and add plugins; repeatable",
    )
    return parser


def _plugins(config_files: list[str] | None) -> NodePlugins:
    """The plugins as the server would see them.

    :raises RequestFailed: the configuration cannot be read.
    """
    from oslo_config import cfg

    from congress.kernel.options import new_conf
    from congress.kernel.plugins import NodePlugins

    conf = new_conf()
    try:
        conf([], project="congress", prog="congress-server", default_config_files=config_files)
    except cfg.Error as error:
        raise RequestFailed(f"the configuration cannot be used: {error}") from error
    return NodePlugins(conf)


class ListPlugins(OfflineCommand, Lister):
    """List the plugins that are installed here."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_config_file(super().get_parser(prog_name))
        parser.add_argument("kind", metavar="<kind>", nargs="?", help="those of one kind only")
        parser.add_argument(
            "--long", action="store_true", help="load them, and tell what they say of themselves"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        from congress.kernel.inventory import list_entries
        from congress.model.diagnostic import Refused

        plugins = _plugins(parsed_args.config_file)
        try:
            entries = list_entries(plugins, parsed_args.kind, details=parsed_args.long)
        except Refused as refusal:
            raise RequestFailed(str(refusal), refusal.diagnostics) from refusal
        columns = LONG if parsed_args.long else SHORT
        return columns, [[_shown(entry, name) for name in columns] for entry in entries]


class ShowPlugin(OfflineCommand, ShowOne):
    """Show a plugin with its options."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_config_file(super().get_parser(prog_name))
        parser.add_argument("kind", metavar="<kind>", help="driver, bus, leader, storage, role …")
        parser.add_argument("name", metavar="<name>", help="name of the plugin")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        from congress.kernel.inventory import show_entries
        from congress.model.diagnostic import Refused

        plugins = _plugins(parsed_args.config_file)
        try:
            entries = show_entries(plugins, parsed_args.kind, parsed_args.name)
        except Refused as refusal:
            raise RequestFailed(str(refusal), refusal.diagnostics) from refusal
        return FULL, [_joined([_shown(entry, name) for entry in entries]) for name in FULL]


def _shown(entry: Entry, name: str) -> object:
    """A member of an entry as a cell."""
    value = getattr(entry, name)
    if name == "features":
        return SettingsCell(dict(value))
    if name == "options":
        return "\n".join(_option_line(option) for option in value)
    return cell(value)


def _option_line(option: Option) -> str:
    """One option on one line: name, type, what is special about it, description."""
    marks = [option.type, str(option.scope)]
    marks += [
        word for word, is_so in (("required", option.required), ("secret", option.secret)) if is_so
    ]
    if option.default is not None and not option.secret:
        marks.append(f"default {option.default}")
    return f"{option.name} ({', '.join(marks)}): {option.description}".rstrip(": ")


def _joined(values: list[object]) -> object:
    """One value for several entries of the same name."""
    return values[0] if len(values) == 1 else " | ".join(map(str, values))
