"""``congress library …``: policies to choose from, and to make policies of."""

import argparse
from pathlib import Path

from congress.cli.client import RequestFailed
from congress.cli.command import (
    ApiCommand,
    ApiLister,
    ApiShow,
    Listing,
    Showing,
    showing_with_rules,
)
from congress.cli.commands.policy_edit import add_properties, read_properties
from congress.cli.impact import add_terms, read_terms, show_impact
from congress.cli.parts import PartLister, TaggedShow, add_condition, things
from congress.cli.policy_file import read_policy_file, rule_texts
from congress.model.diagnostic import diagnostic_from_plain

PLACE = "librarypolicies"


def _add_library(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("library", metavar="<library-policy>", help="name or ID of it")
    return parser


def _add_file(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("file", metavar="<file>", help="YAML file with the policy")
    return parser


class ListLibrary(PartLister):
    """List the policies of the library."""

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        shape = things(("id", "name", "kind", "description"))
        # The server would leave the rules out even where they are asked for.
        more = {} if parsed_args.fields else {"include_rules": False}
        return self.list_part(parsed_args, shape, PLACE, **more)


class ShowLibraryPolicy(TaggedShow):
    """Show a library policy with its rules."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_library(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        path = (PLACE, parsed_args.library)
        return self.show_tagged(parsed_args, *path, shape=showing_with_rules)


class ActivateLibraryPolicy(ApiShow):
    """Create a policy as the library has it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_terms(_add_library(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        terms = read_terms(parsed_args)
        made = self.client.post("policies", body={}, library_policy=parsed_args.library, **terms)
        return show_impact(made) if parsed_args.dry_run else showing_with_rules(made)


class CreateLibraryPolicy(ApiShow):
    """Add a policy to the library."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return _add_file(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        policy = read_policy_file(Path(parsed_args.file))
        return showing_with_rules(self.client.post(PLACE, body=policy, texts=rule_texts(policy)))


class ReplaceLibraryPolicy(ApiShow):
    """Put another policy in the place of one, which keeps its ID."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_condition(_add_file(_add_library(super().get_parser(prog_name))))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        policy = read_policy_file(Path(parsed_args.file))
        path, texts = (PLACE, parsed_args.library), rule_texts(policy)
        condition = parsed_args.if_match
        return showing_with_rules(
            self.client.put(*path, body=policy, texts=texts, if_match=condition)
        )


class UpdateLibraryPolicy(ApiShow):
    """Change what a library policy is called and what is said about it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_condition(_add_library(super().get_parser(prog_name)))
        parser.add_argument("--name", dest="new_name", metavar="<name>", help="its new name")
        return add_properties(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        changes = {"name": parsed_args.new_name, **read_properties(parsed_args)}
        given = {name: value for name, value in changes.items() if value is not None}
        path, condition = (PLACE, parsed_args.library), parsed_args.if_match
        return showing_with_rules(self.client.patch(*path, body=given, if_match=condition))


class DeleteLibraryPolicy(ApiCommand):
    """Delete a library policy; policies that were made of it stay."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_condition(_add_library(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        self.client.delete(PLACE, parsed_args.library, if_match=parsed_args.if_match)


class LoadLibrary(ApiLister):
    """Have the server load the files of its library anew, and list what that did."""

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        done = self.client.post(PLACE, "load")
        problems = [diagnostic_from_plain(problem) for problem in done.pop("problems")]
        if problems:
            print(RequestFailed("", tuple(problems)), file=self.app.stderr)
        return ("policy", "outcome"), [
            (name, outcome) for outcome, names in done.items() for name in names
        ]
