"""Tests of congress.engine.lang.recursion."""

from congress.engine import CreatePolicy
from tests.unit.engine.case import EngineCase


class RecursionTest(EngineCase):
    def test_ordinary_policies_refuse_cycles(self) -> None:
        self.insert("a(x) :- b(x)  b(x) :- c(x)")
        self.assertEqual(self.refused("c(x) :- a(x)"), ["recursion"])
        self.assertEqual(self.refused("d(x) :- d(x)"), ["recursion"])
        self.assertEqual(self.refused("e(x) :- p:e(x)"), ["recursion"])

    def test_a_refused_cycle_leaves_no_edge(self) -> None:
        self.insert("a(x) :- b(x)")
        self.refused("b(x) :- a(x)")
        self.delete("a(x) :- b(x)")
        self.assertEqual(self.insert("b(x) :- a(x)").accepted, 1)

    def test_cycle_across_kinds(self) -> None:
        self.insert("far(x) :- p:near(x)", "g")
        self.assertEqual(self.refused("near(x) :- g:far(x)"), ["recursion"])

    def test_recursive_policies(self) -> None:
        self.engine.transact([CreatePolicy("h", "z3")])
        self.insert("even(0) even(y) :- h:odd(x), builtin:plus(x, 1, y), builtin:lt(y, 9)", "g")
        self.insert("odd(y) :- g:even(x), builtin:plus(x, 1, y)", "h")
        self.assertEqual(self.rows("even", "g"), {(0,), (2,), (4,), (6,), (8,)})

    def test_cycles_through_negation_and_aggregates(self) -> None:
        self.insert("wet(v) :- rained(v)", "g")
        self.assertEqual(self.refused("rained(v) :- s(v), not wet(v)", "g"), ["unstratified"])
        self.assertEqual(self.refused("n(v, max<x>) :- n(v, x)", "g"), ["unstratified"])
        self.insert("m(max<x>) :- q(x)", "g")
        self.assertEqual(self.refused("q(x) :- m(x)", "g"), ["unstratified"])

    def test_negation_beside_a_cycle_is_fine(self) -> None:
        self.insert("r(x, y) :- h(x, y)  r(x, z) :- r(x, y), h(y, z), not closed(y)", "g")
        self.insert("h(1, 2) h(2, 3) h(3, 4) closed(3)", "g")
        self.assertEqual(self.rows("r", "g"), {(1, 2), (2, 3), (3, 4), (1, 3)})

    def test_an_action_and_a_table_are_different_things(self) -> None:
        self.assertEqual(self.insert("execute[tow(v)] :- tow(v)").accepted, 1)

    def test_signed_names_are_tables_of_their_own(self) -> None:
        self.assertEqual(self.insert("t+(x) :- t(x)  t-(x) :- t+(x)").accepted, 2)
