"""``congress policy …``: policies, simulations and manual actions."""

import argparse

from congress.cli.command import (
    ApiCommand,
    ApiShow,
    Listing,
    Showing,
    showing,
)
from congress.cli.commands.execution import add_execution_arguments, print_outcome, read_execution
from congress.cli.parts import PartLister, TaggedShow, things


def add_policy(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The argument that names a policy."""
    parser.add_argument("policy_name", metavar="<policy>", help="name or ID of the policy")
    return parser


class ShowPolicy(TaggedShow):
    """Show a policy."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_policy(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        return self.show_tagged(parsed_args, "policies", parsed_args.policy_name)


class ShowPolicyStatus(ApiShow):
    """Show whether a policy, or the one of a data source, is in force."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        return add_policy(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Showing:
        """See cliff."""
        return showing(self.client.get("policies", parsed_args.policy_name, "status"))


class ListPolicies(PartLister):
    """List the policies."""

    def take_action(self, parsed_args: argparse.Namespace) -> Listing:
        """See cliff."""
        columns = ("id", "name", "owner_id", "kind", "description")
        return self.list_part(parsed_args, things(columns), "policies")


class SimulatePolicy(ApiCommand):
    """Tell what a query would answer after a sequence of changes; nothing is changed."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_policy(super().get_parser(prog_name))
        parser.add_argument("query", metavar="<query>", help="for instance error(x)")
        parser.add_argument("sequence", metavar="<sequence>", help='for instance p+("a") q-(2)')
        parser.add_argument(
            "action_policy", metavar="<action-policy>", help="the policy that describes actions"
        )
        parser.add_argument(
            "--delta", action="store_true", help="tell what changes instead of what holds"
        )
        parser.add_argument("--trace", action="store_true", help="tell how the answer comes about")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """See cliff."""
        body = {
            "query": parsed_args.query,
            "sequence": parsed_args.sequence,
            "action_policy": parsed_args.action_policy,
        }
        found = self.client.post(
            "policies",
            parsed_args.policy_name,
            body=body,
            texts=body,
            action="simulate",
            delta=parsed_args.delta,
            trace=parsed_args.trace,
        )
        for answer in found["result"]:
            print(answer, file=self.app.stdout)
        if found.get("trace"):
            print(found["trace"], file=self.app.stdout)


class ExecutePolicyAction(ApiCommand):
    """Have a data source run an action once, named service:action."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = add_policy(super().get_parser(prog_name))
        return add_execution_arguments(parser, "service:action, for instance nova:servers.stop")

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """See cliff."""
        done = self.client.post(
            "policies",
            parsed_args.policy_name,
            body=read_execution(parsed_args),
            action="execute",
            wait=parsed_args.wait or None,
        )
        return print_outcome(done, self.app.stdout)
