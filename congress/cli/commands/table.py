"""``congress policy table …`` and ``congress policy row …``, also without ``policy``."""

import argparse
from collections.abc import Mapping
from typing import Any

from congress.cli.command import (
    ApiLister,
    ApiShow,
    Listing,
    Showing,
    listing,
    row_listing,
    schema_listing,
    showing,
)
from congress.cli.commands.policy import add_policy
from congress.cli.parts import PartLister, things


class ListPolicyTables(PartLister):
    """List the tables that the rules of a policy mention."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_policy(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "tables")
        return self.list_part(parsed_args, things(("id",)), *path)


class ShowPolicyTable(ApiShow):
    """Show a table of a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_policy(super().get_parser(prog_name))
        parser.add_argument("table_id", metavar="<table>", help="name of the table")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "tables", parsed_args.table_id)
        return showing(self.client.get(*path))


class ShowPolicySchema(ApiLister):
    """List the tables of a policy with their columns."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_policy(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        found = self.client.get("policies", parsed_args.policy_name, "schema")
        return schema_listing(found["tables"])


class ShowPolicyTableSchema(ApiLister):
    """List the columns of a table of a policy, in positional order."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_policy(super().get_parser(prog_name))
        parser.add_argument("table_id", metavar="<table>", help="name of the table")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "tables", parsed_args.table_id, "spec")
        return listing(self.client.get(*path)["columns"], ("name", "description"))


class ListPolicyRows(PartLister):
    """List the rows of a table of a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_policy(super().get_parser(prog_name))
        parser.add_argument("table", metavar="<table>", help="name of the table")
        parser.add_argument(
            "--trace", action="store_true", help="print how the rows come about as well"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "tables", parsed_args.table, "rows")
        trace = parsed_args.trace or None
        return self.list_part(parsed_args, self._rows, *path, trace=trace)

    def _rows(self, found: Mapping[str, Any]) -> Listing:
        if found.get("trace"):
            print(found["trace"], file=self.app.stderr)
        return row_listing(found)
