"""``congress driver …``, ``congress version list`` and ``congress health show``."""

import argparse

from congress.cli.command import (
    ApiLister,
    ApiShow,
    Listing,
    SettingsCell,
    Showing,
    listing,
    schema_listing,
)
from congress.cli.parts import PartLister, things


def _add_driver(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("driver", metavar="<driver>", help="name of the driver")
    return parser


class ListDrivers(PartLister):
    """List the drivers that data sources can be made of."""

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        return self.list_part(parsed_args, things(("id", "description")), "system", "drivers")


class ShowDriverConfig(ApiShow):
    """Show the options of a driver."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_driver(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        found = self.client.get("system", "drivers", parsed_args.driver)
        shown = ("id", "description", "config", "secret")
        values = [found["id"], found["description"], SettingsCell(found["config"])]
        return shown, [*values, ", ".join(found.get("secret", ()))]


class ShowDriverSchema(ApiLister):
    """List the tables of a driver, where they are known beforehand."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_driver(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        found = self.client.get("system", "drivers", parsed_args.driver)
        return schema_listing(found["tables"])


class ListVersions(ApiLister):
    """List the versions of the API that the server offers."""

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        return listing(self.client.versions(), ("id", "status", "updated"))


class ShowHealth(ApiShow):
    """Show whether the node that answers can serve, and how its parts fare."""

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        found = self.client.health()
        return ("status", "services"), (found["status"], SettingsCell(found["services"]))
