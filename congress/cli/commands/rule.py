"""``congress policy rule …``, also ``congress rule …``."""

import argparse
from typing import Any

from congress.cli.command import (
    ApiCommand,
    ApiShow,
    Listing,
    Showing,
    showing,
)
from congress.cli.commands.policy import add_policy
from congress.cli.impact import add_terms, impact_lines, read_terms, show_impact
from congress.cli.parts import PartLister, TaggedShow, add_condition, things


def _add_rule(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("rule_id", metavar="<rule>", help="ID or name of the rule")
    return parser


def _add_text(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("rule", metavar="<rule-text>", help="for instance 'p(x) :- q(x)'")
    return parser


def _add_remarks(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--name", dest="rule_name", metavar="<name>", help="its name")
    parser.add_argument("--comment", metavar="<comment>", help="what it is for")
    return parser


def _body(parsed_args: argparse.Namespace) -> dict[str, Any]:
    """What was given of a rule."""
    members = {
        "rule": parsed_args.rule,
        "name": parsed_args.rule_name,
        "comment": parsed_args.comment,
    }
    return {name: value for name, value in members.items() if value is not None}


class CreatePolicyRule(ApiShow):
    """Add a rule or fact to a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_terms(_add_remarks(_add_text(add_policy(super().get_parser(prog_name)))))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path, terms = ("policies", parsed_args.policy_name, "rules"), read_terms(parsed_args)
        texts = parsed_args.rule
        made = self.client.post(*path, body=_body(parsed_args), texts=texts, **terms)
        return show_impact(made) if parsed_args.dry_run else showing(made)


class UpdatePolicyRule(ApiShow):
    """Give a rule of a policy another text, name or comment; the rest stays."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_condition(_add_remarks(_add_rule(add_policy(super().get_parser(prog_name)))))
        parser.add_argument("--text", dest="rule", metavar="<rule-text>", help="its new text")
        return add_terms(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "rules", parsed_args.rule_id)
        terms, texts = read_terms(parsed_args), parsed_args.rule
        body, condition = _body(parsed_args), parsed_args.if_match
        changed = self.client.patch(*path, body=body, texts=texts, if_match=condition, **terms)
        return show_impact(changed) if parsed_args.dry_run else showing(changed)


class ReplacePolicyRule(ApiShow):
    """Put another rule in the place of one, which keeps its ID."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_condition(_add_rule(add_policy(super().get_parser(prog_name))))
        return add_terms(_add_remarks(_add_text(parser)))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "rules", parsed_args.rule_id)
        terms, texts = read_terms(parsed_args), parsed_args.rule
        body, condition = _body(parsed_args), parsed_args.if_match
        changed = self.client.put(*path, body=body, texts=texts, if_match=condition, **terms)
        return show_impact(changed) if parsed_args.dry_run else showing(changed)


class DeletePolicyRule(ApiCommand):
    """Delete a rule of a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_condition(_add_rule(add_policy(super().get_parser(prog_name))))
        return add_terms(parser, parking=False)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "rules", parsed_args.rule_id)
        terms, condition = read_terms(parsed_args), parsed_args.if_match
        deleted = self.client.delete(*path, if_match=condition, **terms)
        if parsed_args.dry_run:
            for line in impact_lines(deleted):
                print(line, file=self.app.stdout)


class ShowPolicyRuleStatus(ApiShow):
    """Show whether a rule of a policy is in force."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_rule(add_policy(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "rules", parsed_args.rule_id, "status")
        return showing(self.client.get(*path))


class ShowPolicyRule(TaggedShow):
    """Show a rule of a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_rule(add_policy(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "rules", parsed_args.rule_id)
        return self.show_tagged(parsed_args, *path)


class ListPolicyRules(PartLister):
    """List the rules of a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_policy(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        path = ("policies", parsed_args.policy_name, "rules")
        return self.list_part(parsed_args, things(("id", "name", "comment", "rule")), *path)
