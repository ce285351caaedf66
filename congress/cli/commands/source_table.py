"""``congress datasource schema|table|row …``: what a data source holds."""

import argparse
import sys

from congress.cli.command import (
    ApiCommand,
    ApiLister,
    ApiShow,
    Listing,
    Showing,
    listing,
    read_json,
    row_listing,
    schema_listing,
    showing,
)
from congress.cli.commands.datasource import add_datasource
from congress.cli.parts import PartLister, things


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
        return schema_listing(found["tables"])


class ListDatasourceTables(PartLister):
    """List the tables of a data source."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_datasource(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name, "tables")
        return self.list_part(parsed_args, things(("id",)), *path)


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


class ListDatasourceRows(PartLister):
    """List the rows of a table of a data source."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_table(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        path = ("data-sources", parsed_args.datasource_name, "tables", parsed_args.table, "rows")
        return self.list_part(parsed_args, row_listing, *path)


def read_rows(text: str) -> object:
    """Rows as JSON, or from standard input for ``-``."""
    return read_json(sys.stdin.read() if text == "-" else text)


def _add_rows(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "rows",
        metavar="<rows>",
        type=read_rows,
        help='as JSON, for instance [["a", 1], ["b", 2]]; - reads them from standard input',
    )
    return parser


def _rows_of(parsed_args: argparse.Namespace) -> tuple[str, ...]:
    """The path of the rows."""
    return ("data-sources", parsed_args.datasource_name, "tables", parsed_args.table, "rows")


class UpdateDatasourceRow(ApiCommand):
    """Replace the rows of a table that is given its data."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_rows(_add_table(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        self.client.put(*_rows_of(parsed_args), body=parsed_args.rows)


class PutDatasourceRows(ApiCommand):
    """Put rows into a table that is given its data; a row of the same key is replaced."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_rows(_add_table(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        self.client.post(*_rows_of(parsed_args), body=parsed_args.rows)


class DeleteDatasourceRows(ApiCommand):
    """Take rows out of a table that is given its data, by their keys."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_rows(_add_table(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        self.client.delete(*_rows_of(parsed_args), body=parsed_args.rows)


class ChangeDatasourceRows(ApiCommand):
    """Put rows into a table and take others out of it, all at once."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_table(super().get_parser(prog_name))
        for name, meaning in (("put", "rows to put in"), ("delete", "rows to take out")):
            parser.add_argument(
                f"--{name}",
                metavar="<rows>",
                type=read_json,
                default=[],
                help=f"{meaning}, as JSON",
            )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        body = {"upsert": parsed_args.put, "delete": parsed_args.delete}
        self.client.patch(*_rows_of(parsed_args), body=body)
