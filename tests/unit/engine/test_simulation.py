"""Tests of congress.engine.run.simulation and congress.engine.run.effects."""

from congress.engine import CreatePolicy
from congress.model.diagnostic import Refused
from tests.unit.engine.case import EngineCase


class SimulationTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.engine.transact([CreatePolicy("acts", "action")])
        self.insert('crate("c1", 3) crate("c2", 8) heavy(c) :- crate(c, w), builtin:gt(w, 5)')

    def result(self, query: str, sequence: str, **options: bool) -> list[str]:
        before = self.engine.content("p"), self.engine.content("acts")
        try:
            return self.engine.simulate("p", query, sequence, "acts", **options).result
        finally:
            self.assertEqual((self.engine.content("p"), self.engine.content("acts")), before)
            self.assertEqual(self.texts("heavy(x)"), ['heavy("c2")'])

    def refusal(self, sequence: str, query: str = "heavy(c)") -> str:
        with self.assertRaises(Refused) as caught:
            self.result(query, sequence)
        return caught.exception.code

    def test_facts(self) -> None:
        sequence = 'crate+("c3", 9) crate-("c2", 8) crate-("none", 1)'
        self.assertEqual(self.result("heavy(c)", sequence), ['heavy("c3")'])
        delta = self.result("heavy(c)", sequence, delta=True)
        self.assertEqual(delta, ['heavy+("c3")', 'heavy-("c2")'])

    def test_rules(self) -> None:
        added = self.result("heavy(c)", "heavy+(c) :- crate(c, 3)")
        self.assertEqual(added, ['heavy("c1")', 'heavy("c2")'])
        sequence = "heavy-(c) :- crate(c, w), builtin:gt(w, 5)"
        self.assertEqual(self.result("heavy(c)", sequence), [])
        self.assertEqual(self.refusal("heavy+(c) :- heavy(c)"), "recursion")
        self.assertEqual(self.refusal("heavy+(d) :- crate(c, 3)"), "head-variable")

    def test_other_policies(self) -> None:
        self.source(t="id n")
        query = "s:t(n=3)"
        self.assertEqual(self.result(query, 's:t+(n=3, id="a")'), ['s:t("a", 3)'])
        self.assertEqual(self.refusal("s:t+(n=3)"), "arity")
        self.assertEqual(self.refusal("s:t+(n=3, id=1, 0=2)"), "column-name")
        self.assertEqual(self.refusal("nowhere:t+(1)"), "no-policy")

    def test_types_are_checked(self) -> None:
        self.source(t="id n:integer")
        self.assertEqual(self.refusal('s:t+(1, "x")'), "simulate-item")

    def test_what_is_no_item(self) -> None:
        items = (
            'crate("c3", 9)',
            "crate+(x, 9)",
            "insert[a(x) :- b(x)]",
            "execute[a(1)] :- crate(c, w)",
            "a+(x), b+(x) :- crate(x, y)",
            "not a+(x) :- crate(x, y)",
            "p:act(1)",
        )
        for item in items:
            with self.subTest(item=item):
                self.assertEqual(self.refusal(item), "simulate-item")
        self.assertEqual(self.refusal("crate+("), "syntax")

    def test_failure_half_way_leaves_no_trace(self) -> None:
        self.assertEqual(self.refusal('crate+("c3", 9) crate("c4", 9)'), "simulate-item")

    def test_queries_of_all_sorts(self) -> None:
        self.insert("execute[n:lift(c)] :- heavy(c)")
        delta = self.result("execute[n:lift(c)]", 'crate+("c3", 9)', delta=True)
        self.assertEqual(delta, ['execute[n:lift+("c3")]'])
        delta = self.result("q(c) :- crate(c, w), builtin:gt(w, 8)", 'crate+("c3", 9)', delta=True)
        self.assertEqual(delta, ['q+("c3") :- crate("c3", 9), builtin:gt(9, 8)'])

    def test_unknown_policies(self) -> None:
        for policy, actions in (("no", "acts"), ("p", "no")):
            with self.assertRaises(Refused) as caught:
                self.engine.simulate(policy, "a(x)", "", actions)
            self.assertEqual(caught.exception.code, "no-policy")

    def test_trace(self) -> None:
        simulation = self.engine.simulate("p", "heavy(c)", 'crate+("c3", 9)', "acts", trace=True)
        assert simulation.trace is not None
        self.assertTrue(simulation.trace.startswith("RT    : ** Simulate: heavy(c)\n"))
        self.assertIn('Found answer [heavy("c2"), heavy("c3")]', simulation.trace)


class ActionTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.engine.transact([CreatePolicy("acts", "action")])
        self.insert('crate("c1", 3) crate("c2", 8)')
        self.insert(
            'action("load") crate+(c, w) :- load(c, w)  crate-(c, o) :- load(c, n), crate(c, o)',
            "acts",
        )

    def result(self, query: str, sequence: str) -> list[str]:
        return self.engine.simulate("p", query, sequence, "acts").result

    def test_an_action_replaces_a_row(self) -> None:
        answers = ['crate("c1", 7)', 'crate("c2", 8)']
        self.assertEqual(self.result("crate(c, w)", 'load("c1", 7)'), answers)

    def test_insertion_wins(self) -> None:
        answers = ['crate("c1", 3)', 'crate("c2", 8)']
        self.assertEqual(self.result("crate(c, w)", 'load("c1", 3)'), answers)

    def test_the_first_solution_counts(self) -> None:
        answers = ['crate("c1", 50)', 'crate("c2", 8)']
        self.assertEqual(self.result("crate(c, w)", "load(c, 50) :- crate(c, w)"), answers)

    def test_without_solution_the_item_is_skipped(self) -> None:
        answers = ['crate("c1", 3)', 'crate("c2", 8)']
        self.assertEqual(self.result("crate(c, w)", "load(c, 50) :- crate(c, 99)"), answers)

    def test_variables_need_a_body(self) -> None:
        for sequence in ("load(c, 50)", "load(c, d) :- crate(c, 3)"):
            with self.subTest(sequence=sequence), self.assertRaises(Refused) as caught:
                self.result("crate(c, w)", sequence)
            self.assertEqual(caught.exception.code, "simulate-item")

    def test_results_feed_the_next_action(self) -> None:
        self.insert(
            'action("make") crate+(i, w) :- make(w)  result(i) :- make(w), crate+(i, w)'
            "  tag+(i, w) :- make(w)",
            "acts",
        )
        self.insert("weigh(w) :- crate(c, w)")
        sequence = "make(1) load(i, 77) :- result(i)"
        self.assertEqual(self.result("weigh(w)", sequence), ["weigh(3)", "weigh(8)", "weigh(77)"])
        both = self.result("q(w) :- tag(i, w), crate(i, w)", "make(1) make(2)")
        self.assertEqual(len(both), 2)

    def test_results_last_for_one_action(self) -> None:
        self.insert('action("make") result(w) :- make(w)', "acts")
        sequence = 'make("c1") load("c2", 1) load(i, 77) :- result(i)'
        answers = ['crate("c1", 3)', 'crate("c2", 1)']
        self.assertEqual(self.result("crate(c, w)", sequence), answers)

    def test_further_heads_are_facts_for_the_time(self) -> None:
        self.insert('action("all") crate+(c, w) :- all(), to(c, w)', "acts")
        answers = ['crate("c1", 3)', 'crate("c2", 8)', 'crate("x", 1)']
        self.assertEqual(self.result("crate(c, w)", 'all(), to("x", 1) :- true'), answers)
        with self.assertRaises(Refused):
            self.engine.rows("acts", "nothing")

    def test_effects_on_another_policy(self) -> None:
        self.source(t="id")
        self.insert('action("up") s:t+(x) :- up(x)  s:t-(y) :- up(x), s:t(y)', "acts")
        self.update("t", [(1,)], policy="s")
        self.assertEqual(self.result("s:t(x)", "up(2)"), ["s:t(2)"])

    def test_open_values_are_the_same_on_every_node(self) -> None:
        self.insert('action("make") crate+(i, w) :- make(w)', "acts")
        once = self.result("crate(i, 1)", "make(1)")
        self.assertEqual(once, self.result("crate(i, 1)", "make(1)"))
        self.assertEqual(len(self.result("crate(i, w)", "make(1) make(2)")), 4)

    def test_actions_of_the_asked_policy_itself(self) -> None:
        result = self.engine.simulate("acts", "crate(c, w)", 'load("z", 1)', "acts").result
        self.assertEqual(result, ['crate("z", 1)'])
