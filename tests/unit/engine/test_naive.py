"""Tests of congress.engine.run.join, naive and maintain: what rules derive."""

import itertools

from congress.engine import CreatePolicy, Engine, InsertRules
from congress.model.builtin import Builtin
from congress.model.values import TRUE
from tests.unit.engine.case import EngineCase


class JoinTest(EngineCase):
    def test_joins(self) -> None:
        self.insert('m("a", 4) m("b", 7) b(4, "deep") b(7, "shoal")')
        self.insert('safe(v) :- m(v, x), b(x, "deep")  pair(x, x) :- b(x, _)')
        self.assertEqual(self.rows("safe"), {("a",)})
        self.assertEqual(self.rows("pair"), {(4, 4), (7, 7)})

    def test_repeated_variables(self) -> None:
        self.insert("e(1, 1) e(1, 2) e(2, 2) l(x) :- e(x, x)  n(1) :- not e(3, 3)")
        self.insert("calm(x) :- l(x), not e(w, w)  same(x) :- e(x, y), e(y, x), l(y)")
        self.assertEqual(self.rows("l"), {(1,), (2,)})
        self.assertEqual(self.rows("n"), {(1,)})
        self.assertEqual(self.rows("calm"), set())
        self.assertEqual(self.rows("same"), {(1,), (2,)})

    def test_numbers_join_by_value_and_derived_ones_are_integers(self) -> None:
        self.insert("m(1) n(1.0) n(2.5) j(x) :- n(x)  k(x) :- m(x), n(x)")
        self.assertEqual({repr(row) for row in self.rows("j")}, {"(1,)", "(2.5,)"})
        self.assertEqual(self.rows("k"), {(1,)})
        self.assertEqual(self.texts("n(x)"), ["n(1.0)", "n(2.5)"])

    def test_body_order_does_not_matter(self) -> None:
        parts = ["q(x)", "builtin:plus(x, 1, y)", "not r(y, _)", "builtin:lt(y, 9)", "s(y, x)"]
        self.insert("q(1) q(2) q(3) s(2, 1) s(3, 2) s(4, 3) r(3, 0)")
        for number, order in enumerate(itertools.islice(itertools.permutations(parts), 0, 120, 7)):
            self.insert(f"t{number}(x, y) :- {', '.join(order)}")
            self.assertEqual(self.rows(f"t{number}"), {(1, 2), (3, 4)})

    def test_product_without_variables(self) -> None:
        self.insert("a(1) a(2) t() b(x) :- a(x), t()  c() :- a(_), a(_)")
        self.assertEqual(self.rows("b"), {(1,), (2,)})
        self.assertEqual(self.rows("c"), {()})


class BuiltinCallTest(EngineCase):
    def test_failure_derives_nothing_in_either_polarity(self) -> None:
        self.insert('q("x") q(1) p(v) :- q(v), builtin:lt(v, 5)  n(v) :- q(v), not lt(v, 0)')
        self.assertEqual(self.rows("p") | self.rows("n"), {(1,)})
        self.assertEqual(self.engine.builtin_failures(), {"lt": 2})

    def test_outputs_are_compared_where_they_are_known(self) -> None:
        self.insert("q(1) q(2) p(x) :- q(x), builtin:plus(x, 1, 3)  r(x) :- q(x), plus(x, x, x)")
        self.insert("s(x) :- q(x), not builtin:plus(x, 1, 3)  t(x) :- q(x), builtin:plus(x, 1, _)")
        self.assertEqual((self.rows("p"), self.rows("r")), ({(2,)}, set()))
        self.assertEqual((self.rows("s"), self.rows("t")), ({(1,)}, {(1,), (2,)}))

    def test_repeated_outputs(self) -> None:
        self.insert('d("2003-03-04") d("2003-03-03") s(m) :- d(x), builtin:unpack_date(x, _, m, m)')
        self.assertEqual(self.rows("s"), {(3,)})

    def test_strange_builtins(self) -> None:
        def raising(x: object) -> bool:
            raise RuntimeError("no")

        builtins = (
            Builtin("boom", ("x",), (), raising),
            Builtin("pair", ("x",), ("a", "b"), lambda x: (x,)),
            Builtin("nan", ("x",), ("y",), lambda x: float("nan")),
            Builtin("truth", ("x",), ("y",), lambda x: True),
        )
        engine = Engine(builtins)
        rules = "a(x) :- q(x), boom(x)  b(x) :- q(x), pair(x, y, z)  c(x) :- q(x), nan(x, y)"
        edits = [CreatePolicy("p"), InsertRules("p", f"q(1) {rules} d(y) :- q(x), truth(x, y)")]
        engine.transact(edits)
        for table in "abc":
            self.assertEqual(set(engine.rows("p", table)), set())
        self.assertEqual(set(engine.rows("p", "d")), {(TRUE,)})
        self.assertEqual(engine.builtin_failures(), {"boom": 1, "pair": 1, "nan": 1})


class FixpointTest(EngineCase):
    def test_transitive_closure_follows_deletions(self) -> None:
        self.insert("h(1, 2) h(2, 3) h(3, 2) r(a, b) :- h(a, b)  r(a, c) :- r(a, b), r(b, c)", "g")
        self.assertEqual(len(self.rows("r", "g")), 6)
        self.delete("h(1, 2)", "g")
        self.assertEqual(self.rows("r", "g"), {(2, 3), (3, 2), (2, 2), (3, 3)})

    def test_facts_and_rules_of_one_table(self) -> None:
        self.insert("a(1) b(2) a(x) :- b(x)")
        self.insert("a(2)")
        self.delete("b(2)")
        self.assertEqual(self.rows("a"), {(1,), (2,)})
        self.delete("a(2)")
        self.assertEqual(self.rows("a"), {(1,)})
        self.delete("a(x) :- b(x)")
        self.assertEqual(self.rows("a"), {(1,)})

    def test_aggregates_work_on_all_joined_rows(self) -> None:
        self.insert('i("k", "b", 4) i("k", "n", 4) i("k", "p", 1) i("x", "l", 2.5)')
        self.insert("s(p, sum<c>) :- i(p, _, c)  n(count<c>) :- i(_, _, c)  none(sum<c>) :- no(c)")
        self.insert("r(p, min<c>, max<c>, avg<c>) :- i(p, 2=c)")
        self.assertEqual(self.rows("s"), {("k", 9), ("x", 2.5)})
        self.assertEqual(self.rows("n"), {(3,)})
        self.assertEqual(self.rows("none"), set())
        self.assertEqual(self.rows("r"), {("k", 1, 4, 3), ("x", 2.5, 2.5, 2.5)})

    def test_groups_do_not_tell_spellings_of_a_number_apart(self) -> None:
        self.insert("i(1, 5) j(1.0, 6) u(x, y) :- i(x, y)  u(x, y) :- j(x, y)")
        self.insert("s(x, sum<y>) :- u(x, y)")
        self.assertEqual(self.rows("s"), {(1, 11)})

    def test_unsuitable_groups_are_left_out(self) -> None:
        self.insert('c("a", 3) c("b", "much") c("b", 1) t(v, sum<x>) :- c(v, x)')
        self.assertEqual(self.rows("t"), {("a", 3)})

    def test_long_chains(self) -> None:
        size = 1_200
        text = " ".join(f"t{n + 1}(x) :- t{n}(x)" for n in range(size))
        self.insert(f"t0(1) {text}")
        self.assertEqual(self.rows(f"t{size}"), {(1,)})
        self.assertEqual(self.refused(f"t0(x) :- t{size}(x)"), ["recursion"])

    def test_only_what_depends_on_a_change_is_evaluated(self) -> None:
        calls: list[object] = []

        def seen(x: object) -> bool:
            calls.append(x)
            return True

        engine = Engine([Builtin("seen", ("x",), (), seen)], evaluator="naive")
        text = "b(1) a(x) :- b(x), seen(x)  c(x) :- a(x), seen(x)  e(x) :- d(x)"
        engine.transact([CreatePolicy("p"), InsertRules("p", text)])
        self.assertEqual(calls, [1, 1])
        engine.transact([InsertRules("p", "d(1) d(2)")])
        self.assertEqual(calls, [1, 1])
        engine.transact([InsertRules("p", "a(1)")])
        self.assertEqual(calls, [1, 1, 1])
