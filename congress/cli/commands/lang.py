"""``congress lang …``: tools for people who write policies. They ask no server.

The engine is imported when a command runs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TextIO

from congress.cli.command import OfflineCommand, TextCell


def _add_files(parser: argparse.ArgumentParser, what: str) -> argparse.ArgumentParser:
    parser.add_argument("files", metavar="<file>", nargs="+", type=Path, help=what)
    return parser


def _add_given(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--given",
        metavar="<file>",
        type=Path,
        action="append",
        default=[],
        help="YAML file of steps that come first: schemas, rows, other policies; repeatable",
    )
    return parser


def _show(text: str, stream: TextIO) -> None:
    """Print a text that may quote files of others: what it holds does not command the terminal."""
    print(TextCell(text).human_readable(), file=stream)


class CheckPolicies(OfflineCommand):
    """Tell everything that is wrong with policies in files, and all advice about them."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_given(_add_files(super().get_parser(prog_name), "a policy; they go together"))
        parser.add_argument(
            "--format",
            choices=("text", "json"),
            default="text",
            help="text for people (default), JSON for programs",
        )
        parser.add_argument("--strict", action="store_true", help="let warnings count as errors")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """See cliff."""
        from congress.cli.lang.checking import check_files
        from congress.cli.lang.findings import as_json, as_text

        findings = check_files(parsed_args.files, parsed_args.given)
        if parsed_args.format == "json":
            print(as_json(findings), file=self.app.stdout)
        else:
            _show(as_text(findings, len(parsed_args.files)), self.app.stdout)
        return int(any(finding.error or parsed_args.strict for finding in findings))


class FormatPolicies(OfflineCommand):
    """Lay texts of rules out in the one canonical way, comments included."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_files(super().get_parser(prog_name), "a text of rules")
        parser.add_argument("--write", action="store_true", help="write it into the files")
        parser.add_argument(
            "--check", action="store_true", help="only name the files that would change"
        )
        parser.add_argument("--diff", action="store_true", help="only show what would change")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """See cliff."""
        from congress.cli.lang.formatting import lay_out_files

        layouts, findings = lay_out_files(parsed_args.files)
        changed = [layout for layout in layouts if layout.changed]
        for finding in findings:
            _show(finding.render(), self.app.stderr)
        if parsed_args.diff:
            for layout in changed:
                self.app.stdout.write(layout.diff())
        if parsed_args.write:
            for layout in changed:
                layout.path.write_text(layout.after, encoding="utf-8")
        if parsed_args.check:
            for layout in changed:
                print(layout.path, file=self.app.stdout)
        elif not (parsed_args.diff or parsed_args.write):
            for layout in layouts:
                self.app.stdout.write(layout.after)
        return int(bool(findings or (parsed_args.check and changed)))


class TestPolicies(OfflineCommand):
    """Run tests of policies: what is given, what happens, what is expected."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = _add_files(super().get_parser(prog_name), "a YAML file of tests")
        parser.add_argument(
            "--coverage", action="store_true", help="tell what of the rules no test has shown"
        )
        parser.add_argument(
            "--fail-under",
            metavar="<percent>",
            type=float,
            help="end with 1 if the coverage is less",
        )
        parser.add_argument("--json", action="store_true", help="print JSON for programs")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """See cliff."""
        from congress.cli.lang.report import run_files

        covering = parsed_args.coverage or parsed_args.fail_under is not None
        report = run_files(parsed_args.files, covering=covering)
        if parsed_args.json:
            print(report.as_json(), file=self.app.stdout)
        else:
            _show(report.as_text(), self.app.stdout)
        little = parsed_args.fail_under is not None and report.percent < parsed_args.fail_under
        return int(bool(report.failed or little))


class ExplainOverFiles(OfflineCommand):
    """Tell why something holds, or why it does not, in policies over rows that are given."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """See cliff."""
        parser = super().get_parser(prog_name)
        parser.add_argument("query", metavar="<query>", help='for instance over("alice"), over(x)')
        _add_given(_add_files(parser, "a policy; the query is asked in the first"))
        parser.add_argument(
            "--when",
            metavar="<file>",
            type=Path,
            action="append",
            default=[],
            help="YAML file of steps that come after the policies: rows, other rules; repeatable",
        )
        parser.add_argument("--policy", metavar="<policy>", help="ask in this policy")
        parser.add_argument("--json", action="store_true", help="print the object behind the text")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """See cliff."""
        from congress.cli.lang.explaining import explain_over
        from congress.engine import explanation_to_plain, explanation_to_text

        explanation, findings = explain_over(
            parsed_args.query,
            parsed_args.files,
            given=parsed_args.given,
            when=parsed_args.when,
            policy=parsed_args.policy,
        )
        for finding in findings:
            _show(finding.render(), self.app.stderr)
        if explanation is None:
            return 1
        if parsed_args.json:
            print(json.dumps(explanation_to_plain(explanation), indent=2), file=self.app.stdout)
        else:
            _show(explanation_to_text(explanation), self.app.stdout)
        return 0
