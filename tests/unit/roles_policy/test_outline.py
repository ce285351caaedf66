"""Statements from outside, and what idle ones make doubtful."""

import unittest

from congress.model.policy import RuleDef
from congress.roles.policy.outline import column_names, head_of, outline, reads_of, tainted


def rule(text: str, policy: str = "p") -> RuleDef:
    return RuleDef(text, policy, text)


class OutlineTest(unittest.TestCase):
    def test_kinds_of_statements(self) -> None:
        self.assertTrue(outline("a(1)").fact)
        self.assertFalse(outline("a(1) :- true").fact)
        self.assertTrue(outline("execute[s:a(1)] :- true").action)
        for text in ("a(", "a(1) b(2)", "", "insert[a(1) :- b(1)]"):
            self.assertFalse(outline(text).readable, text)

    def test_names_are_completed_by_the_policy(self) -> None:
        self.assertEqual(("p", "a"), head_of(rule("a(x) :- b(x)")))
        self.assertEqual(("p", "stop"), head_of(rule("execute[stop(x)] :- b(x)")))
        self.assertEqual(("s", "stop"), head_of(rule("execute[s:stop(x)] :- b(x)")))
        self.assertEqual([("p", "b"), ("q", "c")], reads_of(rule("a(x) :- b(x), not q:c(x)")))

    def test_columns_are_called_like_the_variables_of_a_head(self) -> None:
        fallback = ("Col0", "Col1")
        for texts, names in (
            (["a(x, size) :- b(x, size)"], ["x", "size"]),
            (["a(1, 2)", "a(x, 3) :- b(x)", "a(y, z) :- b(y, z)"], ["x", "Col1"]),
            (["a(x, count<y>) :- b(x, y)"], ["x", "Col1"]),
            (["a(x, x) :- b(x)", "a(y, z) :- b(y, z)"], ["y", "z"]),
            (["a(x) :- b(x)", "c(y, z) :- b(y, z)", "a("], fallback),
        ):
            with self.subTest(texts=texts):
                found = column_names([rule(text) for text in texts], "a", fallback)
                self.assertEqual(list(names), list(found))

    def test_what_follows_from_idle_rules_is_doubtful(self) -> None:
        idle = rule("a(x) :- s:t(id=x)")
        rules = [
            idle,
            rule("b(x) :- c(x), not a(x)"),
            rule("d(x) :- p:b(x)", "q"),
            rule("e(x) :- c(x)"),
            rule("execute[s:stop(x)] :- a(x)"),
        ]
        self.assertEqual({("p", "a"), ("p", "b"), ("q", "d")}, tainted(rules, [idle]))
        self.assertEqual(frozenset(), tainted(rules, []))

    def test_an_idle_action_rule_makes_nothing_doubtful(self) -> None:
        idle = rule("execute[s:a(x)] :- b(x)")
        self.assertEqual(frozenset(), tainted([idle, rule("c(x) :- s:a(x)")], [idle]))
