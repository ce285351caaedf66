"""``congress policy …``: what changes policies.

With ``--dry-run`` each tells what would follow, and changes nothing.
"""

import argparse
from pathlib import Path
from typing import Any

from congress.cli.command import (
    ApiCommand,
    ApiLister,
    ApiShow,
    Listing,
    Showing,
    listing,
    showing,
    showing_with_rules,
)
from congress.cli.commands.policy import add_policy
from congress.cli.impact import add_terms, impact_lines, read_terms, show_impact
from congress.cli.parts import add_condition
from congress.cli.policy_file import read_policies, read_policy_file, rule_texts

KINDS = ("nonrecursive", "action", "datalog", "z3", "database", "materialized")


def add_properties(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """What is said about a policy."""
    parser.add_argument("--description", metavar="<description>", help="what it is for")
    parser.add_argument(
        "--abbreviation", metavar="<abbreviation>", help="up to 5 characters, for traces"
    )
    parser.add_argument(
        "--kind", metavar="<kind>", choices=KINDS, help="nonrecursive (default), action, datalog"
    )
    return parser


def read_properties(parsed_args: argparse.Namespace) -> dict[str, Any]:
    """What was said about it; null for what was not."""
    return {name: getattr(parsed_args, name) for name in ("description", "abbreviation", "kind")}


class CreatePolicy(ApiShow):
    """Create a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = super().get_parser(prog_name)
        parser.add_argument("policy_name", metavar="<policy-name>", help="its name")
        return add_properties(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        body = {"name": parsed_args.policy_name, **read_properties(parsed_args)}
        return showing(self.client.post("policies", body=body))


class CreatePolicyFromFile(ApiShow):
    """Create a policy with its rules from a YAML file."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_terms(super().get_parser(prog_name))
        parser.add_argument("policy_file_path", metavar="<policy-file-path>", help="the file")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        body = read_policy_file(Path(parsed_args.policy_file_path))
        terms = read_terms(parsed_args)
        made = self.client.post("policies", body=body, texts=rule_texts(body), **terms)
        return show_impact(made) if parsed_args.dry_run else showing_with_rules(made)


class UpdatePolicy(ApiShow):
    """Change what is said about a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_condition(add_properties(add_policy(super().get_parser(prog_name))))
        return add_terms(parser, parking=False)

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        properties = read_properties(parsed_args).items()
        given = {name: value for name, value in properties if value is not None}
        path, terms = ("policies", parsed_args.policy_name), read_terms(parsed_args)
        changed = self.client.patch(*path, body=given, if_match=parsed_args.if_match, **terms)
        return show_impact(changed) if parsed_args.dry_run else showing(changed)


class ReplacePolicy(ApiShow):
    """Let a policy be as a YAML file has it; rules that are not there are deleted."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_terms(add_condition(add_policy(super().get_parser(prog_name))))
        parser.add_argument("file", metavar="<file>", help="YAML file with the policy")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        body = read_policy_file(Path(parsed_args.file))
        path, terms = ("policies", parsed_args.policy_name), read_terms(parsed_args)
        texts, condition = rule_texts(body), parsed_args.if_match
        changed = self.client.put(*path, body=body, texts=texts, if_match=condition, **terms)
        return show_impact(changed) if parsed_args.dry_run else showing(changed)


class DeletePolicy(ApiCommand):
    """Delete a policy and its rules."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_terms(add_condition(add_policy(super().get_parser(prog_name))), parking=False)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        path, condition = ("policies", parsed_args.policy_name), parsed_args.if_match
        deleted = self.client.delete(*path, if_match=condition, **read_terms(parsed_args))
        if parsed_args.dry_run:
            for line in impact_lines(deleted):
                print(line, file=self.app.stdout)


class ApplyPolicies(ApiLister):
    """Create and change policies until they are as YAML files have them, all or nothing.

    A file holds one policy, or several, separated by lines of three dashes. What they leave
    out stays as it is. The steps that took are listed; with --dry-run those it would take,
    with what would follow on standard error.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_terms(super().get_parser(prog_name))
        parser.add_argument("files", metavar="<file>", nargs="+", help="YAML file with policies")
        parser.add_argument(
            "--prune",
            action="store_true",
            help="delete all other policies, but those of the system",
        )
        parser.add_argument(
            "--revision",
            metavar="<n>",
            type=int,
            help="do it only if policy is at this revision",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        policies = [policy for file in parsed_args.files for policy in read_policies(Path(file))]
        texts = {
            f"policies[{index}].{place}": text
            for index, policy in enumerate(policies)
            for place, text in rule_texts(policy).items()
        }
        done = self.client.post(
            "policies",
            body={"policies": policies},
            texts=texts,
            action="apply",
            prune=parsed_args.prune or None,
            revision=parsed_args.revision,
            **read_terms(parsed_args),
        )
        if parsed_args.dry_run:
            for line in impact_lines(done):
                print(line, file=self.app.stderr)
            done = done["result"]
        return listing(done["steps"], ("op", "kind", "policy", "rule"))
