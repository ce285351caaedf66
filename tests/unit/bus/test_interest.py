"""Who wants what, however messages overtake each other."""

import unittest

from congress.bus.interest import Interest


class InterestTest(unittest.TestCase):
    def setUp(self) -> None:
        self.changed: list[list[str]] = []
        self.interest = Interest(lambda sources: self.changed.append(list(sources)))

    def test_own_subscriptions_add_up(self) -> None:
        self.interest.set_local("s", 1, ["b", "a"])
        self.interest.set_local("s", 2, ["c"])
        self.assertEqual((2, {"s": ["a", "b", "c"]}), self.interest.local())
        self.assertEqual((2, ["a", "b", "c"]), self.interest.local_of("s"))
        self.interest.set_local("s", 1, None)
        self.assertEqual({"c"}, self.interest.of("s"))
        self.interest.set_local("s", 2, None)
        self.assertEqual((4, {}), self.interest.local())
        self.assertEqual((4, []), self.interest.local_of("s"))

    def test_peers_add_to_it(self) -> None:
        self.interest.set_local("s", 1, ["a"])
        self.interest.hear("p", "i", 1, {"s": ["b"], "t": ["x"]})
        self.interest.hear_one("q", "j", 1, "s", ["c"])
        self.assertEqual({"a", "b", "c"}, self.interest.of("s"))
        self.assertEqual((["p", "q"], {"b", "c"}), self.interest.elsewhere("s"))
        self.assertEqual(["p", "q"], self.interest.nodes())

    def test_old_news_are_ignored(self) -> None:
        self.interest.hear("p", "i", 5, {"s": ["new"]})
        self.interest.hear("p", "i", 4, {"s": ["old"]})
        self.interest.hear_one("p", "i", 3, "s", ["older"])
        self.assertEqual({"new"}, self.interest.of("s"))

    def test_a_request_is_newer_than_a_heartbeat_on_its_way(self) -> None:
        self.interest.hear("p", "i", 1, {"t": ["x"]})
        self.interest.hear_one("p", "i", 3, "s", ["new"])
        self.interest.hear("p", "i", 2, {"t": ["y"]})
        self.assertEqual({"new"}, self.interest.of("s"))
        self.assertEqual({"y"}, self.interest.of("t"))
        self.interest.hear("p", "i", 3, {"t": ["y"]})
        self.assertEqual(frozenset(), self.interest.of("s"))

    def test_another_instance_begins_anew(self) -> None:
        self.interest.hear("p", "i", 9, {"s": ["a"]})
        self.interest.hear("p", "j", 1, {"s": ["b"]})
        self.assertEqual({"b"}, self.interest.of("s"))
        self.interest.hear_one("p", "k", 0, "t", ["c"])
        self.assertEqual((frozenset(), {"c"}), (self.interest.of("s"), self.interest.of("t")))

    def test_who_left_wants_nothing(self) -> None:
        self.interest.hear("p", "i", 9, {"s": ["a"]})
        self.interest.forget("p", "another instance")
        self.assertEqual({"a"}, self.interest.of("s"))
        self.interest.forget("p", "i")
        self.interest.forget("p")
        self.assertEqual(frozenset(), self.interest.of("s"))

    def test_only_changes_are_told(self) -> None:
        self.interest.hear("p", "i", 1, {"s": ["a"], "t": ["b"]})
        self.interest.hear("p", "i", 2, {"s": ["a"], "t": ["c"]})
        self.interest.hear("p", "i", 3, {"s": ["a"], "t": ["c"]})
        self.interest.hear_one("p", "i", 3, "s", ["a"])
        self.interest.forget("p")
        self.assertEqual([["s", "t"], ["t"], ["s", "t"]], self.changed)
