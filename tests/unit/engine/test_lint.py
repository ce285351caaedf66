"""Tests of congress.engine.lang.lint."""

from congress.model.diagnostic import WARNING_CODES, Severity
from tests.unit.engine.case import EngineCase


class LintTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.source(t="id n:integer")
        self.insert("b(1) c(1, 2)")

    def test_advice(self) -> None:
        cases = {
            "a1(x) :- c(x, y)": "unused-variable",
            "a2(x) :- b(x), not c(x, y)": "unused-variable",
            "a3(x) :- c(x, True)": "capitalised-constant",
            'a4(x) :- s:t(x, "no")': "constant-type",
            "a5(x) :- b(x), lt(x, 5)": "bare-builtin",
            "a6(x) :- now(x)": "bare-builtin",
            "a7(x) :- c(x)": "padded-atom",
            "a8(x, y) :- b(x), b(y)": "cartesian-product",
            "a9(x) :- b(x), ghost(x)": "undefined-table",
            "a10(x) :- b(x), ghost:t(x)": "undefined-table",
            "a11(x) :- b(x), false": "never-fires",
            "a12(x) :- b(x), not b(x)": "never-fires",
            "a13(x) :- b(x), builtin:lt(5, 3)": "never-fires",
            'a14(x) :- b(x), builtin:lt(5, "x")': "never-fires",
            "a15(x) :- w:u(name=x)": "parked",
        }
        for text, code in cases.items():
            with self.subTest(text=text):
                self.assertIn(code, self.warned(text))

    def test_growth_in_a_recursion(self) -> None:
        self.insert("n(0)", "g")
        text = "n(y) :- n(x), builtin:lt(x, 5), builtin:plus(x, 1, y)"
        self.assertEqual(self.warned(text, "g"), [])
        text = "d(y) :- n(x), builtin:plus(x, 1, y)"
        self.assertEqual(self.warned(text, "g"), [])
        text = "l(x, z) :- l(x, y), builtin:minus(y, 1, z), n(x)"
        self.assertIn("unbounded-growth", self.warned(text, "g"))

    def test_nothing_to_say(self) -> None:
        texts = (
            "a1(x) :- b(x), c(x, _)",
            "a2(x) :- s:t(id=x)",
            "a3(x, y) :- c(x, z), builtin:plus(z, 1, y)",
            "a4(x, y) :- b(x), b(y), c(x, y)",
            "a5(x) :- b(x), not s:t(id=x)",
            "a6(x) :- later(x)  later(1)",
        )
        for text in texts:
            with self.subTest(text=text):
                self.assertEqual(self.warned(text), [])

    def test_warnings_refuse_nothing_and_have_their_codes(self) -> None:
        changes = self.insert("a(x) :- c(x, y), lt(x, 2), ghost(z), false")
        self.assertEqual(changes.accepted, 1)
        for warning in changes.warnings:
            self.assertIs(warning.severity, Severity.WARNING)
            self.assertIn(warning.code, WARNING_CODES)
