"""Subscriptions and publishers of a node: what roles may do with them, and when."""

from collections.abc import Callable
from typing import Any

from congress.bus import Bus, BusOptions
from congress.bus.messages import SyncPart, SyncRequest, SyncTable, decode, encode
from congress.interfaces.bus import BusContext, BusTransport, Channel
from congress.interfaces.plugin import PluginInfo
from congress.interfaces.role import Coverage, Epoch
from congress.model.delta import Delta, Snapshot
from congress.model.diagnostic import Refused
from congress.model.status import Health, State
from congress.plugins.bus.inproc import InprocTransport
from congress.testing.buses import BusTestCase, Recorder


def rows(*values: Any) -> frozenset[Any]:
    return frozenset((value,) for value in values)


class SubscriptionTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source, self.reader = self.bus("source"), self.bus("reader")
        self.publisher = self.source.publisher("s", Epoch(1, "e"))
        self.publisher.publish([Snapshot("a", rows(1)), Snapshot("b", rows(1))], {})
        self.seen = Recorder()
        self.subscription = self.reader.subscribe("s", ["a", "b"], self.seen.on_arrival)
        self.until(lambda: len(self.seen.tables) == 2)

    def test_what_is_on_its_way_of_removed_tables_is_not_handed_over(self) -> None:
        self.publisher.publish(
            [Snapshot("a", rows(2)), Snapshot("b", rows(2))], {"a": Coverage(5.0, complete=True)}
        )
        self.subscription.set_tables(["b"])
        self.clock.advance(1)
        self.assertEqual(["b"], [change.table for change in self.seen.arrivals[-1].changes])
        self.assertNotIn("a", self.seen.arrivals[-1].coverage)

    def test_a_table_removed_and_added_at_once_begins_with_a_snapshot(self) -> None:
        before = len(self.seen.arrivals)
        self.publisher.publish([Delta("a", rows(2)), Delta("b", rows(2))], {})
        self.subscription.set_tables(["b"])
        self.subscription.set_tables(["a", "b"])
        self.clock.advance(2)
        of_a = [
            change
            for arrival in self.seen.arrivals[before:]
            for change in arrival.changes
            if change.table == "a"
        ]
        self.assertEqual([Snapshot("a", rows(1, 2))], of_a)

    def test_the_same_tables_again_change_nothing(self) -> None:
        self.subscription.set_tables(["b", "a"])
        self.clock.advance(2)
        self.assertEqual(1, self.source.stats()["counters"]["snapshots.served"])

    def test_after_closing_nothing_changes_it(self) -> None:
        self.subscription.close()
        self.subscription.close()
        self.subscription.set_tables(["c"])
        self.publisher.publish([Snapshot("a", rows(3))], {})
        self.clock.advance(2)
        self.assertEqual([], self.reader.stats()["subscriptions"])
        self.assertEqual(1, len(self.seen.arrivals))

    def test_a_table_added_while_things_change_is_consistent(self) -> None:
        extra = Recorder()
        other = self.reader.subscribe("s", ["a"], extra.on_arrival)
        for number in range(5, 30):
            self.publisher.publish([Snapshot("a", rows(number)), Snapshot("b", rows(number))], {})
            if number == 15:
                other.set_tables(["a", "b"])
            self.clock.advance(0.01)
            if len(extra.tables) == 2:
                self.assertEqual(extra.tables["a"], extra.tables["b"])
        self.clock.advance(1)
        self.assertEqual(rows(29), extra.tables["b"])

    def test_an_unreadable_answer_is_asked_for_again(self) -> None:
        self.publisher.publish([Snapshot("c", rows(7))], {})
        part = SyncPart("s", "", (1, "e"), 3, [SyncTable("c", "rows", 9)], {"c": [[1]]}, 0, None)
        forged: list[str] = []

        def forge(node: str, payload: bytes) -> None:
            message = decode(payload)
            if isinstance(message, SyncRequest) and not forged:
                forged.append(message.token)
                answer = encode(SyncPart(**{**_fields(part), "token": message.token}))
                self.reader._on_message(Channel.DATA, "source", answer)
            else:
                send(node, payload)

        transport: Any = self.reader._transport
        send: Callable[[str, bytes], None] = transport.send
        transport.send = forge
        self.subscription.set_tables(["a", "c"])
        self.until(lambda: self.seen.tables.get("c") == rows(7), 5)
        self.assertEqual(1, self.reader.stats()["counters"]["messages.unreadable"])


def _fields(part: SyncPart) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__struct_fields__}


class PublisherTest(BusTestCase):
    def test_a_source_is_published_once_per_node(self) -> None:
        one = self.bus("one")
        first = one.publisher("s", Epoch(1, "e"))
        with self.assertRaises(ValueError):
            one.publisher("s", Epoch(2, "e"))
        first.close()
        first.close()
        again = one.publisher("s", Epoch(2, "e"))
        first.close()
        self.assertEqual({"s": again.position}, one.peers()[0].sources)

    def test_a_source_that_begins_again_on_its_node_is_followed(self) -> None:
        one, two, near, far = self.bus("one"), self.bus("two"), Recorder(), Recorder()
        one.subscribe("s", ["t"], near.on_arrival, near.on_state)
        two.subscribe("s", ["t"], far.on_arrival, far.on_state)
        for number in range(1, 4):
            publisher = one.publisher("s", Epoch(number, f"e{number}"))
            publisher.publish([Snapshot("t", rows(number))], {})
            self.until(lambda n=number: near.tables.get("t") == far.tables.get("t") == rows(n), 2.0)
            self.assertEqual("live", far.state["t"])
            publisher.close()
            self.until(lambda: near.state["t"] == far.state["t"] == "stale", 0.1)

    def test_the_wishes_of_a_node_that_was_never_heard_are_forgotten(self) -> None:
        one = self.bus("one")
        publisher = one.publisher("s", Epoch(1, "e"))
        stranger = InprocTransport({}, BusContext(self.clock, self.threads.group("x"), self.hub))
        got: list[bytes] = []
        stranger.open(
            self.bus_id, "x", "x#1", lambda channel, sender, p: got.append(p), lambda s, p: p
        )
        self.addCleanup(stranger.close, 1)
        stranger.send("one", encode(SyncRequest("s", "x#1/1.1", "x#1", ["t"], ["t"], 1)))
        self.until(lambda: publisher.wanted() == {"t"}, 0.1)
        self.clock.advance(7)
        self.assertEqual(frozenset(), publisher.wanted())

    def test_who_asks_for_a_source_that_is_not_here_is_told(self) -> None:
        self.bus("one")
        stranger = InprocTransport({}, BusContext(self.clock, self.threads.group("x"), self.hub))
        got: list[bytes] = []
        stranger.open(
            self.bus_id, "x", "x#1", lambda channel, sender, p: got.append(p), lambda s, p: p
        )
        self.addCleanup(stranger.close, 1)
        stranger.send("one", encode(SyncRequest("s", "x#1/1.1", "x#1", ["t"], ["t"], 1)))
        self.threads.run_ready()
        self.assertIn(b"nosync", b"".join(got))

    def test_a_wanted_callback_that_fails_does_no_harm(self) -> None:
        one = self.bus("one")
        one.publisher("s", Epoch(1, "e"), on_wanted=lambda wanted: {}["missing"])
        seen = Recorder()
        one.subscribe("s", ["t"], seen.on_arrival)
        with self.assertLogs("congress.testing"):
            self.threads.run_ready()
        self.assertEqual(["bus-events"], [name for name, _ in self.threads.errors])
        self.threads.errors.clear()


class NarrowTransport(InprocTransport):
    """One that takes small messages only, and fails when told to."""

    limit = 20_000
    failing = False
    largest = 0

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "narrow", "", features={"distributed": False, "ordered": True, "max_message": cls.limit}
        )

    def send(self, node: str, payload: bytes) -> None:
        type(self).largest = max(self.largest, len(payload))
        super().send(node, payload)

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        if self.failing:
            raise OSError("a fault of the test")
        super().broadcast(channel, payload)

    def health(self) -> Health:
        return Health(State.DEGRADED, "the broker is away") if self.failing else super().health()


class TransportTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.transports: list[NarrowTransport] = []

    def transport(self, ctx: BusContext) -> BusTransport:
        self.transports.append(NarrowTransport({}, ctx))
        return self.transports[-1]

    def test_messages_stay_below_what_the_transport_takes(self) -> None:
        one, two, seen = self.bus("one"), self.bus("two"), Recorder()
        publisher = one.publisher("s", Epoch(1, "e"))
        two.subscribe("s", ["t"], seen.on_arrival)
        self.clock.advance(1)
        many = frozenset((n, "\x00ä" * 20) for n in range(2000))
        publisher.publish([Snapshot("t", many)], {})
        self.until(lambda: seen.tables.get("t") == many, 10)
        self.assertLess(NarrowTransport.largest, NarrowTransport.limit)

    def test_a_transport_that_fails_does_not_stop_the_heart(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        self.clock.advance(1)
        transport: Any = self.transports[0]
        transport.failing = True
        with self.assertLogs("congress.bus"):
            self.clock.advance(5)
        self.assertEqual(1, len(two.peers()))
        self.assertEqual(State.DEGRADED, one.health().state)
        transport.failing = False
        self.until(lambda: len(two.peers()) == 2, 1.0)
        self.assertEqual(State.OK, one.health().state)

    def test_options_can_change_while_it_runs(self) -> None:
        interval = [0.5]
        one = self.bus("one", BusOptions(heartbeat_interval=lambda: interval[0]))
        beats: list[float] = []
        one.on_peers(lambda event, peer: beats.append(self.clock.monotonic()))
        self.clock.advance(2)
        interval[0] = 2.0
        self.clock.advance(1)
        beats.clear()
        self.clock.advance(8)
        self.assertEqual(4, len(beats))


class StoppedTest(BusTestCase):
    def test_a_stopped_bus_answers_nobody(self) -> None:
        one, two = self.bus("one"), self.bus("two")
        one.serve("s", {"f": lambda: 1})
        self.until(lambda: len(two.peers()) == 2)
        one.stop(5)
        one.stop(5)
        self.assertEqual(State.NOT_READY, one.health().state)
        self.assert_unavailable(two)
        one.notify("topic", {})
        one.publisher("later", Epoch(1, "e")).publish([Snapshot("t", rows(1))], {})
        self.clock.advance(1)
        self.assertEqual(1, len(two.peers()))

    def assert_unavailable(self, bus: Bus) -> None:
        with self.assertRaises(Refused) as caught:
            bus.call("s", "f", timeout=1)
        self.assertEqual("unavailable", caught.exception.code)

    def test_a_bus_that_cannot_connect_leaves_nothing_behind(self) -> None:
        bus = self.bus("one", start=False)
        transport: Any = bus._transport

        def fail(*args: object) -> None:
            raise OSError("a fault of the test")

        transport.open = fail
        with self.assertRaises(OSError):
            bus.start()
        self.assertEqual(State.NOT_READY, bus.health().state)
        bus.stop(1)
