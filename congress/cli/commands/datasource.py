"""``congress datasource …``: data sources themselves, and what can be done to them."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from congress.cli.client import RequestFailed
from congress.cli.command import (
    ApiCommand,
    ApiLister,
    ApiShow,
    Listing,
    NamedListCell,
    SettingsCell,
    Showing,
    read_json,
    read_setting,
    showing,
)
from congress.cli.commands.execution import add_execution_arguments, print_outcome, read_execution
from congress.cli.parts import PartLister, TaggedShow, add_condition

#: The environment variable that holds the secret of a webhook.
SECRET_VARIABLE = "CONGRESS_WEBHOOK_SECRET"  # noqa: S105 - a name


def add_datasource(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The argument that names a data source."""
    parser.add_argument("datasource_name", metavar="<datasource>", help="name or ID of it")
    return parser


class ListDatasources(PartLister):
    """List the data sources."""

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        return self.list_part(parsed_args, _listing, "data-sources")


def _listing(found: Mapping[str, Any]) -> Listing:
    columns = ("id", "name", "enabled", "driver", "config")
    return columns, [
        [*(one[name] for name in columns[:-1]), SettingsCell(one["config"])]
        for one in found["results"]
    ]


class ShowDatasource(TaggedShow):
    """Show a data source."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        return self.show_tagged(parsed_args, "data-sources", parsed_args.datasource_name)


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
        parser = add_condition(_add_configuration(add_datasource(super().get_parser(prog_name))))
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
        path = ("data-sources", parsed_args.datasource_name)
        return showing(self.client.patch(*path, body=given, if_match=parsed_args.if_match))


class ReplaceDatasource(ApiShow):
    """Configure a data source anew; what is not given has its default."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_condition(_add_configuration(add_datasource(super().get_parser(prog_name))))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name)
        body = _configuration(parsed_args)
        return showing(self.client.put(*path, body=body, if_match=parsed_args.if_match))


class DeleteDatasource(ApiCommand):
    """Stop a data source and forget it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_condition(add_datasource(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name)
        self.client.delete(*path, if_match=parsed_args.if_match)


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
    """Hand a notification to a data source that understands it, as its webhook would.

    It is signed with the data source's webhook_secret, if that is in the environment variable
    CONGRESS_WEBHOOK_SECRET or in a file that is named; then it needs no other credentials.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_datasource(super().get_parser(prog_name))
        parser.add_argument("payload", metavar="<payload>", type=read_json, help="as JSON")
        parser.add_argument(
            "--secret-file", metavar="<file>", help="holds the secret to sign it with"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name, "webhook")
        secret = _read_secret(parsed_args.secret_file)
        if secret:
            from congress.kernel.clock import SystemClock

            now = SystemClock().time()
            self.client.post_signed(*path, body=parsed_args.payload, secret=secret, at=now)
        else:
            self.client.post(*path, body=parsed_args.payload)


def _read_secret(file: str | None) -> str:
    """The secret of a webhook; empty if there is none.

    :raises RequestFailed: the file cannot be read, or holds none.
    """
    if file is None:
        return os.environ.get(SECRET_VARIABLE, "")
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise RequestFailed(f"the secret cannot be read: {error}") from error
    if not secret:
        raise RequestFailed(f"{file} holds no secret")
    return secret


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
