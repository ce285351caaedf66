"""``congress ledger list``: the action log."""

import argparse

from congress.cli.command import ApiLister, Listing, listing

STATES = ("new", "held", "claimed", "done", "failed", "in_doubt", "suppressed")
COLUMNS = ("updated_at", "datasource", "action", "arguments", "state", "policy", "message")
MORE = (
    "id",
    "created_at",
    "rule",
    "active",
    "manual",
    "generation",
    "attempts",
    "promise",
    "result",
)


class ListLedger(ApiLister):
    """List what policy and people asked for and what came of it, the newest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--datasource", metavar="<datasource>", help="those of one only")
        parser.add_argument(
            "--state",
            metavar="<state>",
            action="append",
            choices=STATES,
            help=f"those in this state, repeatable: {', '.join(STATES)}",
        )
        parser.add_argument("--limit", type=int, metavar="<n>", help="list that many at most")
        parser.add_argument("--long", action="store_true", help="list all that is known")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        found = self.client.get(
            "ledger",
            datasource=parsed_args.datasource,
            state=",".join(parsed_args.state) if parsed_args.state else None,
            limit=parsed_args.limit,
        )["results"]
        return listing(found, COLUMNS + MORE if parsed_args.long else COLUMNS)
