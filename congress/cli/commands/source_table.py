"""``congress datasource schema|table|row …``: what a data source holds."""

import argparse
import sys

from congress.cli.command import (
    ApiCommand,
    ApiLister,
    ApiShow,
    Listing,
    NamedListCell,
    Showing,
    listing,
    read_json,
    row_listing,
    showing,
)
from congress.cli.commands.datasource import add_datasource


def _add_table(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    add_datasource(parser)
    parser.add_argument("table", metavar="<table>", help="name of the table")
    return parser


class ShowDatasourceSchema(ApiLister):
    """List the tables of a data source with their columns."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        found = self.client.get("data-sources", parsed_args.datasource_name, "schema")
        return ("table", "columns"), [
            [table["table_id"], NamedListCell(table["columns"])] for table in found["tables"]
        ]


class ListDatasourceTables(ApiLister):
    """List the tables of a data source."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        found = self.client.get("data-sources", parsed_args.datasource_name, "tables")
        return listing(found["results"], ("id",))


class ShowDatasourceTable(ApiShow):
    """Show a table of a data source."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_table(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name, "tables", parsed_args.table)
        return showing(self.client.get(*path))


class ShowDatasourceTableSchema(ApiLister):
    """List the columns of a table of a data source, in positional order."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_table(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name, "tables", parsed_args.table, "spec")
        return listing(self.client.get(*path)["columns"], ("name", "description"))


class ListDatasourceRows(ApiLister):
    """List the rows of a table of a data source."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_table(super().get_parser(prog_name))
        parser.add_argument("--limit", type=int, metavar="<n>", help="list that many at most")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name, "tables", parsed_args.table, "rows")
        return row_listing(self.client.get(*path, limit=parsed_args.limit))


def read_rows(text: str) -> object:
    """Rows as JSON, or from standard input for ``-``."""
    return read_json(sys.stdin.read() if text == "-" else text)


class UpdateDatasourceRow(ApiCommand):
    """Replace the rows of a table that is given its data."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_table(super().get_parser(prog_name))
        parser.add_argument(
            "rows",
            metavar="<rows>",
            type=read_rows,
            help='as JSON, for instance [["a", 1], ["b", 2]]; - reads them from standard input',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name, "tables", parsed_args.table, "rows")
        self.client.put(*path, body=parsed_args.rows)
