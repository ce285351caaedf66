"""``congress policy rule …``, also ``congress rule …``."""

import argparse

from congress.cli.command import (
    ApiCommand,
    ApiLister,
    ApiShow,
    Listing,
    Showing,
    listing,
    showing,
)
from congress.cli.commands.policy import add_policy


def _add_rule(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("rule_id", metavar="<rule>", help="ID or name of the rule")
    return parser


class CreatePolicyRule(ApiShow):
    """Add a rule or fact to a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_policy(super().get_parser(prog_name))
        parser.add_argument("rule", metavar="<rule>", help="for instance 'p(x) :- q(x)'")
        parser.add_argument("--name", dest="rule_name", metavar="<name>", help="its name")
        parser.add_argument("--comment", metavar="<comment>", help="what it is for")
        parser.add_argument(
            "--allow-parked",
            action="store_true",
            help="accept columns that are not known yet; the rule waits for them",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        body = {"rule": parsed_args.rule}
        if parsed_args.rule_name is not None:
            body["name"] = parsed_args.rule_name
        if parsed_args.comment is not None:
            body["comment"] = parsed_args.comment
        return showing(
            self.client.post(
                "policies",
                parsed_args.policy_name,
                "rules",
                body=body,
                texts=parsed_args.rule,
                allow_parked=parsed_args.allow_parked or None,
            )
        )


class DeletePolicyRule(ApiCommand):
    """Delete a rule of a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_rule(add_policy(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        self.client.delete("policies", parsed_args.policy_name, "rules", parsed_args.rule_id)


class ShowPolicyRule(ApiShow):
    """Show a rule of a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_rule(add_policy(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "rules", parsed_args.rule_id)
        return showing(self.client.get(*path))


class ListPolicyRules(ApiLister):
    """List the rules of a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_policy(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        found = self.client.get("policies", parsed_args.policy_name, "rules")["results"]
        return listing(found, ("id", "name", "comment", "rule"))
