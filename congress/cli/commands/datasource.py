"""``congress datasource …``: data sources themselves, and what can be done to them."""

import argparse
from typing import Any

from congress.cli.command import (
    ApiCommand,
    ApiLister,
    ApiShow,
    Listing,
    NamedListCell,
    PartLister,
    SettingsCell,
    Showing,
    read_json,
    read_setting,
    showing,
)
from congress.cli.commands.execution import add_execution_arguments, print_outcome, read_execution


def add_datasource(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The argument that names a data source."""
    parser.add_argument("datasource_name", metavar="<datasource>", help="name or ID of it")
    return parser


class ListDatasources(PartLister):
    """List the data sources."""

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        columns = ("id", "name", "enabled", "driver", "config")
        found = self.client.get("data-sources", **self.part(parsed_args))["results"]
        return columns, [
            [*(one[name] for name in columns[:-1]), SettingsCell(one["config"])] for one in found
        ]


class ShowDatasource(ApiShow):
    """Show a data source."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        return showing(self.client.get("data-sources", parsed_args.datasource_name))


class CreateDatasource(ApiShow):
    """Configure a data source and start it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = super().get_parser(prog_name)
        parser.add_argument("driver", metavar="<driver>", help="see congress driver list")
        parser.add_argument("name", metavar="<name>", help="also the name of its policy")
        return _add_configuration(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        named = {"name": parsed_args.name, "driver": parsed_args.driver}
        body = {**named, **_configuration(parsed_args)}
        return showing(self.client.post("data-sources", body=body))


def _add_configuration(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--description", metavar="<description>", help="what it is")
    parser.add_argument(
        "--config",
        metavar="<key>=<value>",
        action="append",
        default=[],
        type=read_setting,
        help="an option of the driver, repeatable; see congress driver config show",
    )
    return parser


def _configuration(parsed_args: argparse.Namespace) -> dict[str, Any]:
    """What was said of a data source; no configuration is sent as null."""
    body: dict[str, Any] = {"config": dict(parsed_args.config) or None}
    if parsed_args.description:
        body["description"] = parsed_args.description
    return body


class UpdateDatasource(ApiShow):
    """Change what is configured of a data source; what is not given stays."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_configuration(add_datasource(super().get_parser(prog_name)))
        parser.add_argument(
            "--unset",
            metavar="<key>",
            action="append",
            default=[],
            help="an option of the driver that is to have its default again, repeatable",
        )
        running = parser.add_mutually_exclusive_group()
        running.add_argument(
            "--enable", dest="enabled", action="store_true", default=None, help="let it run"
        )
        running.add_argument(
            "--disable", dest="enabled", action="store_false", help="stop it, and keep it"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        config = {**dict(parsed_args.config), **dict.fromkeys(parsed_args.unset)}
        changes = {
            "config": config or None,
            "description": parsed_args.description,
            "enabled": parsed_args.enabled,
        }
        given = {name: value for name, value in changes.items() if value is not None}
        return showing(self.client.patch("data-sources", parsed_args.datasource_name, body=given))


class ReplaceDatasource(ApiShow):
    """Configure a data source anew; what is not given has its default."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_configuration(add_datasource(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name)
        return showing(self.client.put(*path, body=_configuration(parsed_args)))


class DeleteDatasource(ApiCommand):
    """Stop a data source and forget it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        self.client.delete("data-sources", parsed_args.datasource_name)


class RequestRefresh(ApiCommand):
    """Have a data source look at its service now."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        self.client.post(
            "data-sources", parsed_args.datasource_name, body={}, action="request-refresh"
        )


class ExecuteAction(ApiCommand):
    """Have a data source run an action once."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_datasource(super().get_parser(prog_name))
        return add_execution_arguments(parser, "see congress datasource actions show")

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """See cliff."""
        done = self.client.post(
            "data-sources",
            parsed_args.datasource_name,
            body=read_execution(parsed_args),
            action="execute",
            wait=parsed_args.wait or None,
        )
        return print_outcome(done, self.app.stdout)


class SendNotification(ApiCommand):
    """Hand a notification to a data source that understands it, as its webhook would."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_datasource(super().get_parser(prog_name))
        parser.add_argument("payload", metavar="<payload>", type=read_json, help="as JSON")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name, "webhook")
        self.client.post(*path, body=parsed_args.payload)


class ShowDatasourceStatus(ApiShow):
    """Show how a data source fares."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        return showing(self.client.get("data-sources", parsed_args.datasource_name, "status"))


class ShowDatasourceActions(ApiLister):
    """List what a data source can be told to do."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        found = self.client.get("data-sources", parsed_args.datasource_name, "actions")
        return ("action", "args", "description"), [
            [one["name"], NamedListCell(one["args"]), one["description"]]
            for one in found["results"]
        ]
