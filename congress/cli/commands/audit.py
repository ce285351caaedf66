"""``congress audit list``: who wrote what."""

import argparse

from congress.cli.command import Listing
from congress.cli.parts import PartLister, things

COLUMNS = ("at", "actor", "verb", "target", "outcome", "request_id", "revision")
MORE = ("id", "details")

#: What records are picked by: the parameter of the API and what to say of it.
FILTERS = {
    "actor": "those of this user only",
    "verb": "those of this kind, such as policy:rule:create",
    "target": "those of this thing",
    "outcome": "those that ended so: ok, denied, refused, failed, or the state of an action",
    "request_id": "those of this request",
    "since": "those at this time or later, in ISO 8601",
    "until": "those before this time",
}

#: Flags that are not named like their parameter: ``--verb`` would be short for ``--verbose``.
FLAGS = {"verb": "kind"}


class ListAudit(PartLister):
    """List who wrote what, when, and what came of it, the newest first."""

    filtered = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = super().get_parser(prog_name)
        for name, meaning in FILTERS.items():
            flag = FLAGS.get(name, name.replace("_", "-"))
            parser.add_argument(f"--{flag}", dest=name, metavar=f"<{flag}>", help=meaning)
        parser.add_argument("--long", action="store_true", help="list all that is known")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        asked = {name: getattr(parsed_args, name) for name in FILTERS}
        columns = COLUMNS + MORE if parsed_args.long else COLUMNS
        return self.list_part(parsed_args, things(columns), "audit", **asked)
