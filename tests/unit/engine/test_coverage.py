"""Tests of congress.engine.run.coverage."""

from congress.engine import Limits, LiteralCoverage
from congress.model.diagnostic import Refused
from tests.unit.engine.case import EngineCase


class CoverageTest(EngineCase):
    def literals(self, rule: str) -> dict[str, tuple[bool | None, bool | None]]:
        """Whether each literal of the only rule holds and fails."""
        self.insert(rule)
        (found,) = self.engine.coverage()
        self.assertEqual(("p", rule), (found.policy, found.rule))
        return {each.literal: (each.held, each.failed) for each in found.literals}

    def test_a_rule_that_holds_and_its_literals(self) -> None:
        self.insert("a(1) a(2) b(1)")
        self.assertEqual({"a(x)": (True, None), "b(x)": (True, True)}, self.literals(RULE))
        self.assertTrue(self.engine.coverage()[0].held)

    def test_what_is_never_reached_neither_holds_nor_fails(self) -> None:
        found = self.literals("h(x) :- a(x), b(x), builtin:gt(x, 3)")
        self.assertEqual((False, None), found["a(x)"])
        self.assertEqual((False, False), found["b(x)"])
        self.assertEqual((False, False), found["builtin:gt(x, 3)"])
        self.assertFalse(self.engine.coverage()[0].held)

    def test_what_never_fails_is_told(self) -> None:
        self.insert("a(1) b(1)")
        self.assertEqual((True, False), self.literals(RULE)["b(x)"])

    def test_negation(self) -> None:
        self.insert("a(1) a(2) b(1)")
        self.assertEqual((True, True), self.literals("h(x) :- a(x), not b(x)")["not b(x)"])

    def test_what_cannot_be_is_not_asked_for(self) -> None:
        self.insert("a(1)")
        found = self.literals("h(y) :- a(x), builtin:plus(x, 1, y), true()")
        self.assertEqual((True, None), found["builtin:plus(x, 1, y)"])
        self.assertEqual((True, None), found["true()"])
        self.delete("h(y) :- a(x), builtin:plus(x, 1, y), true()")
        self.assertEqual((None, True), self.literals("h(x) :- a(x), false()")["false()"])

    def test_what_compares_can_fail(self) -> None:
        self.insert("a(1, 2)")
        found = self.literals("h(x) :- a(x, y), builtin:plus(x, 1, y), a(z, z)")
        self.assertEqual((True, False), found["builtin:plus(x, 1, y)"])
        self.assertEqual((False, True), found["a(z, z)"])

    def test_literals_are_taken_as_written_once_they_can_be(self) -> None:
        self.insert("a(1) a(2) b(1)")
        found = self.literals("h(x) :- builtin:lt(x, 2), not b(x), a(x)")
        self.assertEqual((True, None), found["a(x)"])
        self.assertEqual((True, True), found["builtin:lt(x, 2)"])
        self.assertEqual((False, True), found["not b(x)"])

    def test_actions_and_aggregates_count_as_rules(self) -> None:
        self.insert("a(1)  execute[n:f(x)] :- a(x)  t(count<x>) :- a(x)")
        self.assertEqual([True, True], [each.held for each in self.engine.coverage()])

    def test_a_rule_without_effect_is_left_out(self) -> None:
        self.insert("h(x) :- later(0=x)")
        self.assertEqual([], self.engine.coverage())

    def test_it_costs_no_more_than_the_limits_allow(self) -> None:
        self.insert(" ".join(f"a({number})" for number in range(100)))
        self.insert("h(x) :- a(x), a(y), a(z), false()")
        self.assertEqual(LiteralCoverage("false()", None, True), self.last())
        self.engine.limits = Limits(steps=5000)
        with self.assertRaises(Refused) as caught:
            self.engine.coverage()
        self.assertEqual("budget", caught.exception.code)

    def last(self) -> LiteralCoverage:
        return self.engine.coverage()[0].literals[-1]


RULE = "h(x) :- a(x), b(x)"
