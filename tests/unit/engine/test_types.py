"""Tests of congress.engine.lang.types: booleans, null, and old spellings of them."""

from congress.model.values import FALSE, TRUE
from tests.unit.engine.case import EngineCase


class TypesTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.source(vm="id on:boolean owner:string")
        rows = [("a", TRUE, "ana"), ("b", FALSE, None), ("c", None, "None")]
        self.update("vm", rows, policy="s")

    def test_old_spellings_mean_what_they_meant(self) -> None:
        changes = self.insert('up(x) :- s:vm(x, "True", _)  lost(x) :- s:vm(x, _, "None")')
        self.assertEqual(self.rows("up"), {("a",)})
        self.assertEqual(self.rows("lost"), {("b",)})
        codes = [warning.code for warning in changes.warnings]
        self.assertEqual(codes.count("classic-constant"), 2)

    def test_old_spellings_under_negation_and_in_queries(self) -> None:
        self.insert('down(x) :- s:vm(x, _, _), not s:vm(x, "True", _)')
        self.assertEqual(self.rows("down"), {("b",), ("c",)})
        self.assertEqual(self.texts('s:vm(x, "False", y)'), ['s:vm("b", false, null)'])

    def test_strings_elsewhere_stay_strings(self) -> None:
        self.insert('flag("True") up(x) :- flag(x), flag("True")')
        self.assertEqual(self.rows("up"), {("True",)})

    def test_constants_that_cannot_match_are_pointed_at(self) -> None:
        self.assertIn("constant-type", self.warned("x(i) :- s:vm(i, 1, _)"))
        self.assertNotIn("constant-type", self.warned('y(i) :- s:vm(i, true, "ana")'))

    def test_kinds_are_distinct(self) -> None:
        self.insert('k(true) k(1) k("true") k(null) k("null") k(0) k(false)')
        self.assertEqual(len(self.rows("k")), 7)
        self.insert("j(x) :- k(x), s:vm(_, x, _)")
        self.assertEqual(self.rows("j"), {(TRUE,), (FALSE,), (None,)})
