"""The three strategies, each against the suite and in what is its own."""

import unittest

from congress.interfaces.leader import Heard, LeaderContext, Left, Requested
from congress.plugins.leader.auto import AutoStrategy
from congress.plugins.leader.first_heard import FirstHeardStrategy
from congress.plugins.leader.same_node import SameNodeStrategy
from congress.testing.leader import HERE, THERE, YONDER, LeaderSuite
from congress.testing.runtime import ManualClock


class TestAuto(LeaderSuite, unittest.TestCase):
    strategy = AutoStrategy

    def test_the_first_heard_leads_and_stays(self) -> None:
        self.tell(Heard(THERE, "1"), Heard(YONDER, "1"))
        self.lead_by(THERE)
        self.tell(Requested(THERE, "1"), Requested(YONDER, "1"), Heard(YONDER, "1"))
        self.lead_by(THERE)

    def test_own_node_takes_over_when_it_is_complete(self) -> None:
        self.tell(Heard(THERE, "1"), Requested(THERE, "1"))
        first = self.lead_by(THERE)
        self.tell(Heard(HERE, "1"))
        self.lead_by(THERE)
        self.tell(Requested(HERE, "1"))
        self.assertEqual(first.epoch + 1, self.lead_by(HERE).epoch)

    def test_complete_engines_go_before_those_merely_heard(self) -> None:
        self.tell(Heard(THERE, "1"))
        self.lead_by(THERE)
        self.tell(Heard(YONDER, "1"), Requested(YONDER, "1"))
        self.lead_by(YONDER)


class TestFirstHeard(LeaderSuite, unittest.TestCase):
    strategy = FirstHeardStrategy

    def test_own_node_has_no_privilege(self) -> None:
        self.tell(Heard(THERE, "1"), Requested(THERE, "1"))
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        self.lead_by(THERE)

    def test_who_comes_back_is_last_in_line(self) -> None:
        self.tell(Heard(THERE, "1"), Heard(YONDER, "1"))
        self.tell(Left(THERE, "1"), Heard(THERE, "1"))
        self.lead_by(YONDER)


class TestSameNode(LeaderSuite, unittest.TestCase):
    strategy = SameNodeStrategy
    follows_others = False

    def test_own_node_leads_even_before_it_is_complete(self) -> None:
        self.tell(Heard(THERE, "1"), Requested(THERE, "1"), Heard(HERE, "1"))
        self.lead_by(HERE)


class TestSeveral(unittest.TestCase):
    def test_data_sources_choose_for_themselves(self) -> None:
        clock = ManualClock()
        one, two = (
            AutoStrategy({}, LeaderContext(clock, "ds", name, lambda: 2.0)) for name in "ab"
        )
        one.observe(Heard("x", "1"), clock.monotonic())
        two.observe(Heard("y", "1"), clock.monotonic())
        one.observe(Heard("y", "1"), clock.monotonic())
        nodes = [
            found and found.node
            for found in (one.leader(clock.monotonic()), two.leader(clock.monotonic()))
        ]
        self.assertEqual(["x", "y"], nodes)
