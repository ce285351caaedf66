"""Tests of congress.model.action, policy, status and builtin."""

import unittest

from congress.model.action import ActionState, DesiredAction, action_id
from congress.model.builtin import Builtin
from congress.model.policy import PolicyKind, default_abbreviation
from congress.model.status import Health, State, worst
from congress.model.values import TRUE


class KeyTest(unittest.TestCase):
    def test_a_key_goes_by_value(self) -> None:
        one = DesiredAction("p", "r", "nova", "pause", ("a", 1))
        self.assertEqual(one.key, DesiredAction("p", "r", "nova", "pause", ("a", 1.0)).key)

    def test_whatever_differs_makes_another_key(self) -> None:
        keys = {
            DesiredAction(*parts).key
            for parts in (
                ("p", "r", "nova", "pause", ("a", 1)),
                ("q", "r", "nova", "pause", ("a", 1)),
                ("p", "s", "nova", "pause", ("a", 1)),
                ("p", "r", "cinder", "pause", ("a", 1)),
                ("p", "r", "nova", "stop", ("a", 1)),
                ("p", "r", "nova", "pause", ("a", "1")),
                ("p", "r", "nova", "pause", ("a", TRUE)),
                ("p", "r", "nova", "pause", ("a1",)),
            )
        }
        self.assertEqual(8, len(keys))

    def test_each_rise_has_an_identity_of_its_own(self) -> None:
        self.assertNotEqual(action_id("k", 1), action_id("k", 2))
        self.assertEqual(action_id("k", 1), action_id("k", 1))

    def test_final_states(self) -> None:
        final = {state for state in ActionState if state.final}
        self.assertEqual({"done", "failed", "in_doubt", "suppressed"}, final)


class StatusTest(unittest.TestCase):
    def test_the_worst_wins(self) -> None:
        parts = [
            Health(),
            Health(State.DEGRADED, "b"),
            Health(State.FAILED, "c"),
            Health(State.FAILED, "d"),
        ]
        self.assertEqual("c", worst(parts).message)

    def test_nothing_is_fine(self) -> None:
        self.assertIs(State.OK, worst([]).state)


class PolicyTest(unittest.TestCase):
    def test_kinds(self) -> None:
        self.assertEqual({"datalog", "z3"}, {kind for kind in PolicyKind if kind.recursive})

    def test_the_abbreviation_is_the_first_five_characters(self) -> None:
        self.assertEqual("vm_au", default_abbreviation("vm_audit"))


class BuiltinTest(unittest.TestCase):
    def test_arity_counts_both_sides(self) -> None:
        self.assertEqual(3, Builtin("plus", ("x", "y"), ("z",), lambda x, y: x + y).arity)
