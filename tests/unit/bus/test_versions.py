"""Nodes of different releases on one bus: what they speak with each other, and what not."""

import json

from congress.bus.bus import Bus
from congress.bus.versions import Versions
from congress.interfaces.bus import BusContext, BusTransport, Channel
from congress.interfaces.role import Epoch
from congress.model.delta import Delta, Snapshot
from congress.model.diagnostic import Refused
from congress.model.status import State
from congress.plugins.bus.inproc import InprocTransport
from congress.testing.buses import BusTestCase, Recorder

#: Three releases in a row, each of which speaks the version of the one before it.
LAST, THIS, NEXT = Versions(1, 2), Versions(2, 3), Versions(3, 4)
MUCH_LATER = Versions(7, 8)


class Listening(InprocTransport):
    """Notes in which versions a node speaks to whom; broadcasts are to nobody."""

    def __init__(self, ctx: BusContext) -> None:
        super().__init__({}, ctx)
        self.spoken: set[tuple[str, int]] = set()

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        if channel is Channel.DATA:
            self.spoken.add(("", json.loads(payload)["v"]))
        super().broadcast(channel, payload)

    def send(self, node: str, payload: bytes) -> None:
        self.spoken.add((node, json.loads(payload)["v"]))
        super().send(node, payload)

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        answer = super().call(node, payload, deadline)
        self.spoken |= {(node, json.loads(text)["v"]) for text in (payload, answer)}
        return answer


class RangeTest(BusTestCase):
    def test_the_highest_common_version_is_spoken(self) -> None:
        for one, two, common in (
            (LAST, THIS, 2),
            (THIS, NEXT, 3),
            (THIS, THIS, 3),
            (LAST, NEXT, None),
            (Versions(1, 9), Versions(4, 5), 5),
        ):
            with self.subTest(one=one, two=two):
                self.assertEqual(common, one.common(two))
                self.assertEqual(common, two.common(one))


class MixedBusTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.transports: dict[str, Listening] = {}

    def transport(self, ctx: BusContext) -> BusTransport:
        return self.transports.setdefault(f"{len(self.transports)}", Listening(ctx))

    def release(self, node: str, versions: Versions) -> Bus:
        """A node of a release."""
        bus = self.bus(node, versions=versions)
        self.transports[node] = self.transports.pop(f"{len(self.transports) - 1}")
        return bus

    def names(self, bus: Bus) -> list[str]:
        return [peer.node for peer in bus.peers()]

    def test_neighbouring_releases_work_together(self) -> None:
        old, new = self.release("old", LAST), self.release("new", THIS)
        seen = Recorder()
        new.subscribe("s", ["t"], seen.on_arrival)
        publisher = old.publisher("s", Epoch(1, "x"))
        publisher.publish([Snapshot("t", frozenset([(1,)]))], {})
        self.until(lambda: seen.tables.get("t") == frozenset([(1,)]))
        publisher.publish([Delta("t", frozenset([(2,)]), frozenset())], {})
        self.until(lambda: len(seen.tables["t"]) == 2)
        new.serve("calc", {"double": lambda a: a * 2})
        self.until(lambda: any("calc" in peer.services for peer in old.peers()))
        self.assertEqual(4, old.call("calc", "double", {"a": 2}, timeout=1))
        self.assertEqual({("new", 2)}, self.transports["old"].spoken)
        self.assertEqual({("old", 2)}, self.transports["new"].spoken)
        self.assertEqual({"speaks": [2, 3], "agreed": {"old": 2}}, new.stats()["protocol"])
        self.assertEqual(State.OK, new.health().state)

    def test_each_is_spoken_to_in_the_best_version_it_knows(self) -> None:
        this = self.release("this", THIS)
        seen = {}
        for node, versions in (("last", LAST), ("same", THIS), ("next", NEXT)):
            seen[node] = Recorder()
            self.release(node, versions).subscribe("s", ["t"], seen[node].on_arrival)
        publisher = this.publisher("s", Epoch(1, "x"))
        publisher.publish([Snapshot("t", frozenset([(1,)]))], {})
        self.until(lambda: all(one.tables.get("t") for one in seen.values()))
        publisher.publish([Delta("t", frozenset([(2,)]), frozenset())], {})
        self.until(lambda: all(len(one.tables["t"]) == 2 for one in seen.values()))
        spoken = self.transports["this"].spoken
        self.assertEqual({("last", 2), ("same", 3), ("next", 3)}, spoken)

    def test_a_cluster_is_upgraded_node_by_node(self) -> None:
        first, second = self.release("first", LAST), self.release("second", LAST)
        heard: list[str] = []
        second.on_notice("t", lambda node, payload: heard.append(node))
        self.until(lambda: "first" in self.names(second))
        first.stop(5)
        first = self.release("first", THIS)
        self.until(lambda: first.stats()["protocol"]["agreed"] == {"second": 2})
        first.notify("t", {})
        self.until(lambda: heard == ["first"])
        second.stop(5)
        second = self.release("second", THIS)
        self.until(lambda: first.stats()["protocol"]["agreed"] == {"second": 3})
        self.assertEqual([], second.stats()["refused"])

    def test_a_release_too_far_away_is_refused_by_name(self) -> None:
        with self.assertLogs("congress.bus.strangers", "WARNING") as log:
            this, later = self.release("this", THIS), self.release("later", MUCH_LATER)
            self.clock.advance(20)
        self.assertEqual((["this"], ["later"]), (self.names(this), self.names(later)))
        self.assertEqual(2, len(log.output), log.output)
        (one,), (two,) = this.stats()["refused"], later.stats()["refused"]
        self.assertEqual(("later", "protocol"), (one["node"], one["reason"]))
        self.assertIn("versions 7 to 8", one["message"])
        self.assertIn("upgrade this node", one["hint"])
        self.assertIn("upgrade that node", two["hint"])
        self.assertEqual(State.DEGRADED, this.health().state)
        self.assertIn("later", this.health().message)
        with self.assertRaises(Refused) as caught:
            this.call("__bus", "probe", timeout=1, node="later")
        self.assertEqual("unsupported", caught.exception.code)
        later.stop(5)
        self.clock.advance(10)
        self.assertEqual(State.OK, this.health().state)
