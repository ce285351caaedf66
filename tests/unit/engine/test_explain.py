"""Tests of congress.engine.explain: which derivations and which obstacles are told."""

import json

from congress.engine import (
    CreatePolicy,
    InsertRules,
    Tick,
    explanation_to_plain,
    explanation_to_text,
)
from congress.engine.explain.tree import (
    Absence,
    Bounds,
    End,
    Evaluated,
    Explanation,
    Fact,
    Given,
    HeadDiffers,
    Hindrance,
    OpenHead,
    OtherResult,
    Refutation,
)
from congress.engine.live import LiveWorkspace
from congress.engine.results import RuleState
from congress.engine.run.budget import Limits
from congress.model.diagnostic import Refused
from tests.unit.engine.case import EngineCase


class ExplainCase(EngineCase):
    def why(self, text: str, policy: str = "p", **bounds: int) -> Fact:
        """The only row that an atom has."""
        (fact,) = self.explain(text, policy, **bounds).facts
        return fact

    def why_not(self, text: str, policy: str = "p", **bounds: int) -> Absence:
        absence = self.explain(text, policy, **bounds).absence
        assert absence is not None
        return absence

    def explain(self, text: str, policy: str = "p", **bounds: int) -> Explanation:
        return self.engine.explain(policy, text, bounds=Bounds(**bounds))


def rows(fact: Fact) -> list[tuple[object, ...]]:
    """The rows that the first derivation of a row stands on."""
    return [step.row for step in fact.derivations[0].steps if isinstance(step, Fact)]


class WhyTest(ExplainCase):
    def test_given_rows_say_who_gave_them(self) -> None:
        self.source(t="id")
        self.update("t", [("a",)], policy="s")
        self.insert('u("a")', rule_id="r1")
        self.insert("v(1)")
        self.assertEqual(self.why('s:t("a")').given, Given(datasource=True))
        self.assertEqual(self.why('u("a")').given, Given(False, ("r1",)))
        self.assertEqual(self.why("v(1)").given, Given(False))
        self.assertEqual(self.explain('s:t("a")').sources, {("s", "t")})

    def test_a_rule_with_its_steps_in_the_order_written(self) -> None:
        self.insert("a(1, 2) b(2)")
        self.insert(
            "c(x) :- builtin:lt(x, y), a(x, y), not b(x), true, not builtin:gt(x, y)", rule_id="r"
        )
        fact = self.why("c(1)")
        (derivation,) = fact.derivations
        self.assertEqual((derivation.rule.policy, derivation.rule.rule_id), ("p", "r"))
        self.assertEqual(derivation.rule.text[:7], "c(x) :-")
        less, a, b, truth, greater = derivation.steps
        self.assertEqual(less, Evaluated("lt", (1, 2)))
        assert isinstance(a, Fact) and isinstance(b, Absence)
        self.assertEqual((a.table, a.row), (("p", "a"), (1, 2)))
        self.assertEqual(b.table, ("p", "b"))
        self.assertEqual(truth, Evaluated("true"))
        self.assertEqual(greater, Evaluated("gt", (1, 2), negated=True))

    def test_results_of_builtins_are_told(self) -> None:
        self.insert("a(1) c(y) :- a(x), builtin:plus(x, 2, y)")
        self.assertIn(Evaluated("plus", (1, 2, 3)), self.why("c(3)").derivations[0].steps)

    def test_what_is_asked_is_told_with_alternatives(self) -> None:
        self.insert("a(1, 1) a(1, 2) a(1, 3) b(1) c(x) :- a(x, _)  c(x) :- b(x)  d(x) :- c(x)")
        fact = self.why("c(1)", alternatives=4)
        self.assertEqual(len(fact.derivations), 4)
        self.assertFalse(fact.more)
        self.assertTrue(self.why("c(1)", alternatives=3).more)
        below = self.why("d(1)").derivations[0].steps[0]
        assert isinstance(below, Fact)
        self.assertEqual((len(below.derivations), below.more), (1, True))

    def test_a_row_may_be_given_and_derived(self) -> None:
        self.insert("a(1) c(1) c(x) :- a(x)")
        fact = self.why("c(1)")
        self.assertEqual((fact.given, len(fact.derivations)), (Given(False), 1))

    def test_values_are_spelled_as_found(self) -> None:
        self.insert("a(1.0) b(1) c(x) :- a(x), b(x)")
        self.assertEqual(repr(rows(self.why("c(1)"))), "[(1.0,), (1,)]")

    def test_atoms_with_variables_and_columns(self) -> None:
        self.source(t="id n")
        self.update("t", [("a", 1), ("b", 2), ("c", 2)], policy="s")
        found = self.explain("s:t(n=2)", limit=1)
        self.assertEqual([fact.row for fact in found.facts], [("b", 2)])
        self.assertEqual((found.size, found.atom), (2, "s:t(n=2)"))
        self.assertEqual(len(self.explain("s:t(x, x)").facts), 0)

    def test_the_time(self) -> None:
        self.insert("a(t) :- builtin:now(t)")
        self.engine.transact([Tick("2026-01-01 00:00:00")])
        found = self.explain("a(t)")
        self.assertEqual(rows(found.facts[0]), [("2026-01-01 00:00:00",)])
        self.assertEqual(found.sources, frozenset())

    def test_groups(self) -> None:
        self.insert('v(1, "a", 10) v(2, "a", 30) v(3, "b", 5) w(o, sum<s>) :- v(i, o, s)')
        group = self.why('w("a", x)', examples=1).derivations[0].group
        assert group is not None
        self.assertEqual((group.size, len(group.members)), (2, 1))
        (step,) = group.members[0]
        assert isinstance(step, Fact)
        self.assertEqual(step.row, (1, "a", 10))

    def test_actions(self) -> None:
        self.insert("a(1) a(2) b(1)")
        self.insert("execute[n:stop(x)] :- a(x)  execute[n:stop(x)] :- b(x), a(x)")
        found = self.explain("execute[n:stop(x)]")
        self.assertEqual([fact.row for fact in found.facts], [(1,), (2,)])
        self.assertEqual([len(fact.derivations) for fact in found.facts], [2, 1])
        self.assertEqual({fact.modal for fact in found.facts}, {"execute"})
        self.assertTrue(self.explain("execute[n:stop(1)]", alternatives=1).facts[0].more)


class RecursionTest(ExplainCase):
    def setUp(self) -> None:
        super().setUp()
        self.insert("r(x, y) :- e(x, y)  r(x, z) :- r(x, y), e(y, z)", "g")

    def path(self, fact: Fact) -> list[tuple[object, ...]]:
        """The rows of ``r`` that a row stands on, one below the other."""
        path = [fact.row]
        while below := [s for s in fact.derivations[0].steps if isinstance(s, Fact)]:
            if below[0].table != ("g", "r"):
                break
            fact = below[0]
            path.append(fact.row)
        return path

    def test_a_circle_is_not_gone_round(self) -> None:
        self.update("e", [(1, 2), (2, 3), (3, 1)], policy="g")
        self.assertEqual(self.path(self.why("r(1, 1)", "g")), [(1, 1), (1, 3), (1, 2)])

    def test_the_shortest_way_is_told(self) -> None:
        self.update("e", [(n, n + 1) for n in range(30)] + [(0, 20), (20, 29)], policy="g")
        self.assertEqual(self.path(self.why("r(0, 30)", "g")), [(0, 30), (0, 29), (0, 20)])

    def test_long_ways_are_cut(self) -> None:
        self.insert("s(0) s(y) :- s(x), e(x, y)", "g")
        self.update("e", [(n, n + 1) for n in range(200)], policy="g")
        found = self.explain("s(200)", "g", depth=5)
        self.assertEqual(found.cut, {End.DEPTH})
        below = found.facts[0]
        for n in range(199, 194, -1):
            below, edge = below.derivations[0].steps  # type: ignore[assignment]
            assert isinstance(below, Fact) and isinstance(edge, Fact)
            self.assertEqual((below.row, edge.row), ((n,), (n, n + 1)))

    def test_joins_of_a_table_with_itself(self) -> None:
        self.insert("t(x, y) :- e(x, y)  t(x, z) :- t(x, y), t(y, z)", "g")
        self.update("e", [(n, (n + 1) % 40) for n in range(40)], policy="g")
        fact = self.why("t(0, 0)", "g", depth=100)
        self.assertEqual(len(rows(fact)), 2)
        self.assertNotIn((0, 0), rows(fact))

    def test_tables_that_need_each_other(self) -> None:
        self.insert("even(0) even(x) :- odd(y), e(y, x)  odd(x) :- even(y), e(y, x)", "g")
        self.update("e", [(n, n + 1) for n in range(4)] + [(4, 0)], policy="g")
        fact = self.why("even(2)", "g")
        self.assertEqual(rows(fact), [(1,), (1, 2)])

    def test_a_row_that_would_need_itself_is_told_by_what_it_does_not_need(self) -> None:
        self.insert("s(x) :- s(x), e(x, _)  s(x) :- e(x, 7)", "g")
        self.update("e", [(1, 7)], policy="g")
        (derivation,) = self.why("s(1)", "g").derivations
        self.assertEqual(derivation.rule.text, "s(x) :- e(x, 7)")

    def test_why_not_ends(self) -> None:
        self.update("e", [(1, 2)], policy="g")
        exits, steps = self.why_not("r(2, 1)", "g").attempts
        self.assertEqual(exits.rule.text, "r(x, y) :- e(x, y)")
        missing = steps.obstacle
        assert isinstance(missing, Absence)
        again = [each.obstacle for each in missing.attempts]
        self.assertEqual(len(again), 1)


class WhyNotTest(ExplainCase):
    def test_the_first_literal_that_fails(self) -> None:
        self.insert('a(1, "x") a(1, "y") b("y")')
        self.insert("c(x) :- a(x, y), b(y), d(x), e(x)", rule_id="r")
        (attempt,) = self.why_not("c(1)").attempts
        self.assertEqual((attempt.rule.rule_id, attempt.failing), ("r", 2))
        self.assertEqual(attempt.positions, (0, 1))
        self.assertEqual([s.row for s in attempt.held if isinstance(s, Fact)], [(1, "y"), ("y",)])
        obstacle = attempt.obstacle
        assert isinstance(obstacle, Absence)
        self.assertEqual(obstacle.table, ("p", "d"))
        self.assertFalse(attempt.sufficient)

    def test_what_would_be_enough(self) -> None:
        self.insert("a(1) b(1, 5) c(x) :- a(x), d(x, y), b(x, y)")
        (attempt,) = self.why_not("c(1)").attempts
        assert isinstance(attempt.obstacle, Absence)
        self.assertEqual([getattr(t, "value", None) for t in attempt.obstacle.terms], [1, 5])
        self.assertTrue(attempt.sufficient)
        self.insert("d(1, 5)")
        self.assertTrue(self.explain("c(1)").holds)

    def test_no_promise_that_another_literal_might_break(self) -> None:
        self.insert("a(1) c(x) :- a(x), b(x), not d(x)  d(x) :- b(x)")
        (attempt,) = self.why_not("c(1)").attempts
        self.assertIsNone(attempt.sufficient)

    def test_no_promise_about_aggregates(self) -> None:
        self.insert("a(1) b(7) c(x) :- a(x), b(x), d(x, _)  d(x, count<y>) :- b(y), a(x)")
        (attempt,) = self.why_not("c(1)").attempts
        self.assertEqual((attempt.failing, attempt.sufficient), (1, None))
        self.insert("e(x, count<y>) :- b(y), a(x), z(x)")
        (attempt,) = self.why_not("e(1, 1)").attempts
        self.assertEqual((attempt.failing, attempt.sufficient), (2, None))

    def test_the_nearest_rule_comes_first(self) -> None:
        self.insert("a(1) b(1) c(x) :- z(x), y(x)  c(x) :- a(x), z(x), y(x)  c(x) :- a(x), z(x)")
        absence = self.why_not("c(1)", alternatives=2)
        texts = [attempt.rule.text for attempt in absence.attempts]
        self.assertEqual(texts, ["c(x) :- a(x), z(x)", "c(x) :- z(x), y(x)"])
        self.assertTrue(absence.more)

    def test_of_many_ways_the_one_that_lacks_least(self) -> None:
        self.insert("a(1, 1) a(1, 2) a(1, 3) b(2) c(x) :- a(x, y), d(y), b(y)")
        (attempt,) = self.why_not("c(1)").attempts
        self.assertEqual((attempt.partial, attempt.sufficient), (3, True))
        self.assertEqual([s.row for s in attempt.held if isinstance(s, Fact)], [(1, 2)])

    def test_rows_in_the_way_of_a_negation(self) -> None:
        self.insert("a(1) b(1, 1) b(1, 2) c(x) :- a(x), not b(x, _)")
        (attempt,) = self.why_not("c(1)", examples=1).attempts
        obstacle = attempt.obstacle
        assert isinstance(obstacle, Hindrance)
        self.assertEqual((obstacle.size, [f.row for f in obstacle.facts]), (2, [(1, 1)]))
        self.assertTrue(attempt.sufficient)

    def test_builtins_that_do_not_hold(self) -> None:
        self.insert("a(1) c(x) :- a(x), builtin:gt(x, 5)  d(x, y) :- a(x), builtin:plus(x, 1, y)")
        obstacle = self.why_not("c(1)").attempts[0].obstacle
        assert isinstance(obstacle, Refutation)
        self.assertEqual((obstacle.builtin, obstacle.result), ("gt", None))
        obstacle = self.why_not("d(1, 7)").attempts[0].obstacle
        assert isinstance(obstacle, Refutation)
        self.assertEqual(obstacle.result, (1, 1, 2))

    def test_builtins_that_fail_are_seen_in_either_polarity(self) -> None:
        self.insert('a("x") c(x) :- a(x), builtin:plus(x, 1, _)')
        self.insert("d(x) :- a(x), not builtin:lt(x, 1)  e(x) :- a(x), not builtin:plus(x, 1, 2)")
        for query, builtin in (('c("x")', "plus"), ('e("x")', "plus")):
            obstacle = self.why_not(query).attempts[0].obstacle
            assert isinstance(obstacle, Refutation)
            self.assertEqual(obstacle.builtin, builtin)
            self.assertTrue(obstacle.error)

    def test_the_literal_false(self) -> None:
        self.insert("a(1) c(x) :- a(x), false")
        attempt = self.why_not("c(1)").attempts[0]
        self.assertEqual(attempt.obstacle, Refutation("false"))

    def test_heads_that_differ(self) -> None:
        self.insert("a(1) c(x, 2) :- a(x)  d(x, x) :- a(x)  e(x, 1, x) :- a(x)")
        obstacle = self.why_not("c(1, 3)").attempts[0].obstacle
        assert isinstance(obstacle, HeadDiffers)
        self.assertEqual((obstacle.column, getattr(obstacle.found, "value", None)), (1, 2))
        self.assertIsInstance(self.why_not("d(1, 2)").attempts[0].obstacle, HeadDiffers)
        self.assertIsInstance(self.why_not("e(x, x, 2)").attempts[0].obstacle, HeadDiffers)

    def test_equal_variables_of_the_question(self) -> None:
        self.insert("a(1, 2) a(3, 4) c(x, y) :- a(x, y)")
        (attempt,) = self.why_not("c(z, z)").attempts
        self.assertEqual(attempt.failing, 0)
        self.insert("a(5, 5)")
        self.assertEqual(self.why("c(z, z)").row, (5, 5))

    def test_groups(self) -> None:
        self.insert('v("a", 1) v("a", 2) v("b", "x") v("b", 1) w(o, sum<s>) :- v(o, s)')
        absence = self.why_not('w("a", 7)')
        self.assertEqual(absence.near, (("a", 3),))
        self.assertEqual(absence.attempts[0].obstacle, OtherResult(("a", 3)))
        obstacle = self.why_not('w("b", x)').attempts[0].obstacle
        assert isinstance(obstacle, OtherResult)
        self.assertIn("not all numbers", obstacle.error)
        self.assertEqual(self.why_not('w("c", x)').attempts[0].failing, 0)

    def test_heads_that_only_simulated_actions_fill(self) -> None:
        self.engine.transact([CreatePolicy("acts", "action")])
        self.insert("a(1) t+(x, y) :- a(x)", "acts")
        self.assertEqual(self.why_not("t+(1, z)", "acts").attempts[0].obstacle, OpenHead("y"))

    def test_actions(self) -> None:
        self.insert("a(1) execute[n:stop(x)] :- a(x), b(x)")
        (attempt,) = self.why_not("execute[n:stop(1)]").attempts
        self.assertEqual(attempt.failing, 1)
        self.assertEqual(self.why_not("execute[n:start(1)]").attempts, ())

    def test_rules_without_effect(self) -> None:
        self.insert("c(x) :- elsewhere:t(id=x)  execute[n:f(x)] :- elsewhere:t(id=x)")
        (idle,) = self.why_not("c(1)").idle
        self.assertEqual((idle.state, idle.rule.text[:4]), (RuleState.PARKED, "c(x)"))
        self.assertIn("waits for the columns of elsewhere:t", idle.reason)
        self.assertEqual(len(self.why_not("execute[n:f(1)]").idle), 1)

    def test_rows_that_are_nearly_there(self) -> None:
        self.source(t="id state")
        self.update("t", [("a", "up"), ("b", "down")], policy="s")
        self.assertEqual(self.why_not('s:t("b", "up")').near, (("b", "down"),))
        self.assertEqual(self.why_not('s:t("c", "up")').near, ())
        self.update("t", [("a", n) for n in range(20)], policy="s")
        self.assertEqual(self.why_not('s:t("a", "gone")').near, ())

    def test_rows_that_can_never_be(self) -> None:
        self.source(t="id:integer", closed=True)
        self.assertIn("takes an integer", self.why_not('s:t("x")').impossible)

    def test_nothing_defines_it(self) -> None:
        absence = self.why_not("nothing(1, x)")
        self.assertEqual((absence.attempts, absence.idle, absence.end), ((), (), None))


class BoundsTest(ExplainCase):
    limits = Limits(steps=20_000)

    def test_nodes(self) -> None:
        self.insert("a(1) " + " ".join(f"b{n}(x) :- a(x)" for n in range(30)))
        self.insert("c(x) :- " + ", ".join(f"b{n}(x)" for n in range(30)))
        found = self.explain("c(1)", nodes=10)
        ends = [s.end for s in found.facts[0].derivations[0].steps if isinstance(s, Fact)]
        self.assertEqual(ends.count(End.NODES), 30 - 5)
        self.assertEqual(found.cut, {End.NODES})

    def test_rows_told_before_are_not_told_again(self) -> None:
        self.insert("a(1) b(x) :- a(x)  c(x) :- b(x), b(x)")
        first, second = self.why("c(1)").derivations[0].steps
        assert isinstance(first, Fact) and isinstance(second, Fact)
        self.assertEqual((first.end, second.end), (None, End.SHOWN))
        self.assertEqual(second.derivations, ())

    def test_steps(self) -> None:
        self.update("a", [(n,) for n in range(300)])
        self.insert("b(0) c(x) :- a(x), a(y), a(z), builtin:lt(z, 0)  d(x) :- b(x), c(x)")
        found = self.explain("d(0)")
        assert found.absence is not None
        self.assertEqual(found.cut, {End.BUDGET})

    def test_time(self) -> None:
        self.update("a", [(n,) for n in range(5000)])
        self.insert("c(x) :- a(x), a(y), builtin:lt(y, 0)")
        found = self.engine.explain("p", "c(1)", deadline=lambda: True)
        assert found.absence is not None
        self.assertEqual((found.absence.end, found.absence.attempts), (End.BUDGET, ()))

    def test_time_to_look_up_what_is_asked(self) -> None:
        self.update("a", [(n, n + 1) for n in range(5000)])
        found = self.engine.explain("p", "a(x, x)", deadline=lambda: True)
        self.assertEqual((found.facts, found.absence, found.cut), ((), None, {End.BUDGET}))
        self.assertIn("could not be looked up", explanation_to_text(found))

    def test_time_to_tell_of_an_action(self) -> None:
        self.update("a", [(n,) for n in range(5000)])
        self.insert("execute[n:stop(1)] :- a(x), builtin:gt(x, 4998)")
        found = self.engine.explain("p", "execute[n:stop(1)]", deadline=lambda: True)
        self.assertEqual((found.facts[0].row, found.facts[0].end), ((1,), End.BUDGET))

    def test_a_search_in_vain_says_so(self) -> None:
        self.insert("s(0) s(y) :- s(x), e(x, y)", "g")
        self.update("e", [(n, n + 1) for n in range(3000)], policy="g")
        found = self.engine.explain("g", "s(3000)", deadline=lambda: True)
        self.assertEqual((found.facts[0].row, found.facts[0].end), ((3000,), End.BUDGET))
        self.assertEqual(found.cut, {End.BUDGET})

    def test_no_depth_is_too_much_for_the_stack(self) -> None:
        self.insert("t0(1) " + " ".join(f"t{n + 1}(x) :- t{n}(x), not u{n}(x)" for n in range(500)))
        self.insert(" ".join(f"u{n + 1}(x) :- u{n}(x), t{n}(x)" for n in range(500)))
        for atom in ("t500(1)", "u500(1)"):
            found = self.explain(atom, depth=10_000, nodes=100_000)
            self.assertEqual(found.cut, {End.DEPTH})
            json.dumps(explanation_to_plain(found))
            self.assertIn("too deep", explanation_to_text(found))

    def test_long_chains_of_rules(self) -> None:
        self.insert("t0(1) " + " ".join(f"t{n + 1}(x) :- t{n}(x)" for n in range(1000)))
        self.assertEqual(self.explain("t1000(1)").cut, {End.DEPTH})
        self.assertEqual(self.explain("t1000(2)").cut, {End.DEPTH})


class StateTest(ExplainCase):
    def test_what_is_worked_out_later_is_about_the_state_that_was_examined(self) -> None:
        self.insert("a(1) b(x) :- a(x), not d(x)")
        pending = self.engine.examine("p", "b(1)")
        self.delete("a(1)")
        self.insert("d(1)")
        self.assertEqual(rows(pending().facts[0]), [(1,)])
        self.assertFalse(self.explain("b(1)").holds)

    def test_explaining_leaves_nothing_behind(self) -> None:
        self.insert("a(1, 2) a(2, 3) b(x) :- a(x, y), a(y, _)")
        state = self.engine._state
        assert isinstance(state, LiveWorkspace)
        before = {i: set(n.table.indexes) for i, n in state.network.nodes.items()}
        self.assertTrue(self.explain("b(1)").holds)
        self.assertFalse(self.explain("b(2)").holds)
        after = {i: set(n.table.indexes) for i, n in state.network.nodes.items()}
        self.assertEqual(before, after)

    def test_what_cannot_be_explained(self) -> None:
        self.insert("a(1, 2)")
        for text in ("c(x) :- a(x, y)", "builtin:lt(1, 2)", "true", "a(1)"):
            with self.subTest(text=text), self.assertRaises(Refused) as caught:
                self.explain(text)
            self.assertEqual(caught.exception.code, "shape")
            self.assertTrue(caught.exception.diagnostics[0].hint)
        for text, code in (("a(", "syntax"), ("a(1, 2) a(2, 1)", "shape")):
            with self.subTest(text=text), self.assertRaises(Refused) as caught:
                self.explain(text)
            self.assertEqual(caught.exception.code, code)
        with self.assertRaises(Refused) as caught:
            self.explain("a(1)", "nowhere")
        self.assertEqual(caught.exception.code, "no-policy")

    def test_rules_of_several_policies(self) -> None:
        self.insert("r(1)", "g")
        self.engine.transact([InsertRules("p", "a(x) :- g:r(x)")])
        self.assertEqual(rows(self.why("a(1)")), [(1,)])
        json.dumps(repr(self.why("p:a(1)", "g")))
