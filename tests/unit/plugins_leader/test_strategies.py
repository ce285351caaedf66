"""The strategies, each against the suite and in what is its own."""

import unittest

from congress.interfaces.leader import Heard, LeaderContext, Left, Requested
from congress.interfaces.storage import StorageError
from congress.model.diagnostic import Refused
from congress.plugins.leader.auto import AutoStrategy
from congress.plugins.leader.first_heard import FirstHeardStrategy
from congress.plugins.leader.lease import TRIES, LeaseStrategy
from congress.plugins.leader.same_node import SameNodeStrategy
from congress.testing.leader import HERE, THERE, TIMEOUT, YONDER, FakeLeases, LeaderSuite
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


class FlakyLeases(FakeLeases):
    """Leases that can be away, and count how often they are asked."""

    away = False
    asked = 0

    def acquire(self, resource: str, holder: str, ttl: float) -> int | None:
        self.asked += 1
        if self.away:
            raise StorageError("the database is away")
        return super().acquire(resource, holder, ttl)

    def release(self, resource: str, holder: str) -> bool:
        if self.away:
            raise StorageError("the database is away")
        return super().release(resource, holder)


class TestLease(LeaderSuite, unittest.TestCase):
    strategy = LeaseStrategy

    def setUp(self) -> None:
        super().setUp()
        self.leases = FlakyLeases(self.clock)
        self.made = self.make_strategy(self.leases)

    def complete(self, *nodes: str) -> None:
        """Let engines be heard whose actions are complete."""
        for node in nodes:
            self.tell(Heard(node, "1"), Requested(node, "1"))

    def restart(self) -> None:
        """As when another node, or another life of this one, takes the data source over."""
        self.made = self.make_strategy(self.leases)

    def test_own_node_is_chosen_first_but_does_not_take_over(self) -> None:
        self.complete(THERE, HERE)
        self.lead_by(HERE)
        self.tell(Left(HERE, "1"))
        self.lead_by(THERE)
        self.tell(Heard(HERE, "2"), Requested(HERE, "2"))
        self.lead_by(THERE)

    def test_only_a_complete_engine_is_chosen(self) -> None:
        self.tell(Heard(THERE, "1"))
        self.assertIsNone(self.lead())
        self.tell(Requested(THERE, "1"))
        self.lead_by(THERE)

    def test_the_choice_outlives_the_node_that_made_it(self) -> None:
        self.complete(THERE)
        before = self.lead_by(THERE)
        self.restart()
        self.tell(Heard(HERE, "1"), Heard(YONDER, "1"), Heard(THERE, "1"))
        self.lead_by(THERE)
        self.complete(HERE, YONDER)
        self.assertEqual(before.epoch, self.lead_by(THERE).epoch)

    def test_it_is_made_again_even_if_it_has_run_out(self) -> None:
        self.complete(THERE)
        before = self.lead_by(THERE)
        self.clock.advance(10 * TIMEOUT)
        self.restart()
        self.tell(Heard(HERE, "1"), Heard(THERE, "1"))
        self.assertEqual(before.epoch, self.lead_by(THERE).epoch)
        self.complete(HERE)
        self.assertEqual(before.epoch, self.lead_by(THERE).epoch)

    def test_a_choice_that_nobody_hears_of_runs_out_and_the_epochs_go_on(self) -> None:
        self.complete(THERE)
        before = self.lead_by(THERE)
        self.restart()
        self.complete(YONDER)
        self.assertIsNone(self.lead())
        self.clock.advance(TIMEOUT)
        self.tell(Heard(YONDER, "1"))
        self.assertEqual(before.epoch + 1, self.lead_by(YONDER).epoch)

    def test_a_choice_that_came_back_after_another_is_a_new_one(self) -> None:
        self.complete(THERE)
        before = self.lead_by(THERE)
        self.leases.release("leader/source", f"{THERE}/1")
        self.clock.advance(TIMEOUT / TRIES)
        self.assertEqual(before.epoch + 1, self.lead_by(THERE).epoch)

    def test_storage_is_asked_seldom(self) -> None:
        self.complete(THERE, YONDER)
        for _ in range(20):
            self.lead_by(THERE)
        self.assertLessEqual(self.leases.asked, 2)
        self.restart()
        self.complete(YONDER)
        before = self.leases.asked
        for _ in range(20):
            self.assertIsNone(self.lead())
        self.assertEqual(before + 1, self.leases.asked)

    def test_the_choice_holds_while_storage_is_away_until_the_lease_runs_out(self) -> None:
        self.complete(THERE)
        before = self.lead_by(THERE)
        self.leases.away = True
        self.clock.advance(TIMEOUT - 0.1)
        self.tell(Heard(THERE, "1"))
        self.assertEqual(before, self.lead())
        self.clock.advance(0.1)
        self.tell(Heard(THERE, "1"))
        self.assertIsNone(self.lead())
        self.leases.away = False
        self.clock.advance(TIMEOUT / TRIES)
        self.tell(Heard(THERE, "1"))
        self.assertEqual(before.epoch, self.lead_by(THERE).epoch)

    def test_a_leader_that_leaves_while_storage_is_away_leads_no_more(self) -> None:
        self.complete(THERE)
        self.lead_by(THERE)
        self.leases.away = True
        self.tell(Left(THERE, "1"))
        self.complete(YONDER)
        self.assertIsNone(self.lead())

    def test_it_cannot_be_without_leases(self) -> None:
        context = LeaderContext(self.clock, HERE, "source", lambda: TIMEOUT)
        with self.assertRaises(Refused):
            LeaseStrategy({}, context)


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
