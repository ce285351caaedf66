"""Tests of congress.engine.lang.checks: what may stand where."""

from congress.engine import CreatePolicy, InsertRules
from congress.model.diagnostic import Refused
from tests.unit.engine.case import EngineCase


class ChecksTest(EngineCase):
    def test_refusals(self) -> None:
        cases = {
            "a(x), b(x) :- c(x)": "shape",
            "not a(x) :- c(x)": "shape",
            "insert[a(1) :- true]": "shape",
            "execute[t(1)]": "shape",
            "insert[t(1)]": "shape",
            "a(x)": "not-ground",
            "a(_)": "not-ground",
            "a(True)": "not-ground",
            "p:a(1)": "qualified-fact",
            "q:a+(1)": "qualified-fact",
            "p:a(x) :- b(x)": "qualified-head",
            "q:a+(x) :- b(x)": "qualified-head",
            "insert[a(x)] :- b(x)": "modal-head",
            "a(x) :- execute[b(x)]": "modal-body",
            "len(1)": "builtin-name",
            "now(x) :- b(x)": "builtin-name",
            "max(v) :- b(v)": "builtin-name",
            "a(y) :- b(x)": "head-variable",
            "a(_) :- b(x)": "head-variable",
            "a(sum<y>) :- b(x)": "head-variable",
            "a(count<_>) :- b(_)": "head-variable",
            "execute[a(y)] :- b(x)": "head-variable",
            "a(count<x>)": "aggregate",
            "execute[a(count<x>)] :- b(x)": "aggregate",
            "a(median<x>) :- b(x)": "aggregate",
            "a(x) :- b(x, count<y>)": "aggregate",
        }
        for text, code in cases.items():
            with self.subTest(text=text):
                self.assertIn(code, self.refused(text))

    def test_every_problem_of_a_batch_is_reported(self) -> None:
        codes = self.refused("a(x) b(y, z) :- c(x), builtin:no(x) d:e(1) ok(1)")
        expected = ["not-ground", "head-variable", "head-variable", "unknown-builtin"]
        self.assertEqual(codes, [*expected, "qualified-fact"])
        self.assertEqual(self.engine.content("p"), [])

    def test_one_error_for_each_head_variable(self) -> None:
        self.assertEqual(self.refused("a(y, z, y) :- b(x)"), ["head-variable"] * 2)

    def test_good_heads(self) -> None:
        text = 'a(1, x, x, "c") :- b(x)  t() :- b(x)  u :- true  true(7)  execute[n:len(x)] :- b(x)'
        self.assertEqual(self.insert(text).accepted, 5)

    def test_spans_point_at_the_place(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.engine.transact([InsertRules("p", "ok(1)\na(y) :- b(x)")])
        span = caught.exception.diagnostics[0].span
        assert span is not None
        self.assertEqual((span.line, span.column), (2, 3))
        for diagnostic in caught.exception.diagnostics:
            self.assertTrue(diagnostic.hint)


class ActionPolicyTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.engine.transact([CreatePolicy("acts", "action")])

    def test_heads_may_be_open_or_signed(self) -> None:
        text = "a(x) :- b(y)  fleet:c+(x) :- b(x)  insert[d(x)] :- b(x)  len(x) :- b(x)"
        self.assertEqual(self.insert(text, "acts").accepted, 4)

    def test_what_stays_refused(self) -> None:
        cases = {
            "fleet:c(x) :- b(x)": "qualified-head",
            "a(x)": "not-ground",
            "len(1)": "builtin-name",
            "a(_) :- b(x)": "head-variable",
            "execute[a(x)] :- b(y)": "head-variable",
            "a(x) :- b(x), not c(y), not d(y)": "unsafe",
            "a(x) :- a(x)": "recursion",
            "n(z, sum<x>) :- b(x)": "head-variable",
            "n(z, sum<x>) :- b(x), true(z)": "unsafe",
        }
        for text, code in cases.items():
            with self.subTest(text=text):
                self.assertIn(code, self.refused(text, "acts"))

    def test_heads_with_aggregates_are_never_padded(self) -> None:
        self.insert("n(1, 2)", "acts")
        self.assertEqual(self.refused("n(sum<x>) :- b(x)", "acts"), ["arity"])

    def test_open_rows_are_never_derived_live(self) -> None:
        self.insert("a(x) :- b(y)  b(1)", "acts")
        self.assertEqual(self.rows("a", "acts"), set())
