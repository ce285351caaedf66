"""``congress ledger …``: the action log, and decisions about what it holds."""

import argparse
from typing import ClassVar

from congress.cli.command import ApiShow, Listing, Showing, showing
from congress.cli.parts import PartLister, things

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


class ListLedger(PartLister):
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
        parser.add_argument("--long", action="store_true", help="list all that is known")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        return self.list_part(
            parsed_args,
            things(COLUMNS + MORE if parsed_args.long else COLUMNS),
            "ledger",
            datasource=parsed_args.datasource,
            state=",".join(parsed_args.state) if parsed_args.state else None,
        )


class DecideCommand(ApiShow):
    """The parent of the commands that decide about an entry."""

    action: ClassVar[str]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = super().get_parser(prog_name)
        parser.add_argument("entry", metavar="<id>", help="see congress ledger list --long")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        return showing(self.client.post("ledger", parsed_args.entry, action=self.action))


class MarkDone(DecideCommand):
    """Say that an action that is in doubt was executed."""

    action = "mark-done"


class RetryAction(DecideCommand):
    """Have an action that is in doubt or failed executed again, with the same key."""

    action = "retry"


class CancelAction(DecideCommand):
    """Have an action that is new or held not executed."""

    action = "cancel"
