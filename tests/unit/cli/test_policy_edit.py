"""The commands that change policies and rules, and what they tell when they only try."""

import json
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from congress.cli.client import Answer
from tests.unit.cli.case import CliTestCase

POLICIES = """
name: one
rules:
- rule: p(1)
---
name: two
description: second
"""

IMPACT = {
    "valid": True,
    "result": {"revision": 3, "steps": []},
    "warnings": [
        {"code": "unused-variable", "severity": "warning", "message": "y occurs only once"}
    ],
    "tables": [
        {
            "policy": "p",
            "table": "error",
            "added": 3,
            "removed": 1,
            "added_rows": [["vm1", 3], ["\x1b[2J", None]],
            "removed_rows": [["vm2", True]],
        }
    ],
    "actions": {
        "activated": [
            {
                "datasource": "nova",
                "action": "servers.pause",
                "arguments": ["vm1"],
                "policy": "p",
                "rule": "r",
            }
        ],
        "deactivated": [],
    },
}

TOLD = [
    "warning[unused-variable]: y occurs only once",
    '- p:error("vm2", true)',
    '+ p:error("vm1", 3)',
    r'+ p:error("\u001b[2J", null)',
    "+ p:error: 1 more rows",
    '+ execute[nova:servers.pause("vm1")]',
]


class EditTestCase(CliTestCase):
    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.file = Path(holder.name, "policies.yaml")

    def json(self, *arguments: str) -> Any:
        """What a command printed as JSON."""
        return json.loads(self.output(*arguments, "-f", "json"))

    def rules(self, policy: str) -> list[str]:
        """The texts of a policy's rules."""
        found = self.get(f"/v1/policies/{policy}/rules")["results"]
        return [rule["rule"] for rule in found]

    def state(self) -> str:
        """Everything that a change of policy could change."""
        return repr((self.behind.engine.policies, self.behind.engine.rules))


class ApplyTest(EditTestCase):
    def apply(self, text: str, *options: str) -> Any:
        self.file.write_text(text)
        return self.json("policy", "apply", str(self.file), *options)

    def test_policies_become_as_the_file_has_them(self) -> None:
        steps = self.apply(POLICIES)
        self.assertEqual(
            [("create", "one"), ("create", "two")], [(s["op"], s["policy"]) for s in steps]
        )
        self.assertEqual(["p(1)"], self.rules("one"))
        self.assertEqual("second", self.get("/v1/policies/two")["description"])
        self.assertEqual("update", self.apply("policies:\n- name: two\n")[0]["op"])
        self.assertEqual("second", self.get("/v1/policies/two")["description"])

    def test_several_files_are_one_request(self) -> None:
        other = self.file.with_name("other.yaml")
        other.write_text("name: three\n")
        self.file.write_text(POLICIES)
        self.transport.sent.clear()
        self.output("policy", "apply", str(self.file), str(other))
        self.assertEqual([("POST", "/v1/policies")], self.transport.sent)
        self.get("/v1/policies/three")

    def test_options_are_passed_on(self) -> None:
        engine = self.behind.engine
        done = {"revision": 1, "steps": []}
        with mock.patch.object(engine, "policy_apply", return_value=done) as asked:
            self.apply(POLICIES, "--prune", "--revision", "7", "--allow-parked")
        asked = asked.call_args.kwargs
        self.assertEqual(
            (True, 7, True), tuple(asked[k] for k in ("prune", "revision", "allow_parked"))
        )

    def test_another_revision_changes_nothing(self) -> None:
        self.file.write_text(POLICIES)
        code, _out, err = self.run_command("policy", "apply", str(self.file), "--revision", "9999")
        self.assertEqual(1, code)
        self.assertIn("error[changed]", err)
        self.refused(404, "GET", "/v1/policies/one")

    def test_the_offending_rule_is_underlined(self) -> None:
        self.file.write_text("name: one\n---\nname: two\nrules:\n- rule: p(!)\n")
        problem = {
            "code": "syntax",
            "message": "no",
            "severity": "error",
            "where": "policies[1].rules[0]",
            "span": {"start": 2, "end": 3, "line": 1, "column": 3},
        }
        answer = Answer(400, json.dumps({"error": {"message": "no", "diagnostics": [problem]}}))
        with mock.patch.object(self.transport, "send", return_value=answer):
            code, _out, err = self.run_command("policy", "apply", str(self.file))
        self.assertEqual(1, code)
        self.assertIn("   1 | p(!)\n         ^", err)

    def test_a_dry_run_tells_and_changes_nothing(self) -> None:
        self.file.write_text(POLICIES)
        self.assertIn("create", self.output("policy", "apply", str(self.file), "--dry-run"))
        self.refused(404, "GET", "/v1/policies/one")
        with mock.patch.object(self.behind.engine, "policy_apply", return_value=IMPACT):
            code, out, err = self.run_command("policy", "apply", str(self.file), "--dry-run")
        self.assertEqual((0, TOLD), (code, err.splitlines()), out)

    def test_files_that_cannot_be_used(self) -> None:
        for text in ("", "---\n", "5", "name: p\nrules: {}", "name: p\nrules: [p(1)]", "a: ["):
            with self.subTest(text=text):
                self.file.write_text(text)
                self.transport.sent.clear()
                code, _out, err = self.run_command("policy", "apply", str(self.file))
                self.assertEqual(1, code)
                self.assertIn(str(self.file), err)
                self.assertEqual([], self.transport.sent)


class ChangeTest(EditTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.output("policy", "create", "p", "--description", "old")
        self.output("rule", "create", "p", "q(1)", "--name", "n", "--comment", "c")

    def test_a_policy_is_changed_in_part(self) -> None:
        changed = self.json("policy", "update", "p", "--abbreviation", "ab")
        self.assertEqual(("ab", "old"), (changed["abbreviation"], changed["description"]))
        self.assertEqual(["q(1)"], self.rules("p"))

    def test_a_policy_is_replaced(self) -> None:
        self.file.write_text("name: p\nrules:\n- rule: q(2)\n")
        changed = self.json("policy", "replace", "p", str(self.file))
        self.assertEqual("", changed["description"])
        self.assertEqual(["q(2)"], self.rules("p"))

    def test_a_rule_is_changed_in_part(self) -> None:
        for prefix in (("policy", "rule"), ("rule",)):
            self.output(*prefix, "update", "p", "n", "--text", "q(3)")
            shown = self.json(*prefix, "show", "p", "n")
            self.assertEqual(("q(3)", "c"), (shown["rule"], shown["comment"]))

    def test_a_rule_is_replaced(self) -> None:
        before = self.json("rule", "show", "p", "n")["id"]
        self.output("rule", "replace", "p", "n", "q(4)", "--name", "m")
        shown = self.json("rule", "show", "p", "m")
        self.assertEqual((before, "q(4)", ""), tuple(shown[k] for k in ("id", "rule", "comment")))

    def test_status(self) -> None:
        self.assertEqual("p", self.json("policy", "status", "show", "p")["name"])
        self.assertEqual("q(1)", self.json("rule", "status", "show", "p", "n")["original_str"])

    def test_dry_runs_change_nothing(self) -> None:
        self.file.write_text("name: fresh\nrules:\n- rule: q(2)\n")
        self.output("library", "create", str(self.file))
        before = self.state()
        fresh = self.file.with_name("p.yaml")
        fresh.write_text("name: p\nrules:\n- rule: q(2)\n")
        for line in (
            f"policy create-from-file {self.file}",
            "policy update p --description new",
            f"policy replace p {fresh}",
            "policy delete p",
            "library activate fresh",
            "rule create p q(2)",
            "rule update p n --text q(2)",
            "rule replace p n q(2)",
            "rule delete p n",
        ):
            with self.subTest(line=line):
                code, _out, err = self.run_command(*line.split(), "--dry-run")
                self.assertEqual((0, ""), (code, err))
                self.assertEqual(
                    before, repr((self.behind.engine.policies, self.behind.engine.rules))
                )

    def test_the_impact_is_shown(self) -> None:
        engine = self.behind.engine
        with mock.patch.object(engine, "rule_create", return_value=IMPACT):
            shown = self.json("rule", "create", "p", "q(2)", "--dry-run")
        self.assertEqual({"would change": "\n".join(TOLD)}, shown)
        with mock.patch.object(engine, "rule_delete", return_value=IMPACT):
            printed = self.output("rule", "delete", "p", "n", "--dry-run")
        self.assertEqual(TOLD, printed.splitlines())
        self.assertEqual(
            "nothing", self.json("rule", "create", "p", "q(2)", "--dry-run")["would change"]
        )
