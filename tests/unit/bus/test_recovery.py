"""Faults of the network and of nodes, one at a time, over the lossy transport."""

from typing import Any

from congress.bus import Bus, BusOptions
from congress.interfaces.bus import BusContext, BusTransport, Channel
from congress.interfaces.role import Arrival, Coverage, Epoch
from congress.model.delta import Delta, Snapshot
from congress.model.diagnostic import Refused
from congress.model.status import State
from congress.testing.buses import BusTestCase, Recorder
from congress.testing.lossy import Faults, LossyNetwork, LossyTransport

COVERED = {"t": Coverage(1.0, complete=True)}


def rows(*values: Any) -> frozenset[Any]:
    return frozenset((value,) for value in values)


class LossyBusTestCase(BusTestCase):
    seed = 5

    def setUp(self) -> None:
        super().setUp()
        self.hub = self.network = LossyNetwork(self.threads, seed=5)

    def transport(self, ctx: BusContext) -> BusTransport:
        return LossyTransport({}, ctx)

    def subscribe(self, bus: Bus, source: str = "s", *tables: str) -> Recorder:
        seen = Recorder()
        bus.subscribe(source, tables or ["t"], seen.on_arrival, seen.on_state)
        return seen

    def has(self, seen: Recorder, *values: Any) -> bool:
        return seen.tables.get("t") == rows(*values) and seen.state.get("t") == "live"


class LossTest(LossyBusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.publisher = self.bus("source").publisher("s", Epoch(1, "e"))
        self.publisher.publish([Snapshot("t", rows(0))], COVERED)
        self.reader = self.bus("reader")
        self.seen = self.subscribe(self.reader)
        self.until(lambda: self.has(self.seen, 0))

    def test_a_lost_last_message_is_repaired_within_two_heartbeats(self) -> None:
        self.network.faults = Faults(loss=1.0)
        self.publisher.publish([Delta("t", rows(1))], {})
        self.threads.run_ready()
        self.network.heal()
        self.until(lambda: self.has(self.seen, 0, 1), 1.1)

    def test_a_lost_message_in_between_is_repaired_as_soon(self) -> None:
        self.network.faults = Faults(loss=1.0)
        self.publisher.publish([Delta("t", rows(1))], {})
        self.threads.run_ready()
        self.network.heal()
        self.publisher.publish([Delta("t", rows(2))], {})
        self.until(lambda: self.has(self.seen, 0, 1, 2), 1.1)

    def test_reordering_and_repeating_need_no_repair(self) -> None:
        self.network.faults = Faults(repeat=0.5, delay=(0.0, 0.3))
        for number in range(1, 40):
            self.publisher.publish([Delta("t", rows(number))], {})
            self.clock.advance(0.01)
        self.until(lambda: self.has(self.seen, *range(40)), 1.0)
        self.assertNotIn("resync.gap", self.reader.stats()["counters"])

    def test_a_partition_makes_stale_and_heals(self) -> None:
        self.network.partition(["source"])
        self.until(lambda: self.seen.state["t"] == "stale", 4.0)
        self.assertEqual(rows(0), self.seen.tables["t"], "the rows stay")
        self.publisher.publish([Snapshot("t", rows(7))], {})
        self.clock.advance(10)
        self.network.heal()
        self.until(lambda: self.has(self.seen, 7), 3.0)

    def test_deafness_in_one_direction_heals(self) -> None:
        for pair in (("reader", "source"), ("source", "reader")):
            with self.subTest(pair=pair):
                self.network.block(*pair)
                self.clock.advance(6)
                self.publisher.publish([Snapshot("t", rows(*pair))], {})
                self.clock.advance(6)
                self.network.heal()
                self.until(lambda p=pair: self.has(self.seen, *p), 10.0)

    def test_a_broker_that_is_away_is_survived(self) -> None:
        self.network.broker(away=True)
        self.publisher.publish([Snapshot("t", rows(8))], {})
        self.clock.advance(30)
        self.network.broker(away=False)
        self.until(lambda: self.has(self.seen, 8), 3.0)
        self.assertEqual(2, len(self.reader.peers()))

    def test_a_healthy_feed_that_differs_is_found_out(self) -> None:
        """Whatever made it differ: here a publisher that changed behind its own back."""
        self.publisher._tables["t"].rows = {(5,)}
        self.publisher._tables["t"].digest = None
        self.until(lambda: self.has(self.seen, 5), 120.0)
        self.assertEqual(1, self.reader.stats()["counters"]["resync.safety"])


class RestartTest(LossyBusTestCase):
    def test_order_of_starting_does_not_matter(self) -> None:
        early = self.subscribe(self.bus("early"))
        self.clock.advance(60)
        publisher = self.bus("source").publisher("s", Epoch(1, "e"))
        publisher.publish([Snapshot("t", rows(1))], COVERED)
        self.until(lambda: self.has(early, 1), 2.0)
        late = self.subscribe(self.bus("late"))
        self.until(lambda: self.has(late, 1), 2.0)

    def test_a_source_that_restarts_elsewhere_leaves_no_ghosts(self) -> None:
        readers = [self.subscribe(self.bus(name)) for name in ("r1", "r2")]
        first = self.bus("first").publisher("s", Epoch(1, "a"))
        first.publish([Snapshot("t", rows(1, 2))], COVERED)
        self.until(lambda: all(self.has(seen, 1, 2) for seen in readers))
        self.threads.group("first").kill()
        second = self.bus("second").publisher("s", Epoch(2, "b"))
        second.publish([Snapshot("t", rows(1, 3))], COVERED)
        # One of them gets its data early, by subscribing anew.
        early = self.subscribe(self.bus("r3"))
        self.until(lambda: all(self.has(seen, 1, 3) for seen in [*readers, early]), 5.0)
        second.publish([Snapshot("t", rows(1))], {})
        self.until(lambda: all(self.has(seen, 1) for seen in [*readers, early]), 1.0)

    def test_a_fenced_publisher_is_not_believed(self) -> None:
        reader = self.bus("reader")
        seen = self.subscribe(reader)
        old_bus = self.bus("old")
        old = old_bus.publisher("s", Epoch(1, "a"))
        old.publish([Snapshot("t", rows("old"))], COVERED)
        self.until(lambda: self.has(seen, "old"))
        new = self.bus("new").publisher("s", Epoch(2, "b"))
        new.publish([Snapshot("t", rows("new"))], COVERED)
        self.until(lambda: self.has(seen, "new"))
        for number in range(5):
            old.publish([Snapshot("t", rows("old", number))], {})
            self.clock.advance(1)
        self.assertTrue(self.has(seen, "new"))
        new.close()
        self.clock.advance(5)
        self.assertEqual((rows("new"), "stale"), (seen.tables["t"], seen.state["t"]))

    def test_a_stopped_source_makes_stale_at_once(self) -> None:
        seen = self.subscribe(self.bus("reader"))
        source = self.bus("source")
        source.publisher("s", Epoch(1, "a")).publish([Snapshot("t", rows(1))], COVERED)
        self.until(lambda: self.has(seen, 1))
        source.stop(5)
        self.until(lambda: seen.state["t"] == "stale", 0.1)

    def test_a_stopped_process_is_replaced_and_does_not_come_back(self) -> None:
        """The first is halted (SIGSTOP), a second takes its id, the first wakes up."""
        watcher = self.bus("watcher")
        first = self.bus("n")
        self.until(lambda: len(watcher.peers()) == 2)
        group = self.threads.group("n")
        group.pause()
        self.clock.advance(1)
        second = self._second("n")
        self.until(lambda: watcher.peers()[1].instance == second.instance, 3.0)
        group.resume()
        self.clock.advance(3)
        self.assertEqual(second.instance, watcher.peers()[1].instance)
        self.assertEqual(State.FAILED, first.health().state)
        self.assertEqual(State.DEGRADED, second.health().state)
        group.kill()
        self.clock.advance(30)
        self.assertEqual(State.OK, second.health().state)

    def test_a_running_node_is_not_replaced(self) -> None:
        self.bus("n")
        with self.assertRaises(Refused) as caught:
            self._second("n")
        self.assertEqual("duplicate", caught.exception.code)
        self.assertIn("node", caught.exception.diagnostics[0].hint)

    def _second(self, node: str) -> Bus:
        threads = self.threads.group("second")
        bus = Bus(
            LossyTransport({}, BusContext(self.clock, threads, self.network)),
            bus_id=self.bus_id,
            node=node,
            instance="second",
            clock=self.clock,
            threads=threads,
        )
        bus.start()
        self.addCleanup(bus.stop, 5)
        return bus


class VolumeTest(LossyBusTestCase):
    small = BusOptions(message_bytes=lambda: 200, max_inbox_rows=lambda: 50)

    def test_large_tables_come_in_pieces_even_if_some_get_lost(self) -> None:
        self.network.faults = Faults(loss=0.2)
        publisher = self.bus("source", self.small).publisher("s", Epoch(1, "e"))
        publisher.publish([Snapshot("t", rows(*range(500)))], COVERED)
        seen = self.subscribe(self.bus("reader"))
        self.until(lambda: self.has(seen, *range(500)), 120)

    def test_a_large_change_is_fetched(self) -> None:
        publisher = self.bus("source", self.small).publisher("s", Epoch(1, "e"))
        publisher.publish([Snapshot("t", rows(0))], COVERED)
        reader = self.bus("reader")
        seen = self.subscribe(reader)
        self.until(lambda: self.has(seen, 0))
        publisher.publish([Delta("t", rows(*range(1, 500)))], {})
        self.until(lambda: self.has(seen, *range(500)), 1.0)
        self.assertEqual(1, reader.stats()["counters"]["resync.omitted"])

    def test_a_slow_subscriber_holds_up_nobody_and_catches_up(self) -> None:
        reader = self.bus("reader", self.small)
        slow, quick, given = Recorder(), Recorder(), [False]

        def take(arrival: Arrival) -> None:
            self.threads.wait(lambda: given[0], self.clock.monotonic() + 300)
            slow.on_arrival(arrival)

        reader.subscribe("s", ["t"], take, slow.on_state)
        reader.subscribe("s", ["t"], quick.on_arrival, quick.on_state)
        publisher = self.bus("source").publisher("s", Epoch(1, "e"))
        for number in range(100):
            delta = Delta("t", rows(number))
            self.threads.after(number / 10, lambda d=delta: publisher.publish([d], {}))

        def look() -> None:
            """While one of them holds still."""
            self.assertTrue(self.has(quick, *range(100)))
            self.assertEqual([], slow.arrivals)
            self.assertLessEqual(reader.stats()["subscriptions"][0]["inbox_rows"], 200)
            given[0] = True

        self.threads.after(20, look)
        self.until(lambda: self.has(slow, *range(100)), 22)
        self.assertLess(len(slow.arrivals), 50)
        counters = reader.stats()["counters"]
        self.assertGreater(counters["conflated"], 0)
        self.assertEqual([], [name for name in counters if name.startswith("resync")])
        self.assertEqual(2, len(reader.peers()))

    def test_a_failing_subscriber_is_given_everything_again(self) -> None:
        seen, failures = Recorder(), [2]

        def take(arrival: Arrival) -> None:
            if failures[0]:
                failures[0] -= 1
                raise ValueError("a fault of the test")
            seen.on_arrival(arrival)

        self.bus("source").publisher("s", Epoch(1, "e")).publish([Snapshot("t", rows(1))], COVERED)
        self.bus("reader").subscribe("s", ["t"], take, seen.on_state)
        with self.assertLogs("congress.bus"):
            self.until(lambda: seen.tables.get("t") == rows(1), 20)

    def test_many_readers_get_one_broadcast(self) -> None:
        source = self.bus("source")
        publisher = source.publisher("s", Epoch(1, "e"))
        publisher.publish([Snapshot("t", rows(1))], COVERED)
        readers = [self.subscribe(self.bus(f"r{number}")) for number in range(4)]
        self.until(lambda: all(self.has(seen, 1) for seen in readers))
        publisher.publish([Delta("t", rows(2))], {})
        self.until(lambda: all(self.has(seen, 1, 2) for seen in readers), 0.1)

    def test_tables_nobody_wants_do_not_travel(self) -> None:
        publisher = self.bus("source").publisher("s", Epoch(1, "e"))
        publisher.publish([Snapshot("t", rows(1)), Snapshot("secret", rows(2))], {})
        payloads: list[bytes] = []
        watcher = LossyTransport({}, BusContext(self.clock, self.threads.group("w"), self.network))
        watcher.open(
            self.bus_id,
            "reader",
            "x",
            lambda channel, sender, p: payloads.append(p),
            lambda s, p: p,
        )
        self.addCleanup(watcher.close, 1)
        # The reader has the watcher's node id; what the watcher answers to its probe is
        # no answer.
        seen = self.subscribe(self.bus("reader"))
        self.until(lambda: self.has(seen, 1))
        publisher.publish([Snapshot("secret", rows("hush")), Delta("t", rows(3))], {})
        self.until(lambda: self.has(seen, 1, 3), 1.0)
        self.assertFalse([payload for payload in payloads if b"hush" in payload])


class ForeignMessagesTest(LossyBusTestCase):
    def test_what_is_no_message_is_counted_and_does_no_harm(self) -> None:
        bus = self.bus("one")
        stranger = LossyTransport({}, BusContext(self.clock, self.threads.group("x"), self.network))
        stranger.open(self.bus_id, "x", "x#1", lambda *message: None, lambda sender, p: p)
        self.addCleanup(stranger.close, 1)
        for channel in Channel:
            for payload in (
                b"\xff",
                b'{"v":9,"m":{"kind":"goodbye"}}',
                b'{"v":1,"m":{"kind":"request","service":"s","method":"m"}}',
                b'{"v":1,"m":{"kind":"publication","source":"s","epoch":[1,"e"],"seq":1,'
                b'"tables":[{"name":"t","how":"nonsense"}]}}',
            ):
                stranger.broadcast(channel, payload)
        self.subscribe(bus)
        self.clock.advance(2)
        counters = bus.stats()["counters"]
        self.assertEqual(2, counters["messages.foreign_version"])
        self.assertEqual(3, counters["messages.unreadable"])
        self.assertEqual(3, counters["messages.misplaced"])
