"""Tests of congress.engine.run.budget, and of what the engine does over a limit."""

import unittest

from congress.engine import InsertRules, Limits, RuleState, UpdateTable
from congress.engine.run.budget import Budget, OverBudget
from congress.model.diagnostic import Refused
from tests.unit.engine.case import EngineCase


class BudgetTest(unittest.TestCase):
    def test_rows(self) -> None:
        budget = Budget(Limits(derived_rows=1))
        budget.derive()
        with self.assertRaises(OverBudget):
            budget.derive()

    def test_the_dearest_rule_is_blamed(self) -> None:
        budget = Budget(Limits(steps=8000))
        budget.begin(("p", "dear"))
        for _ in range(6000):
            budget.spend()
        budget.begin(("p", "cheap"))
        with self.assertRaises(OverBudget) as caught:
            for _ in range(5000):
                budget.spend()
        self.assertEqual(caught.exception.rule, ("p", "dear"))

    def test_sizes(self) -> None:
        budget = Budget(Limits(string_length=3, integer_bits=8))
        budget.check("abc")
        budget.check(255)
        for value in ("abcd", 256):
            with self.subTest(value=value), self.assertRaises(OverBudget):
                budget.check(value)


class LimitsTest(EngineCase):
    limits = Limits(derived_rows=5_000, string_length=50, integer_bits=64, steps=20_000)

    def codes(self, text: str, policy: str = "g") -> list[str]:
        return self.refused(text, policy)

    def test_new_statement_over_a_limit_is_refused(self) -> None:
        count = "n(0) n(y) :- n(x), builtin:plus(x, 1, y)"
        self.assertEqual(self.codes(count), ["budget"])
        self.assertEqual(self.codes('s("a") s(y) :- s(x), builtin:concat(x, x, y)'), ["budget"])
        self.assertEqual(self.codes("m(3) m(y) :- m(x), builtin:mul(x, x, y)"), ["budget"])
        self.assertEqual(self.codes('r(y) :- builtin:mul("a", 100000000000, y)'), ["budget"])
        self.assertEqual(self.engine.content("g"), [])

    def test_rule_is_switched_off_where_data_cause_it(self) -> None:
        self.insert("ok(x) :- b(x)  n(x) :- b(x)  n(y) :- n(x), builtin:plus(x, 1, y)", "g")
        changes = self.update("b", [(1,)], policy="g")
        self.assertIn("budget", [warning.code for warning in changes.warnings])
        self.assertEqual(self.rows("ok", "g"), {(1,)})
        status = self.engine.rule_status("g", "n(y) :- n(x), builtin:plus(x, 1, y)")
        self.assertIs(status.state, RuleState.OFF)
        self.assertEqual(status.diagnostics[0].code, "budget")

    def test_rule_from_storage_is_switched_off(self) -> None:
        text = "n(y) :- n(x), builtin:plus(x, 1, y)"
        self.insert("n(0)", "g")
        self.insert(text, "g", rule_id="r1", lenient=True)
        self.assertIs(self.engine.rule_status("g", "r1").state, RuleState.OFF)
        self.assertEqual(self.rows("n", "g"), {(0,)})

    def test_steps_bound_products(self) -> None:
        self.update("b", [(n,) for n in range(90)])
        joins = "b(x), b(y), b(z), builtin:plus(x, y, v), builtin:plus(v, z, w)"
        text = f"c(1) :- {joins}, builtin:gt(w, 900)"
        self.assertEqual(self.refused(text), ["budget"])
        with self.assertRaises(Refused) as caught:
            self.engine.query("p", text)
        self.assertEqual(caught.exception.code, "budget")

    def test_clock_ends_what_is_asked(self) -> None:
        self.update("b", [(n,) for n in range(90)])
        text = "c(x, y) :- b(x), b(y)"
        edits = [InsertRules("p", text)]
        with self.assertRaises(OverBudget) as caught:
            self.engine.transact(edits, deadline=lambda: True)
        self.assertTrue(caught.exception.timed)
        with self.assertRaises(OverBudget):
            self.engine.query("p", text, deadline=lambda: True)

    def test_clock_switches_off_one_rule_and_the_rest_goes_on(self) -> None:
        self.insert("c(x, y) :- b(x), b(y)")
        self.insert("few(x) :- b(x)")
        row_counts = [(n,) for n in range(70)]
        edits = [UpdateTable("p", "b", row_counts)]
        changes = self.engine.transact(edits, deadline=lambda: True)
        self.assertEqual([warning.code for warning in changes.warnings], ["budget"])
        self.assertEqual(len(self.rows("few")), 70)
        self.assertEqual(self.engine.content("p").count("few(x) :- b(x)"), 1)
