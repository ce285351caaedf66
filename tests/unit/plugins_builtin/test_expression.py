"""Tests of congress.plugins.builtin.expression and pattern."""

import re
import unittest

from hypothesis import given
from hypothesis import strategies as st

from congress.plugins.builtin.expression import compiled

PATTERNS = (
    r"a*b",
    r"^a.c$",
    r"(ab|cd)+e?",
    r"[^a-c]{2,3}x",
    r"\bfo\b",
    r"\d+\.\d*",
    r"(a|)b",
    r"x{0,2}y",
    r"[]a]",
    r"a\Z",
    r"(?:a|b)*c",
    r"a{,2}b",
    r"\w+@\w+",
    r"^$",
    r"a||b",
    r"[a\-z]",
    r"[\w-]+$",
    r"{a}",
    r"a{x",
    r"(?P<n>a)b",
    r"\x61\u0062",
    r"a+?b",
    r"\Boo",
    r"[\d.]+\s",
    r"(a*)*b",
    r"a$",
)


class ExpressionTest(unittest.TestCase):
    @given(st.sampled_from(PATTERNS), st.text("abcdefoxy01.@-\n {}", max_size=8))
    def test_agrees_with_the_standard_library(self, pattern: str, text: str) -> None:
        found = re.search(pattern, text) is not None
        self.assertEqual(compiled(pattern).search(text), found)

    def test_case_can_be_ignored(self) -> None:
        self.assertTrue(compiled("ÄB[c-d]", ignore_case=True).search("äbD"))
        self.assertFalse(compiled("ÄB").search("äb"))

    def test_patterns_that_ruin_others_are_quick(self) -> None:
        for pattern in ("(a+)+$", "(a|a)*b", "(a*)*c", "a*a*a*a*b", "(.*)(.*)(.*)x"):
            with self.subTest(pattern=pattern):
                self.assertFalse(compiled(pattern).search("a" * 5_000 + "!"))

    def test_what_is_refused(self) -> None:
        patterns = (
            "(?=a)b",
            r"(a)\1",
            "a**",
            "(",
            ")",
            "*",
            "[a",
            "[z-a]",
            "a{2,1}",
            "a{5000}",
            "(a{1000}){1000}",
            "a" * 2000,
            "\\",
            r"\q",
            r"\x1",
            r"\x+1",
            r"\u1_23",
            r"\Uffffffff",
            "(?i)a",
            "^*",
            "(" * 100 + ")" * 100,
        )
        for pattern in patterns:
            with self.subTest(pattern=pattern[:20]), self.assertRaises(ValueError):
                compiled(pattern)

    def test_costs_are_bounded(self) -> None:
        with self.assertRaises(ValueError):
            compiled("(a?){900}b").search("a" * 100_000)
