"""Tests of congress.engine.statements and congress.engine.transaction."""

from congress.engine import (
    CreatePolicy,
    DeleteRules,
    DropPolicy,
    InsertRules,
    ReplaceTables,
    RuleState,
    SetSchema,
    UpdateTable,
)
from congress.model.diagnostic import Refused
from congress.model.schema import Schema
from tests.unit.engine.case import EngineCase


class StatementsTest(EngineCase):
    def test_accepted_counts_what_changed(self) -> None:
        self.assertEqual(self.insert("a(1) a(1) b(x) :- a(x)").accepted, 2)
        self.assertEqual(self.insert("a(1) a(2) b(x) :- a(x)").accepted, 1)
        self.assertEqual(self.delete("a(1) a(7) b(x) :- a(x)").accepted, 2)

    def test_rules_are_the_same_in_any_order(self) -> None:
        self.insert("a(x) :- b(x), c(x)")
        self.assertEqual(self.insert("a(x) :- c(x), b(x)").accepted, 0)
        self.assertEqual(self.insert("a(y) :- c(y), b(y)").accepted, 1)
        self.assertEqual(self.delete("a(x) :- c(x), b(x)").accepted, 1)

    def test_a_fact_and_a_rule_with_a_true_body_are_independent(self) -> None:
        self.assertEqual(self.insert("a(1) a(1) :- true").accepted, 2)
        self.delete("a(1)")
        self.assertEqual(self.rows("a"), {(1,)})
        self.assertEqual(self.engine.content("p"), ["a(1) :- true()"])

    def test_numbers_in_facts_are_equal_by_value(self) -> None:
        self.insert("m(1) m(2)")
        self.assertEqual(self.delete("m(1.0)").accepted, 1)
        self.assertEqual(self.rows("m"), {(2,)})

    def test_identifiers(self) -> None:
        self.insert("a(x) :- b(x)", rule_id="r1")
        self.insert("b(1)", rule_id="f1")
        for rule_id in ("r1", "f1", "a(x) :- b(x)"):
            self.assertIs(self.engine.rule_status("p", rule_id).state, RuleState.ACTIVE)
        self.delete("b(1)  a(x) :- b(x)")
        for rule_id in ("r1", "f1"):
            with self.subTest(rule_id=rule_id), self.assertRaises(Refused) as caught:
                self.engine.rule_status("p", rule_id)
            self.assertEqual(caught.exception.code, "not-found")

    def test_an_identifier_is_for_one_statement(self) -> None:
        for text, code in (("a(1) b(1)", "multiple-statements"), ("", "syntax")):
            with self.subTest(text=text), self.assertRaises(Refused) as caught:
                self.insert(text, rule_id="r")
            self.assertEqual(caught.exception.code, code)

    def test_stored_rules_that_do_not_fit_are_kept_switched_off(self) -> None:
        texts = ("a(x", "a(y) :- b(x)", "a(1) b(2)", "insert[a :- b]", "a(x) :- a(x)")
        for number, text in enumerate(texts):
            with self.subTest(text=text):
                changes = self.insert(text, rule_id=f"r{number}", lenient=True)
                self.assertEqual(changes.accepted, 0)
                self.assertTrue(changes.warnings)
                status = self.engine.rule_status("p", f"r{number}")
                self.assertIs(status.state, RuleState.OFF)
                self.assertTrue(status.diagnostics)
        self.insert("b(1)", rule_id="r0")
        self.assertIs(self.engine.rule_status("p", "r0").state, RuleState.ACTIVE)

    def test_a_rule_that_is_off_may_be_deleted_and_inserted_again(self) -> None:
        self.source(t="id")
        self.insert("a(x) :- s:t(name=x)", rule_id="r", lenient=True)
        self.assertIs(self.engine.rule_status("p", "r").state, RuleState.OFF)
        self.source(t="id name")
        self.assertIs(self.engine.rule_status("p", "r").state, RuleState.ACTIVE)
        self.source(t="id")
        self.delete("a(x) :- s:t(name=x)")
        with self.assertRaises(Refused):
            self.engine.rule_status("p", "r")


class TransactionTest(EngineCase):
    def test_all_or_nothing(self) -> None:
        edits = [
            CreatePolicy("q"),
            InsertRules("q", "a(1)"),
            ReplaceTables("p", {"b": [(1,)]}),
            InsertRules("p", "c(x)"),
            InsertRules("nowhere", "a(1)"),
            CreatePolicy("p"),
            CreatePolicy("a b"),
            CreatePolicy("r", "delta"),
        ]
        with self.assertRaises(Refused) as caught:
            self.engine.transact(edits)
        codes = [diagnostic.code for diagnostic in caught.exception.diagnostics]
        expected = ["not-ground", "no-policy", "duplicate-policy", "bad-policy-name", "bad-kind"]
        self.assertEqual(codes, expected)
        self.assertEqual(set(self.engine.policies()), {"p", "g"})
        self.assertEqual(self.engine.content("p"), [])

    def test_edits_see_each_other(self) -> None:
        edits = [
            CreatePolicy("q", "Z3"),
            InsertRules("q", "a(x) :- p:b(x)"),
            UpdateTable("p", "b", [(1,)]),
        ]
        changes = self.engine.transact(edits)
        self.assertEqual(self.rows("a", "q"), {(1,)})
        self.assertEqual(set(changes.tables), {("q", "a"), ("p", "b")})
        self.assertEqual(self.engine.policies()["q"], "z3")

    def test_unknown_policies(self) -> None:
        for edit in (
            DropPolicy("no"),
            SetSchema("no", Schema()),
            DeleteRules("no", "a(1)"),
            ReplaceTables("no", {}),
            UpdateTable("no", "t"),
        ):
            with self.subTest(edit=edit), self.assertRaises(Refused) as caught:
                self.engine.transact([edit])
            self.assertEqual(caught.exception.code, "no-policy")

    def test_dropping_a_policy_empties_references_and_creating_it_revives_them(self) -> None:
        self.insert("b(1)", "g")
        self.insert("a(x) :- g:b(x)", "p")
        changes = self.engine.transact([DropPolicy("g")])
        self.assertEqual(self.rows("a"), set())
        self.assertEqual(changes.tables["p", "a"].removed, {(1,)})
        self.engine.transact([CreatePolicy("g"), InsertRules("g", "b(2)")])
        self.assertEqual(self.rows("a"), {(2,)})

    def test_dropping_a_policy_forgets_everything_about_it(self) -> None:
        self.insert("a(x) :- b(x, y)  execute[n:f(x)] :- b(x, y)  b(1, 2)", "g")
        self.insert("w(x) :- t(1=x)", "g", rule_id="r")
        self.engine.transact([DropPolicy("g"), CreatePolicy("g")])
        self.assertEqual(self.engine.content("g"), [])
        self.assertEqual(self.engine.desired_actions(), frozenset())
        self.assertEqual(self.insert("b(1)  t(1, 2)", "g").accepted, 2)
        self.assertNotIn("w", self.engine.tables("g"))

    def test_numbers_count_committed_transactions(self) -> None:
        first = self.insert("a(1)").number
        self.refused("a(x)")
        self.assertEqual(self.insert("a(2)").number, first + 1)

    def test_a_trial_changes_nothing(self) -> None:
        edits = [InsertRules("p", "a(1) b(x) :- a(x), ghost(x)")]
        changes = self.engine.transact(edits, dry_run=True)
        self.assertEqual(changes.accepted, 2)
        self.assertTrue(changes.warnings)
        self.assertEqual(self.engine.content("p"), [])
