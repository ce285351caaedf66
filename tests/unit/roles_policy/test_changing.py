"""Changing policies and rules that exist, and applying descriptions of whole policies."""

from typing import Any

from congress.model.diagnostic import Refused
from congress.testing.language import BUILTINS
from tests.unit.roles_policy.harness import PolicyEngineTestCase, table


class PolicyChangeTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.call("policy_create", name="p", description="before")

    def change(self, **description: Any) -> Any:
        return self.call("policy_update", policy="p", description=description)

    def test_what_is_left_out_stays(self) -> None:
        changed = self.change(abbreviation="abc")
        self.assertEqual({**self.made, "abbreviation": "abc"}, changed)
        self.assertEqual(changed, self.call("policy_show", policy="p"))

    def test_null_is_the_default(self) -> None:
        self.change(abbreviation="abc")
        changed = self.change(description=None, abbreviation=None)
        self.assertEqual(("", "p"), (changed["description"], changed["abbreviation"]))

    def test_its_id_names_it_too(self) -> None:
        self.call("policy_update", policy=self.made["id"], description={"description": "x"})
        self.assertEqual("x", self.call("policy_show", policy="p")["description"])

    def test_a_change_is_a_revision_that_another_engine_follows(self) -> None:
        before = self.call("engine_status")["revision"]
        self.change(description="after")
        self.assertEqual(before + 1, self.call("engine_status")["revision"])
        self.change(description="after")
        self.assertEqual(before + 1, self.call("engine_status")["revision"])

    def test_the_kind_changes_with_the_rules_in_force(self) -> None:
        self.rule("p", "a(1)")
        rule = self.rule("p", "b(x) :- a(x)")
        self.rule("classification", "c(x) :- p:b(x)")
        self.change(kind="datalog")
        self.rule("p", "a(x) :- b(x)")
        self.assertEqual([[1]], self.rows("classification", "c"))
        self.assertEqual("active", self.call("rule_status", policy="p", rule=rule)["state"])
        self.assertEqual("recursion", self.code(kind="nonrecursive"))
        self.assertEqual("datalog", self.call("policy_show", policy="p")["kind"])

    def test_the_name_stays(self) -> None:
        self.change(name="p")
        self.assertEqual("invalid", self.code(name="q"))

    def test_system_policies_keep_their_kind(self) -> None:
        description = {"kind": "datalog"}
        code = self.refused("policy_update", policy="action", description=description)
        self.assertEqual("bad-kind", code)

    def test_rules_are_replaced_and_equivalent_ones_keep_their_ids(self) -> None:
        kept, gone = self.rule("p", "a(x) :- b(x)"), self.rule("p", "b(1)")
        self.change(rules=[{"rule": "a(x)  :-  b(x)", "comment": "c"}, {"rule": "b(2)"}])
        rules = {rule["id"]: rule for rule in self.call("rule_list", policy="p")}
        self.assertEqual(("a(x)  :-  b(x)", "c"), (rules[kept]["rule"], rules[kept]["comment"]))
        self.assertNotIn(gone, rules)
        self.assertEqual([[2]], self.rows("p", "a"))
        self.change(rules=[])
        self.assertEqual([], self.call("rule_list", policy="p"))

    def test_one_bad_rule_leaves_everything_as_it_was(self) -> None:
        self.rule("p", "a(1)")
        rules = [{"rule": "b(1)"}, {"rule": "c(x) :- not b(x)"}]
        with self.assertRaises(Refused) as caught:
            self.change(description="after", rules=rules)
        self.assertEqual("rules[1]", caught.exception.diagnostics[0].where)
        self.assertEqual("before", self.call("policy_show", policy="p")["description"])
        self.assertEqual([[1]], self.rows("p", "a"))

    def test_what_somebody_else_changed_is_not_overwritten(self) -> None:
        self.change(description="theirs")
        for method, more in (
            ("policy_update", {"description": {"description": "ours"}}),
            ("policy_delete", {}),
        ):
            code = self.refused(method, policy="p", seen=self.made, **more)
            self.assertEqual("changed", code)
        seen = self.call("policy_show", policy="p")
        self.call("policy_update", policy="p", description={"description": "ours"}, seen=seen)

    def test_what_is_not_there(self) -> None:
        code = self.refused("policy_update", policy="nosuch", description={})
        self.assertEqual("not-found", code)

    def code(self, **description: Any) -> str:
        return self.refused("policy_update", policy="p", description=description)


class RuleChangeTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.rule("classification", "a(1)")
        self.rule("classification", "c(1)")
        self.made = self.rule("classification", "b(x) :- a(x)", name="n", comment="c")

    def change(self, which: str = "", **changes: Any) -> Any:
        which = which or self.made
        return self.call("rule_update", policy="classification", rule=which, changes=changes)

    def test_a_rule_keeps_its_id(self) -> None:
        changed = self.change(rule="b(x) :- a(x), c(x)")
        self.assertEqual(
            (self.made, "n", "c"), tuple(changed[k] for k in ("id", "name", "comment"))
        )
        listed = [rule["id"] for rule in self.call("rule_list", policy="classification")]
        self.assertEqual(1, listed.count(self.made))

    def test_the_new_text_is_in_force(self) -> None:
        self.change(rule="d(x) :- a(x)")
        self.assertEqual([[1]], self.rows("classification", "d"))
        self.assertNotIn("b", self.call("table_list", policy="classification"))
        status = self.call("rule_status", policy="classification", rule=self.made)
        self.assertEqual(("active", "d(x) :- a(x)"), (status["state"], status["original_str"]))

    def test_a_fact_may_become_a_rule_and_back(self) -> None:
        self.change(rule="b(2)")
        self.assertEqual([[2]], self.rows("classification", "b"))
        self.change(rule="b(x) :- a(x)")
        self.assertEqual([[1]], self.rows("classification", "b"))

    def test_only_what_is_given_changes(self) -> None:
        changed = self.change("n", name="m", comment=None)
        self.assertEqual(("m", "", "b(x) :- a(x)"), self.parts(changed))

    def test_an_equivalent_rule_is_there_already(self) -> None:
        other = self.rule("classification", "d(x) :- a(x)")
        code = self.code(other, rule="b(x) :-   a(x)")
        self.assertEqual("duplicate-rule", code)
        self.assertEqual("b(x)  :-  a(x)", self.change(rule="b(x)  :-  a(x)")["rule"])

    def test_a_bad_rule_leaves_the_old_one_in_force(self) -> None:
        self.assertEqual("unsafe", self.code(self.made, rule="b(x) :- not a(x)"))
        self.assertEqual("invalid", self.code(self.made, rule=None))
        self.assertEqual([[1]], self.rows("classification", "b"))

    def test_what_somebody_else_changed_is_not_overwritten(self) -> None:
        seen = self.call("rule_show", policy="classification", rule=self.made)
        self.change(comment="theirs")
        for method, more in (("rule_update", {"changes": {"comment": "x"}}), ("rule_delete", {})):
            code = self.refused(method, policy="classification", rule=self.made, seen=seen, **more)
            self.assertEqual("changed", code)

    def parts(self, rule: Any) -> tuple[Any, ...]:
        return rule["name"], rule["comment"], rule["rule"]

    def code(self, which: str, **changes: Any) -> str:
        return self.refused("rule_update", policy="classification", rule=which, changes=changes)


class ApplyTest(PolicyEngineTestCase):
    def apply(self, *policies: Any, **more: Any) -> Any:
        return self.call("policy_apply", policies=list(policies), **more)

    def steps(self, answer: Any) -> list[tuple[str, ...]]:
        return [(s["op"], s["policy"], s.get("rule", "")) for s in answer["steps"]]

    def test_policies_become_as_described_in_one_revision(self) -> None:
        self.call("policy_create", name="p", description="before")
        gone = self.rule("p", "a(1)")
        revision = self.call("engine_status")["revision"]
        answer = self.apply(
            {"name": "p", "rules": [{"rule": "a(2)"}]},
            {"name": "q", "kind": "datalog", "rules": [{"rule": "b(x) :- p:a(x)"}]},
        )
        self.assertEqual(revision + 1, answer["revision"])
        expected = [
            ("delete", "p", "a(1)"),
            ("create", "p", "a(2)"),
            ("create", "q", ""),
            ("create", "q", "b(x) :- p:a(x)"),
        ]
        self.assertEqual(expected, self.steps(answer))
        self.assertEqual(gone, answer["steps"][0]["id"])
        self.assertEqual([[2]], self.rows("q", "b"))
        self.assertEqual("before", self.call("policy_show", policy="p")["description"])

    def test_a_second_time_changes_nothing(self) -> None:
        described = {"name": "p", "description": "d", "rules": [{"rule": "a(1)", "name": "n"}]}
        first = self.apply(described)
        second = self.apply(described)
        self.assertEqual((first["revision"], []), (second["revision"], second["steps"]))

    def test_all_or_nothing_with_every_problem(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.apply(
                {"name": "p", "rules": [{"rule": "a(1)"}, {"rule": "a("}]},
                {"name": "9a"},
                {"name": "action", "kind": "datalog"},
                {"rules": []},
            )
        places = [diagnostic.where for diagnostic in caught.exception.diagnostics]
        expected = ["policies[0].rules[1]", "policies[1].name"]
        self.assertEqual([*expected, "policies[2].kind", "policies[3].name"], places)
        self.assertEqual("not-found", self.refused("policy_show", policy="p"))

    def test_a_rule_that_the_engine_refuses_is_told(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.apply({"name": "p", "rules": [{"rule": "a(1)"}, {"rule": "b(x) :- not a(x)"}]})
        [problem] = caught.exception.diagnostics
        self.assertEqual(("unsafe", "policies[0].rules[1]"), (problem.code, problem.where))

    def test_others_are_deleted_only_on_request(self) -> None:
        self.call("policy_create", name="old")
        self.assertEqual([("create", "p", "")], self.steps(self.apply({"name": "p"})))
        self.assertEqual([("delete", "old", "")], self.steps(self.apply({"name": "p"}, prune=True)))
        names = [policy["name"] for policy in self.call("policy_list")]
        self.assertEqual(["action", "classification", "p"], names)

    def test_what_a_policy_depends_on_must_be_there(self) -> None:
        needy = {"name": "p", "depends-on": ["q", "nova"]}
        self.configure("nova")
        self.assertEqual("invalid", self.refused("policy_apply", policies=[needy]))
        self.apply(needy, {"name": "q"})

    def test_names_are_free_and_described_once(self) -> None:
        self.configure("nova")
        code = self.refused("policy_apply", policies=[{"name": "nova"}])
        self.assertEqual("duplicate-policy", code)
        code = self.refused("policy_apply", policies=[{"name": "p"}, {"name": "p"}])
        self.assertEqual("invalid", code)

    def test_a_plan_is_carried_out_only_while_it_holds(self) -> None:
        plan = self.apply({"name": "p"}, validate_only=True)
        revision = self.call("engine_status")["revision"]
        self.assertEqual(revision + 1, plan["result"]["revision"])
        self.call("policy_create", name="other")
        refused = self.refused("policy_apply", policies=[{"name": "p"}], revision=revision)
        self.assertEqual("changed", refused)
        self.apply({"name": "p"}, revision=revision + 1)

    def test_wrong_forms(self) -> None:
        for policies in (None, {}, [1], [[]]):
            self.assertEqual("invalid", self.refused("policy_apply", policies=policies))


class ValidateTest(PolicyEngineTestCase):
    """Nothing is written, and what would follow is told from live data."""

    builtins = BUILTINS

    def setUp(self) -> None:
        super().setUp()
        self.configure("nova")
        self.publish_source("nova", table("servers", "id", "size"))
        self.call("policy_create", name="p")
        self.rule("p", "big(x) :- nova:servers(x, s), builtin:gt(s, 5)")
        self.rule("action", "execute[nova:pause(x)] :- p:bad(x)")
        self.send_rows("nova", "servers", ("vm1", 3), ("vm2", 8))
        self.before = self.state()

    def state(self) -> Any:
        policies = {p["name"]: p for p in self.call("policy_list")}
        rules = {name: self.call("rule_list", policy=name) for name in policies}
        return policies, rules, self.call("engine_status")["revision"], self.desired("nova")

    def validate(self, method: str, **args: Any) -> Any:
        try:
            return self.call(method, **args, validate_only=True)
        finally:
            self.assertEqual(self.before, self.state())

    def test_the_impact_of_a_rule(self) -> None:
        found = self.validate("rule_create", policy="p", rule="bad(x) :- big(x)")
        self.assertTrue(found["valid"])
        self.assertEqual("bad(x) :-\n  big(x)", found["result"]["rule"])
        self.assertEqual([], found["warnings"])
        bad = {"policy": "p", "table": "bad", "added": 1, "removed": 0}
        self.assertEqual([{**bad, "added_rows": [["vm2"]], "removed_rows": []}], found["tables"])
        [action] = found["actions"]["activated"]
        self.assertEqual(("nova", "pause", ["vm2"]), tuple(action[k] for k in list(action)[:3]))
        self.assertEqual([], found["actions"]["deactivated"])

    def test_the_impact_of_deleting_and_of_changing(self) -> None:
        [rule] = self.call("rule_list", policy="p")
        gone = self.validate("rule_delete", policy="p", rule=rule["id"])
        self.assertEqual([("big", 0, 1)], self.numbers(gone))
        changes = {"rule": "big(x) :- nova:servers(x, s), builtin:gt(s, 2)"}
        changed = self.validate("rule_update", policy="p", rule=rule["id"], changes=changes)
        self.assertEqual([("big", 1, 0)], self.numbers(changed))
        self.assertEqual([("big", 0, 1)], self.numbers(self.validate("policy_delete", policy="p")))

    def test_the_impact_of_whole_policies(self) -> None:
        rules = [{"rule": "bad(x) :- nova:servers(x, _)"}]
        policy = {"name": "p", "rules": rules}
        found = self.validate("policy_apply", policies=[policy])
        self.assertEqual([("bad", 2, 0), ("big", 0, 1)], self.numbers(found))
        self.assertEqual(2, len(found["actions"]["activated"]))
        self.assertEqual(["delete", "create"], [s["op"] for s in found["result"]["steps"]])
        created = self.validate("policy_create", **{**policy, "name": "q"})
        self.assertEqual([("bad", 2, 0)], self.numbers(created))
        found = self.validate("policy_update", policy="p", description={"rules": rules})
        self.assertEqual([("bad", 2, 0), ("big", 0, 1)], self.numbers(found))

    def test_many_rows_are_counted_and_some_shown(self) -> None:
        self.send_rows("nova", "servers", *[(f"vm{number:03}", 9) for number in range(150)])
        self.before = self.state()
        found = self.validate("rule_create", policy="p", rule="all(x) :- nova:servers(x, _)")
        [shown] = found["tables"]
        self.assertEqual((150, 100), (shown["added"], len(shown["added_rows"])))
        self.assertEqual(["vm000"], shown["added_rows"][0])

    def test_what_would_be_refused_is_refused(self) -> None:
        cases: list[tuple[str, str]] = [
            ("p(x) :- not q(x)", "unsafe"),
            ("a(1), b(", "syntax"),
            ("big(x) :- nova:servers(x, s), builtin:gt(s, 5)", "duplicate-rule"),
            ("a(x) :- nova:servers(nosuch=x)", "column-name"),
        ]
        for text, code in cases:
            with self.subTest(text=text), self.assertRaises(Refused) as caught:
                self.validate("rule_create", policy="p", rule=text)
            self.assertEqual(code, caught.exception.code)

    def test_nothing_to_do_has_no_impact(self) -> None:
        found = self.validate("policy_update", policy="p", description={"description": ""})
        self.assertEqual(([], []), (found["tables"], found["actions"]["activated"]))

    def test_warnings_are_told(self) -> None:
        found = self.validate("rule_create", policy="p", rule="a(x) :- nova:servers(x, unused)")
        self.assertEqual(["unused-variable"], [warning["code"] for warning in found["warnings"]])

    def numbers(self, found: Any) -> list[tuple[str, int, int]]:
        return [(each["table"], each["added"], each["removed"]) for each in found["tables"]]
