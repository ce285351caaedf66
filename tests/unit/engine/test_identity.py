"""Tests of congress.engine.lang.identity."""

import unittest

from congress.engine import pretty_rule, rule_fingerprint
from congress.engine.lang.identity import parse_one
from congress.model.diagnostic import Refused


class IdentityTest(unittest.TestCase):
    def test_order_and_space_do_not_matter(self) -> None:
        one = rule_fingerprint("a(x) :- b(x), not c(x, 1.0)")
        self.assertEqual(one, rule_fingerprint("a( x ):-!c(x,1),b(x) ;"))

    def test_names_and_multiplicity_do_matter(self) -> None:
        prints = {
            rule_fingerprint(text)
            for text in (
                "a(x) :- b(x)",
                "a(y) :- b(y)",
                "a(x) :- b(x), b(x)",
                "a(x) :- p:b(x)",
                "a(1)",
                "a(1) :- true",
                'a("1")',
                "a(true)",
            )
        }
        self.assertEqual(len(prints), 8)

    def test_one_statement_is_expected(self) -> None:
        for text, code in (("", "syntax"), ("a(1) b(2)", "multiple-statements"), ("(", "syntax")):
            with self.subTest(text=text), self.assertRaises(Refused) as caught:
                parse_one(text)
            self.assertEqual(caught.exception.code, code)

    def test_pretty_rule(self) -> None:
        self.assertEqual(pretty_rule("a(x):-b(x)."), "a(x) :-\n  b(x)")

    def test_events_have_fingerprints_too(self) -> None:
        self.assertEqual(len(rule_fingerprint("insert[a(x) :- b(x)]")), 32)
