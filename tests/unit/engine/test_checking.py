"""Tests of congress.engine.checking."""

from congress.engine import CreatePolicy
from congress.model.diagnostic import Refused, Severity
from tests.unit.engine.case import EngineCase


class CheckingTest(EngineCase):
    def found(self, *texts: str, policy: str = "p") -> list[list[str]]:
        """The codes of what is found in each text, with their lines."""
        return [
            [f"{found.span.line if found.span else 0} {found.code}" for found in findings]
            for findings in self.engine.check([(policy, text) for text in texts])
        ]

    def test_nothing_to_say(self) -> None:
        self.assertEqual([[]], self.found("a(1)\nb(x) :- a(x)"))

    def test_every_problem_of_every_statement_is_told(self) -> None:
        text = "a(1,,2)\nb(w) :- a(x)\nc(Y)  d(x) :- not e(x)"
        expected = ["1 syntax", "2 head-variable", "3 not-ground", "3 unsafe"]
        self.assertEqual([expected], self.found(text))

    def test_each_finding_comes_with_its_text(self) -> None:
        found = self.found("a(1)", "b(x) :- a(x, 2)", "c(x) :- a(x), lt(x, 2)")
        self.assertEqual([[], ["1 arity"], ["1 bare-builtin"]], found)

    def test_texts_are_seen_together(self) -> None:
        self.assertEqual([[], []], self.found("b(x) :- a(x)", "a(1)"))
        self.assertEqual([["1 undefined-table"]], self.found("b(x) :- a(x)"))

    def test_a_table_whose_rule_is_broken_is_not_undefined(self) -> None:
        self.assertEqual([["1 head-variable"]], self.found("a(x) :- true  b(x) :- a(x)"))

    def test_a_cycle_is_told_where_it_closes(self) -> None:
        found = self.found("a(x) :- b(x)", "b(x) :- c(x)  c(x) :- a(x)  c(1)")
        self.assertEqual([[], ["1 recursion"]], found)

    def test_what_waits_and_what_waits_no_more(self) -> None:
        self.source(t="id name")
        self.assertEqual([[], []], self.found("b(x) :- a(0=x)", "a(1)"))
        self.assertEqual([["1 parked"]], self.found("b(x) :- a(0=x)"))

    def test_a_problem_that_shows_only_when_the_wait_is_over(self) -> None:
        self.assertEqual([["1 column-name"], []], self.found("b(x) :- a(7=x)", "a(1)"))

    def test_the_same_twice(self) -> None:
        (findings,) = self.engine.check([("p", "a(1)\na(1.0)")])
        self.assertEqual(["duplicate-rule"], [each.code for each in findings])
        self.assertIs(findings[0].severity, Severity.WARNING)

    def test_an_action_on_the_time(self) -> None:
        found = self.found("execute[n:f(x)] :- a(x)", "a(x) :- builtin:now(x)")
        self.assertEqual([["1 unsafe"], []], found)

    def test_an_event_is_a_problem(self) -> None:
        self.assertEqual([["1 shape"]], self.found("insert[a(x) :- b(x)]"))

    def test_nothing_is_changed(self) -> None:
        self.insert("a(1)")
        self.found("a(2)  b(x) :- a(x)  c(0=x)")
        self.assertEqual(["a(1)"], self.engine.content("p"))
        self.assertEqual(2, self.insert("b(x) :- a(x)").number - 1)

    def test_policies_must_be_there(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.found("a(1)", policy="no")
        self.assertEqual("no-policy", caught.exception.code)
        self.engine.transact([CreatePolicy("no")])
        self.assertEqual([[]], self.found("a(1)", policy="no"))
