"""The conformance suite of leader strategies, for anybody who writes one.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Mix ``LeaderSuite`` into a ``unittest.TestCase``, and name the class::

    class TestMine(LeaderSuite, unittest.TestCase):
        strategy = MyStrategy
        config = {}

The suite plays a data source on the node ``here``; a strategy that never follows
other nodes sets ``follows_others = False``.
"""

import random
import unittest
from typing import TYPE_CHECKING, ClassVar

from congress.interfaces.leader import (
    Heard,
    LeaderContext,
    LeaderEvent,
    Leadership,
    LeaderStrategy,
    LeaseTerms,
    Left,
    Requested,
    Unhealthy,
)
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.model.status import Health, State
from congress.testing.runtime import ManualClock

if TYPE_CHECKING:
    Case = unittest.TestCase
else:
    Case = object

HERE, THERE, YONDER = "here", "there", "yonder"
TIMEOUT = 2.0
UNWELL = Health(State.FAILED, "out of order")


class FakeLeases:
    """Leases in memory, for one data source and on the test's clock."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._held: dict[str, tuple[str, int, float]] = {}

    def acquire(self, resource: str, holder: str, ttl: float) -> int | None:
        """See ``LeaseTerms``."""
        now = self._clock.monotonic()
        owner, epoch, until = self._held.get(resource, ("", 0, 0.0))
        if owner != holder and now < until:
            return None
        epoch = epoch if owner == holder else epoch + 1
        self._held[resource] = (holder, epoch, now + ttl)
        return epoch

    def holder(self, resource: str) -> str:
        """See ``LeaseTerms``."""
        return self._held[resource][0] if resource in self._held else ""

    def release(self, resource: str, holder: str) -> bool:
        """See ``LeaseTerms``."""
        owner, epoch, _ = self._held.get(resource, ("", 0, 0.0))
        if owner != holder:
            return False
        self._held[resource] = ("", epoch, 0.0)
        return True


class LeaderSuite(Case):
    """What every strategy does."""

    strategy: ClassVar[type[LeaderStrategy]]
    config: ClassVar[dict[str, OptionValue]] = {}
    follows_others: ClassVar[bool] = True
    #: How many random histories are played; fewer where leases are slow.
    histories: ClassVar[int] = 50

    def setUp(self) -> None:
        super().setUp()
        self.clock = ManualClock()
        self.timeout = TIMEOUT
        self.made = self.make_strategy()

    def make_strategy(self, leases: FakeLeases | None = None) -> LeaderStrategy:
        """A new strategy on the node ``here``, with leases of its own if none are given."""
        found = leases or FakeLeases(self.clock)
        terms = LeaseTerms(found.acquire, found.release, found.holder)
        context = LeaderContext(self.clock, HERE, "source", lambda: self.timeout, terms)
        return self.strategy(dict(self.config), context)

    def tell(self, *events: LeaderEvent) -> None:
        """Let something have happened."""
        for event in events:
            self.made.observe(event, self.clock.monotonic())

    def lead(self) -> Leadership | None:
        """Who leads now."""
        return self.made.leader(self.clock.monotonic())

    def lead_by(self, node: str, instance: str = "1") -> Leadership:
        """Who leads now, if it is that one."""
        found = self.lead()
        assert found is not None, f"nobody leads, expected {node}"
        self.assertEqual((node, instance), (found.node, found.instance))
        return found

    def test_describes_itself(self) -> None:
        info = self.strategy.describe()
        self.assertIsInstance(info, PluginInfo)
        self.assertTrue(info.name)
        self.assertTrue(info.summary)

    def test_nobody_leads_at_first(self) -> None:
        self.assertIsNone(self.lead())

    def test_a_complete_engine_next_door_leads(self) -> None:
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        self.lead_by(HERE)

    def test_the_answer_is_the_same_until_something_changes(self) -> None:
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        first = self.lead_by(HERE)
        self.clock.advance(TIMEOUT / 2)
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        self.assertEqual(first, self.lead())

    def test_a_silent_leader_is_dropped_after_the_timeout(self) -> None:
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        self.lead_by(HERE)
        self.clock.advance(TIMEOUT + 0.1)
        self.assertIsNone(self.lead())

    def test_the_timeout_can_be_reloaded(self) -> None:
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        self.lead_by(HERE)
        self.timeout = 10.0
        self.clock.advance(TIMEOUT + 0.1)
        self.lead_by(HERE)

    def test_a_step_of_the_wall_clock_changes_nothing(self) -> None:
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        before = self.lead_by(HERE)
        self.clock.step_wall(-86400)
        self.assertEqual(before, self.lead())

    def test_a_leader_that_leaves_is_dropped_at_once(self) -> None:
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        self.lead_by(HERE)
        self.tell(Left(HERE, "1"))
        self.assertIsNone(self.lead())

    def test_an_unwell_leader_is_dropped_and_may_return(self) -> None:
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        first = self.lead_by(HERE)
        self.tell(Unhealthy(HERE, "1", UNWELL))
        self.assertIsNone(self.lead())
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        self.assertGreaterEqual(self.lead_by(HERE).epoch, first.epoch)

    def test_a_restarted_engine_is_another_leader(self) -> None:
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        first = self.lead_by(HERE)
        self.tell(Left(HERE, "1"), Heard(HERE, "2"), Requested(HERE, "2"))
        self.assertGreater(self.lead_by(HERE, "2").epoch, first.epoch)

    def test_a_late_goodbye_of_an_earlier_life_counts_for_nothing(self) -> None:
        self.tell(Heard(HERE, "2"), Requested(HERE, "2"), Left(HERE, "1"))
        self.lead_by(HERE, "2")

    def test_strangers_that_leave_or_are_unwell_are_no_matter(self) -> None:
        self.tell(Left(YONDER, "1"), Unhealthy(YONDER, "1", UNWELL))
        self.assertIsNone(self.lead())

    def test_another_node_leads_where_that_is_allowed(self) -> None:
        self.tell(Heard(THERE, "1"), Requested(THERE, "1"))
        if self.follows_others:
            self.lead_by(THERE)
        else:
            self.assertIsNone(self.lead())

    def test_another_node_takes_over_within_the_timeout(self) -> None:
        if not self.follows_others:
            self.assertIsNone(self.lead())
            return
        self.tell(Heard(HERE, "1"), Requested(HERE, "1"))
        self.lead_by(HERE)
        self.tell(Heard(THERE, "1"), Requested(THERE, "1"))
        self.clock.advance(TIMEOUT / 2)
        self.tell(Heard(THERE, "1"))
        self.clock.advance(TIMEOUT / 2 + 0.1)
        self.lead_by(THERE)

    def test_any_history_gives_a_leader_that_was_heard_in_time(self) -> None:
        for seed in range(self.histories):
            self.made = self.make_strategy()
            self._play(random.Random(seed))

    def _play(self, chance: random.Random) -> None:
        heard: dict[tuple[str, str], float] = {}
        epoch = 0
        for _ in range(60):
            node, instance = chance.choice((HERE, THERE, YONDER)), chance.choice("12")
            now = self.clock.monotonic()
            event: LeaderEvent = chance.choice(
                (
                    Heard(node, instance),
                    Heard(node, instance),
                    Requested(node, instance),
                    Left(node, instance),
                    Unhealthy(node, instance, UNWELL),
                )
            )
            self.tell(event)
            if isinstance(event, Heard | Requested):
                heard[node, instance] = now
            if found := self.lead():
                self.assertLessEqual(now - heard[found.node, found.instance], TIMEOUT)
                self.assertGreaterEqual(found.epoch, epoch)
                self.assertLessEqual(found.since, now)
                epoch = found.epoch
            self.clock.advance(chance.random())
