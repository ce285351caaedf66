"""Every refusal and every warning of the language: its code, its place, its advice."""

from collections.abc import Callable
from typing import Any

from congress.engine import (
    CreatePolicy,
    Engine,
    InsertRules,
    Limits,
    UpdateTable,
    parse_one,
)
from congress.model.diagnostic import (
    LANGUAGE_CODES,
    WARNING_CODES,
    Diagnostic,
    Refused,
    Severity,
)
from congress.testing.language import BUILTINS
from tests.unit.engine.case import EngineCase

#: By code: statements that are refused, with the part that is to blame.
REFUSED: dict[str, tuple[tuple[str, str], ...]] = {
    "lexical": (
        ("a(ñ)", "ñ"),
        ('a("x', '"x'),
        ("a(012)", "012"),
        ("a(1e400)", "1e400"),
        ("a(1) ?", "?"),
        ('a("\\ud83d")', '"\\ud83d"'),
        ("a(1) /* b", "/* b"),
    ),
    "syntax": (
        ("a(1,)", ")"),
        ("a(1", ""),
        ("a(1 2)", "2"),
        ("a(1), b(2)", ""),
        ("a(- 3)", "3"),
        ("a(x) :- not", ""),
        ("execute(1)", "("),
        ("a(x) :- b:not(x)", "not"),
        ("a(sum<1>) :- b(x)", "1"),
        ("a(sum<x) :- b(x)", ")"),
        ("insert[a(x) :- b(x); c]", "c"),
        ("a(1);; b(1)", ";"),
    ),
    "arguments": (
        ("a(x) :- s:t(id=x, 1)", "1"),
        ("a(x) :- s:t(id=x, id=2)", "s:t(id=x, id=2)"),
    ),
    "shape": (
        ("a(x), d(x) :- b(x)", "a(x), d(x) :- b(x)"),
        ("not a(x) :- b(x)", "not a(x) :- b(x)"),
        ("execute[a(1)]", "execute[a(1)]"),
        ("insert[a(1) :- b(1)]", "insert[a(1) :- b(1)]"),
    ),
    "not-ground": (("a(1, x)", "x"),),
    "qualified-fact": (("g:a(1)", "g:a(1)"),),
    "qualified-head": (("g:a(x) :- b(x)", "g:a(x)"),),
    "head-variable": (("a(y) :- b(x)", "y"), ("a(sum<y>) :- b(x)", "sum<y>")),
    "unsafe": (
        ("a(x) :- b(x), builtin:lt(x, y)", "builtin:lt(x, y)"),
        ("a(x) :- b(x), not c(y, y), not b(y)", "c(y, y)"),
        ("a(x) :- true(x)", "a(x)"),
        ("execute[n:f(t)] :- now(t)", "execute[n:f(t)] :- now(t)"),
    ),
    "modal-head": (("insert[a(x)] :- b(x)", "insert[a(x)]"),),
    "modal-body": (("a(x) :- execute[b(x)]", "execute[b(x)]"),),
    "builtin-name": (("len(1)", "len(1)"), ("now(x) :- b(x)", "now(x)")),
    "unknown-builtin": (
        ("a(y) :- b(x), builtin:lenn(x, y)", "builtin:lenn(x, y)"),
        ("a(y) :- b(x), builtin:len(x, y, 1)", "builtin:len(x, y, 1)"),
    ),
    "arity": (
        ("c(1, 2, 3)", "c(1, 2, 3)"),
        ("c(1)", "c(1)"),
        ("a(x) :- c(x, 1, 2)", "c(x, 1, 2)"),
        ("a(x) :- s:t(x, 1, 2, id=3)", "s:t(x, 1, 2, id=3)"),
    ),
    "unknown-table": (("a(x) :- s:u(x)", "s:u(x)"),),
    "column-kind": (
        ("a(x) :- c(id=x)", "c(id=x)"),
        ("execute[n:f(id=x)] :- b(x)", "execute[n:f(id=x)]"),
    ),
    "column-name": (
        ("a(x) :- s:t(idd=x)", "s:t(idd=x)"),
        ("a(x) :- s:t(7=x)", "s:t(7=x)"),
        ("a(x) :- s:t(x, id=2)", "s:t(x, id=2)"),
    ),
    "recursion": (("a(x) :- a(x)", "a(x) :- a(x)"),),
    "aggregate": (
        ("a(median<x>) :- b(x)", "median<x>"),
        ("a(sum<x>)", "sum<x>"),
        ("execute[n:f(sum<x>)] :- b(x)", "sum<x>"),
        ("a(x) :- b(x), c(x, sum<y>)", "c(x, sum<y>)"),
    ),
}
#: By code: statements that are accepted, with the part that is pointed at.
WARNED: dict[str, tuple[tuple[str, str], ...]] = {
    "unused-variable": (("a(x) :- c(x, y)", "y"),),
    "capitalised-constant": (("a(x) :- c(x, True), c(x, True)", "True"),),
    "constant-type": (('a(x) :- s:t(x, "no")', '"no"'),),
    "classic-constant": (('a(x) :- s:t(x, "None")', '"None"'),),
    "bare-builtin": (("a(x) :- b(x), lt(x, 5)", "lt(x, 5)"), ("a(x) :- now(x)", "now(x)")),
    "padded-atom": (("a(x) :- c(x)", "c(x)"),),
    "cartesian-product": (("a(x, y) :- b(x), b(y)", "a(x, y) :- b(x), b(y)"),),
    "undefined-table": (("a(x) :- b(x), ghost(x)", "ghost(x)"),),
    "never-fires": (
        ("a(x) :- b(x), false", "false"),
        ("a(x) :- b(x), not b(x)", "b(x)"),
        ("a(x) :- b(x), builtin:lt(5, 3)", "builtin:lt(5, 3)"),
    ),
    "parked": (("a(x) :- later:t(id=x)", "a(x) :- later:t(id=x)"),),
}
#: Codes that are about no place in a statement that is stored.
ELSEWHERE = {
    "unstratified",
    "no-policy",
    "bad-kind",
    "bad-policy-name",
    "simulate-item",
    "duplicate-policy",
    "multiple-statements",
    "budget",
}
#: Codes of the service that stores policies; see tests of ``congress.roles.policy``.
OF_THE_SERVICE = {"duplicate-rule", "read-only-policy"}


class DiagnosticCase(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.source(closed=True, t="id n:integer")
        self.insert("b(1) c(1, 2)")

    def told(self, code: str, work: Callable[[], Any]) -> Diagnostic:
        """The refusal that some work meets."""
        with self.assertRaises(Refused) as caught:
            work()
        found = caught.exception.diagnostics
        (diagnostic,) = [each for each in found if each.code == code][:1] or [found[0]]
        self.assertEqual(code, diagnostic.code, found)
        self.assertIs(Severity.ERROR, diagnostic.severity)
        self.assertTrue(diagnostic.message and diagnostic.hint, diagnostic)
        return diagnostic

    def pointed_at(self, text: str, diagnostic: Diagnostic) -> str:
        span = diagnostic.span
        assert span is not None, diagnostic
        before = text[: span.start]
        self.assertEqual(span.line, before.count("\n") + 1)
        self.assertEqual(span.column, len(before) - (before.rfind("\n") + 1) + 1)
        return text[span.start : span.end]


class RefusalTest(DiagnosticCase):
    def test_every_refusal_has_its_place_and_says_what_to_do(self) -> None:
        for code, cases in REFUSED.items():
            for statement, part in cases:
                text = f"ok(1)\n  {statement}"
                with self.subTest(code=code, statement=statement):
                    refusal = self.told(code, lambda text=text: self.insert(text))  # type: ignore[misc]
                    self.assertEqual(part, self.pointed_at(text, refusal))
        self.assertEqual(self.engine.content("p"), ["b(1)", "c(1, 2)"])

    def test_cycles_through_negation(self) -> None:
        text = "w(x) :- v(x), not w(x)"
        refusal = self.told("unstratified", lambda: self.insert(text, "g"))
        self.assertEqual(text, self.pointed_at(text, refusal))

    def test_items_of_a_simulation(self) -> None:
        text = "b+(2)\nb(x)"
        refusal = self.told("simulate-item", lambda: self.engine.simulate("p", "b(x)", text, "p"))
        self.assertEqual("b(x)", self.pointed_at(text, refusal))

    def test_several_statements_where_one_is_expected(self) -> None:
        self.told("multiple-statements", lambda: self.insert("a(1) a(2)", rule_id="r"))
        self.told("multiple-statements", lambda: parse_one("a(1) a(2)"))

    def test_policies(self) -> None:
        engine = self.engine
        edits = {
            "duplicate-policy": CreatePolicy("p"),
            "bad-kind": CreatePolicy("q", "materialized"),
            "bad-policy-name": CreatePolicy("a-b"),
            "no-policy": InsertRules("q", "a(1)"),
        }
        for code, edit in edits.items():
            with self.subTest(code=code):
                self.told(code, lambda edit=edit: engine.transact([edit]))  # type: ignore[misc]

    def test_policies_that_are_asked(self) -> None:
        engine = self.engine
        asked: tuple[Callable[[], object], ...] = (
            lambda: engine.query("q", "a(x)"),
            lambda: engine.explain("q", "a(x)"),
            lambda: engine.simulate("q", "a(x)", "", "p"),
            lambda: engine.simulate("p", "a(x)", "q:a+(1)", "p"),
        )
        for number, work in enumerate(asked):
            with self.subTest(number=number):
                self.told("no-policy", work)

    def test_limits(self) -> None:
        engine = Engine(BUILTINS, limits=Limits(derived_rows=3, string_length=10))
        engine.transact([CreatePolicy("p")])
        engine.transact([UpdateTable("p", "b", [(1,), (2,), ("long" * 2,)])])
        product = InsertRules("p", "a(x, y) :- b(x), b(y)")
        growing = InsertRules("p", "a(y) :- b(x), builtin:concat(x, x, y)")
        for edit in (product, growing):
            with self.subTest(rule=edit.text):
                refusal = self.told("budget", lambda edit=edit: engine.transact([edit]))  # type: ignore[misc]
                self.assertIn("a(", refusal.where)

    def test_questions(self) -> None:
        cases = {
            "shape": ("", "a(1) a(2)", "a(x), b(x) :- c(x)"),
            "syntax": ("a(",),
            "head-variable": ("a(sum<y>) :- b(x)",),
            "column-name": ("s:t(idd=x)", "later:t(id=x)"),
            "unknown-builtin": ("builtin:no(x)",),
            "unsafe": ("builtin:lt(x, 1)",),
            "modal-body": ("a(x) :- execute[b(x)]",),
            "aggregate": ("a(median<x>) :- b(x)",),
        }
        for code, texts in cases.items():
            for text in texts:
                with self.subTest(code=code, text=text):
                    self.told(code, lambda text=text: self.engine.query("p", text))  # type: ignore[misc]

    def test_no_code_is_left_out(self) -> None:
        known = REFUSED.keys() | ELSEWHERE | OF_THE_SERVICE
        self.assertEqual(set(LANGUAGE_CODES), known)


class WarningTest(DiagnosticCase):
    def warning(self, code: str, text: str, policy: str = "p") -> Diagnostic:
        found = self.insert(text, policy).warnings
        self.delete(text, policy)
        (warning, *_) = [each for each in found if each.code == code] or [None]
        assert warning is not None, (code, found)
        self.assertIs(Severity.WARNING, warning.severity)
        self.assertTrue(warning.message and warning.hint, warning)
        return warning

    def test_every_warning_has_its_place_and_says_what_to_do(self) -> None:
        for code, cases in WARNED.items():
            for statement, part in cases:
                text = f"\n  {statement}"
                with self.subTest(code=code, statement=statement):
                    self.assertEqual(part, self.pointed_at(text, self.warning(code, text)))

    def test_growth(self) -> None:
        text = "n(y) :- n(x), builtin:plus(x, 1, y)"
        warning = self.warning("unbounded-growth", text, "g")
        self.assertEqual("builtin:plus(x, 1, y)", self.pointed_at(text, warning))

    def test_no_code_is_left_out(self) -> None:
        self.assertEqual(set(WARNING_CODES), WARNED.keys() | {"unbounded-growth"})
