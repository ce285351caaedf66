"""Who is alive: by silence, by goodbye, and one instance at a time."""

import unittest

from congress.bus.claims import Claims
from congress.bus.membership import REMEMBERED, Membership
from congress.bus.messages import Heartbeat
from congress.interfaces.role import Epoch, Position
from congress.model.status import State


def beat(instance: str, number: int = 1, started: float = 10.0, state: str = "ok") -> Heartbeat:
    return Heartbeat(instance, started, number, {"s": (state, "", 0.0)}, {"nova": (1, "e", number)})


class MembershipTest(unittest.TestCase):
    def setUp(self) -> None:
        self.membership = Membership("own", "own#1", 100.0)

    def hear(self, node: str, heartbeat: Heartbeat, now: float = 100.0) -> list[tuple[str, str]]:
        return [(e, p.instance) for e, p in self.membership.hear(node, heartbeat, now)]

    def alive(self) -> list[str]:
        return [peer.instance for peer in self.membership.peers()]

    def test_heartbeats_make_peers(self) -> None:
        self.assertEqual([("heard", "b1")], self.hear("b", beat("b1")))
        self.assertEqual([("heard", "a1")], self.hear("a", beat("a1")))
        self.assertEqual(["a1", "b1"], self.alive())
        peer = self.membership.get("b")
        assert peer
        self.assertEqual(State.OK, peer.services["s"].state)
        self.assertEqual(Position(Epoch(1, "e"), 1), peer.sources["nova"])
        self.assertIsNone(self.membership.get("c"))

    def test_a_state_of_a_later_release_is_no_good(self) -> None:
        self.hear("a", beat("a1", state="splendid"))
        self.assertEqual(State.FAILED, self.membership.peers()[0].services["s"].state)

    def test_old_and_repeated_heartbeats_are_ignored(self) -> None:
        self.hear("a", beat("a1", 5))
        self.assertEqual([], self.hear("a", beat("a1", 5)))
        self.assertEqual([], self.hear("a", beat("a1", 4)))
        self.assertEqual([("heard", "a1")], self.hear("a", beat("a1", 6)))

    def test_a_later_instance_replaces_an_earlier_one_for_good(self) -> None:
        self.hear("a", beat("a1", 50, started=10))
        self.assertEqual(
            [("left", "a1"), ("heard", "a2")], self.hear("a", beat("a2", 1, started=20))
        )
        self.assertEqual([], self.hear("a", beat("a1", 51, started=10)))
        self.assertEqual(["a2"], self.alive())

    def test_silence_ends_membership(self) -> None:
        self.hear("a", beat("a1"), now=100.0)
        self.hear("b", beat("b1"), now=102.0)
        self.assertEqual([], self.membership.expire(102.5, 3.0, 0.5))
        events = self.membership.expire(103.1, 3.0, 0.6)
        self.assertEqual([("left", "a1")], [(e, p.instance) for e, p in events])
        self.assertEqual(["b1"], self.alive())
        self.assertEqual([("heard", "a1")], self.hear("a", beat("a1", 2), now=104.0))

    def test_time_in_which_this_node_stood_still_is_no_silence(self) -> None:
        self.hear("a", beat("a1"), now=100.0)
        self.membership.expire(100.5, 3.0, 0.5)
        self.assertEqual([], self.membership.expire(160.0, 3.0, 0.5))
        self.assertEqual([], self.membership.expire(160.5, 3.0, 0.5))
        self.assertEqual(1, len(self.membership.expire(164.0, 3.0, 3.5)))

    def test_who_said_goodbye_is_not_taken_back(self) -> None:
        self.hear("a", beat("a1"))
        self.assertEqual([("left", "a1")], self.goodbye("a", "a1"))
        self.assertEqual([], self.goodbye("a", "a1"))
        self.assertEqual([], self.hear("a", beat("a1", 2)))
        self.assertEqual([("heard", "a2")], self.hear("a", beat("a2")))

    def test_a_goodbye_of_another_instance_changes_nothing(self) -> None:
        self.hear("a", beat("a2"))
        self.assertEqual([], self.goodbye("a", "a1"))
        self.assertEqual(["a2"], self.alive())

    def test_goodbyes_are_remembered_within_bounds(self) -> None:
        for number in range(REMEMBERED + 5):
            self.goodbye("a", f"a{number}")
        self.assertEqual([("heard", "a0")], self.hear("a", beat("a0")))
        self.assertEqual([], self.hear("b", beat(f"a{REMEMBERED}")))

    def test_a_double_of_this_node_is_noted(self) -> None:
        self.assertEqual([], self.hear("own", beat("own#1")))
        self.assertIsNone(self.membership.double_heard_at)
        self.assertEqual([], self.hear("own", beat("own#2"), now=7.0))
        self.assertEqual(7.0, self.membership.double_heard_at)
        self.assertFalse(self.membership.replaced)
        self.assertEqual([], self.alive())

    def test_a_double_that_began_later_takes_this_node_s_place(self) -> None:
        self.hear("own", beat("own#2", started=100.5))
        self.hear("own", beat("own#0", started=99.0))
        self.assertTrue(self.membership.replaced)

    def goodbye(self, node: str, instance: str) -> list[tuple[str, str]]:
        return [(e, p.instance) for e, p in self.membership.goodbye(node, instance)]


class ClaimsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.claims = Claims()

    def tell(self, node: str, **numbers: int) -> list[str]:
        return self.claims.tell(
            node, {source: Position(Epoch(n, node), 1) for source, n in numbers.items()}
        )

    def provider(self, source: str) -> str | None:
        found = self.claims.provider(source)
        return found.node if found else None

    def test_the_greatest_epoch_wins(self) -> None:
        self.tell("a", s=1)
        self.tell("b", s=3)
        self.tell("c", s=2)
        self.assertEqual("b", self.provider("s"))
        self.tell("b")
        self.assertEqual("c", self.provider("s"))

    def test_between_equals_nobody_is_pushed_out(self) -> None:
        self.tell("b", s=1)
        self.assertEqual("b", self.provider("s"))
        self.tell("a", s=1)
        self.assertEqual("b", self.provider("s"))
        self.tell("b")
        self.assertEqual("a", self.provider("s"))

    def test_sources_that_are_no_longer_claimed_are_told(self) -> None:
        self.assertEqual(["s", "t"], self.tell("a", s=1, t=1))
        self.assertEqual(["t", "s"], self.tell("a", s=1))
        self.assertIsNone(self.provider("t"))
        self.assertIsNone(self.provider("never"))
