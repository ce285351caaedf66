"""Tests of congress.engine.lang.policy_names."""

import unittest

from congress.engine import valid_policy_name
from congress.engine.lang.policy_names import policy_kind
from congress.model.diagnostic import Refused
from congress.model.policy import PolicyKind


class PolicyNamesTest(unittest.TestCase):
    def test_good_names(self) -> None:
        for name in ("a", "_x9", "nova.test", "Z"):
            self.assertIsNone(valid_policy_name(name))

    def test_bad_names(self) -> None:
        names = ("", "a-b", "9a", "a:b", "not", "execute", "builtin", " a", "a\n", "ñ", "a" * 256)
        for name in names:
            with self.subTest(name=name):
                self.assertTrue(valid_policy_name(name))

    def test_kinds(self) -> None:
        self.assertIs(policy_kind("Z3"), PolicyKind.Z3)
        for kind in ("delta", "database", "materialized", ""):
            with self.subTest(kind=kind), self.assertRaises(Refused) as caught:
                policy_kind(kind)
            self.assertEqual(caught.exception.code, "bad-kind")
