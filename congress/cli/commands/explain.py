"""``congress explain …``, also as ``congress policy explain …``."""

import argparse
import json

from congress.cli.command import ApiCommand, TextCell
from congress.cli.commands.policy import add_policy


class Explain(ApiCommand):
    """Tell why something holds, or why it does not."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_policy(super().get_parser(prog_name))
        parser.add_argument(
            "query", metavar="<query>", help='for instance error("vm1"), error(x), execute[n:a(x)]'
        )
        for name, text in (
            ("limit", "explain that many rows at most (default 10)"),
            ("depth", "follow that many rules below one another (default 12)"),
            ("nodes", "tell that many rows and rules in all (default 500)"),
            ("alternatives", "tell that many derivations, or rules that miss it (default 3)"),
            ("examples", "show that many rows where many are alike (default 3)"),
        ):
            parser.add_argument(f"--{name}", type=int, metavar="<n>", help=text)
        parser.add_argument("--json", action="store_true", help="print the object behind the text")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        names = ("query", "limit", "depth", "nodes", "alternatives", "examples")
        given = {name: getattr(parsed_args, name) for name in names}
        body = {name: value for name, value in given.items() if value is not None}
        found = self.client.post(
            "policies",
            parsed_args.policy_name,
            body=body,
            texts={"": parsed_args.query},
            action="explain",
        )
        text = found.pop("text")
        if parsed_args.json:
            text = json.dumps(found, ensure_ascii=False, indent=2)
        print(TextCell(text).human_readable(), file=self.app.stdout)
