"""Tests of congress.model.diagnostic."""

import unittest

from congress.model.diagnostic import (
    Diagnostic,
    Refused,
    Severity,
    Span,
    diagnostic_from_plain,
    diagnostic_to_plain,
    errors,
    refuse,
)

TEXT = "p(x) :- q(x),\n  nort r(x)"


class DiagnosticTest(unittest.TestCase):
    def test_codes_are_registered(self) -> None:
        with self.assertRaises(ValueError):
            Diagnostic("no-such-code", "?")

    def test_the_offending_text_is_underlined(self) -> None:
        span = Span(start=16, end=20, line=2, column=3)
        shown = Diagnostic("syntax", "unexpected word", span, hint="did you mean 'not'?").render(
            TEXT
        )
        self.assertEqual(
            "error[syntax]: unexpected word\n"
            "   2 |   nort r(x)\n"
            "         ^^^^\n"
            "  hint: did you mean 'not'?",
            shown,
        )

    def test_a_span_outside_the_text_is_left_out(self) -> None:
        shown = Diagnostic("syntax", "m", Span(90, 91, 9, 1)).render(TEXT)
        self.assertEqual("error[syntax]: m", shown)

    def test_there_and_back(self) -> None:
        for diagnostic in (
            Diagnostic("unsafe", "m", Span(1, 2, 1, 2), "h", Severity.WARNING, "policy p"),
            Diagnostic("invalid", "m"),
        ):
            self.assertEqual(diagnostic, diagnostic_from_plain(diagnostic_to_plain(diagnostic)))

    def test_a_code_of_a_later_version_reads_as_internal(self) -> None:
        self.assertEqual("internal", diagnostic_from_plain({"code": "new-one"}).code)

    def test_errors_are_told_from_warnings(self) -> None:
        warning = Diagnostic("parked", "m", severity=Severity.WARNING)
        error = Diagnostic("unsafe", "m")
        self.assertEqual([error], errors([warning, error]))


class RefusedTest(unittest.TestCase):
    def test_it_carries_every_reason(self) -> None:
        refusal = Refused(Diagnostic("unsafe", "one"), Diagnostic("arity", "two"))
        self.assertEqual("unsafe", refusal.code)
        self.assertEqual("one; two", str(refusal))

    def test_it_needs_a_reason(self) -> None:
        with self.assertRaises(ValueError):
            Refused()

    def test_the_short_form(self) -> None:
        refusal = refuse("not-found", "no such table", hint="look again", where="policy p")
        self.assertEqual("look again", refusal.diagnostics[0].hint)
        self.assertIn("(policy p)", refusal.diagnostics[0].render())
