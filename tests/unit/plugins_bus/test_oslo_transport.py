"""The oslo transport on a broker in memory, with threads as they are."""

import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from oslo_config import cfg

from congress.interfaces.bus import BusContext, BusTransport, Channel, TimedOut, Unreachable
from congress.kernel.clock import SystemClock
from congress.kernel.threads import SystemThreads
from congress.model.diagnostic import Refused
from congress.model.status import State
from congress.plugins.bus.oslo import ear, frame, outbox, transport
from congress.plugins.bus.oslo.frame import (
    MAX_MESSAGE,
    MAX_TEXT,
    Address,
    Envelope,
    Kind,
    Piece,
    seal,
)
from congress.plugins.bus.oslo.outbox import Outbox
from congress.plugins.bus.oslo.transport import OsloTransport
from congress.testing.bus import TransportSuite
from congress.testing.station import Station
from tests.unit.plugins_bus.oslo_fakes import FakeBroker, FakedTransport


class FakedCase(TransportSuite):
    """Transports that share a broker in memory."""

    short = 0.1

    def setUp(self) -> None:
        self.clock = SystemClock()
        self.threads = SystemThreads(self.clock)
        self.broker = FakeBroker(self.threads)

    def make_transport(self, node: str) -> BusTransport:
        return FakedTransport(BusContext(self.clock, self.threads), self.broker)


class OsloConformanceTest(FakedCase, unittest.TestCase):
    """What every transport must do."""

    def test_nothing_it_sends_reaches_a_megabyte(self) -> None:
        one, _ = self.stations("a", "b")
        payload = bytes(range(256)) * 4000
        with mock.patch.object(frame, "WORTH_PACKING", MAX_MESSAGE):
            self.assertEqual(payload, one.transport.call("b", payload, self.now() + 10))
        self.assertGreater(len(self.broker.sent), 4)
        self.assertLess(max(map(len, self.broker.sent)), MAX_TEXT)


class OsloRepeatingTest(FakedCase, unittest.TestCase):
    """What every transport must do, on a broker that delivers everything twice."""

    def setUp(self) -> None:
        super().setUp()
        self.broker.copies = 2

    def test_a_request_is_handled_once(self) -> None:
        one, two = self.stations("a", "b")
        for number in range(20):
            one.transport.call("b", b"%d" % number, self.now() + 5)
        self.assertEqual([("a", b"%d" % number) for number in range(20)], two.asked)


class StationsCase(unittest.TestCase):
    """Nodes on a broker whose faults the test decides."""

    def setUp(self) -> None:
        self.clock = SystemClock()
        self.threads = SystemThreads(self.clock)
        self.broker = FakeBroker(self.threads)

    def station(self, node: str, instance: str = "") -> Station:
        made = FakedTransport(BusContext(self.clock, self.threads), self.broker)
        station = Station(made, "bus", node, instance or f"{node}#1")
        self.addCleanup(made.close, 0.2)
        station.open()
        return station

    def pair(self) -> tuple[Station, Station]:
        """Nodes a and b that have heard of each other."""
        one, two = self.station("a"), self.station("b")
        for station in (one, two):
            station.transport.broadcast(Channel.CONTROL, b"1")
        self.expect(lambda: len(one.received) + len(two.received) == 2, "greetings")
        one.received.clear()
        two.received.clear()
        return one, two

    def expect(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 5.0
        pause = threading.Event()
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            pause.wait(0.005)

    def fails(self, one: Station, timeout: float) -> tuple[type[Exception], float]:
        """How a call of node b fails, and how long that takes."""
        begun = time.monotonic()
        with self.assertRaises((Unreachable, TimedOut)) as caught:
            one.transport.call("b", b"1", begun + timeout)
        return type(caught.exception), time.monotonic() - begun


class OutageTest(StationsCase):
    def test_while_the_broker_refuses_nothing_blocks_and_calls_end_in_time(self) -> None:
        one, two = self.pair()
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            self.broker.fault = ConnectionError("no")
            one.transport.broadcast(Channel.CONTROL, b"lost")
            self.expect(lambda: one.transport.health().state is State.DEGRADED, "it is noticed")
            self.assertIs(Unreachable, self.fails(one, 0.2)[0])
        with (
            mock.patch.object(transport, "AWAY_PATIENCE", 0.0),
            mock.patch.object(Outbox, "request", side_effect=AssertionError("it was queued")),
        ):
            self.assertIs(Unreachable, self.fails(one, 5.0)[0])
        self.broker.fault = None
        self.expect(lambda: one.transport.health().state is State.OK, "it is well again")
        self.assertEqual(b"1", one.transport.call("b", b"1", time.monotonic() + 5))
        self.assertEqual([("a", b"1")], two.asked, "requests that failed are not sent later")

    def test_while_the_broker_hangs_calls_end_in_time(self) -> None:
        one, two = self.pair()
        self.assertEqual(b"0", one.transport.call("b", b"0", time.monotonic() + 5))
        self.broker.flows.clear()
        self.addCleanup(self.broker.flows.set)

        def give_up_what_was_begun(_stop: object) -> None:
            self.broker.held.wait(5)
            one.transport.give_up("b")

        watch = self.threads.task("watch", give_up_what_was_begun)
        self.addCleanup(watch.stop, 5.0)
        self.assertIs(TimedOut, self.fails(one, 30.0)[0], "it was begun, and may yet arrive")
        self.assertIs(Unreachable, self.fails(one, 0.1)[0], "it was not begun")
        self.broker.flows.set()
        self.assertEqual(b"2", one.transport.call("b", b"2", time.monotonic() + 5))
        self.expect(lambda: len(two.asked) == 3, "what was begun arrives")
        self.assertEqual({("a", b"0"), ("a", b"1"), ("a", b"2")}, set(two.asked))

    def test_nobody_waits_for_a_node_that_was_given_up(self) -> None:
        one, two = self.pair()
        asked, answered = threading.Event(), threading.Event()
        self.addCleanup(answered.set)

        def answer(_sender: str, payload: bytes) -> bytes:
            asked.set()
            answered.wait()
            return payload

        two.answer = answer
        one.transport.give_up("b")
        watch = self.threads.task("watch", lambda stop: (asked.wait(), one.transport.give_up("b")))
        self.addCleanup(watch.stop, 5.0)
        kind, seconds = self.fails(one, 30.0)
        self.assertEqual((TimedOut, True), (kind, seconds < 5.0))

    def test_it_opens_without_a_broker_and_connects_later(self) -> None:
        self.broker.fault = ConnectionError("no")
        with (
            mock.patch.object(ear, "PAUSE", 0.02),
            mock.patch.object(transport, "OPEN_PATIENCE", 20.0),
            self.assertLogs("congress.plugins.bus.oslo", "WARNING"),
        ):
            begun = time.monotonic()
            one = self.station("a")
            self.assertLess(time.monotonic() - begun, 20.0, "it does not wait for the broker")
            self.assertIs(one.transport.health().state, State.DEGRADED)
            self.broker.fault = None
            self.expect(lambda: one.transport.health().state is State.OK, "it is well")
        two = self.station("b")
        self.assertEqual(b"1", two.transport.call("a", b"1", time.monotonic() + 5))

    def test_who_is_not_delivered_to_any_more_listens_anew(self) -> None:
        with (
            mock.patch.object(transport, "LOOK_INTERVAL", 0.02),
            mock.patch.object(ear, "ECHO_PATIENCE", 0.05),
            self.assertLogs("congress.plugins.bus.oslo", "WARNING") as logged,
        ):
            one, two = self.pair()
            self.broker.strike_dumb("b", Channel.DATA)
            self.expect(lambda: self.broker.is_heard("b", Channel.DATA), "it listens anew")
            self.expect(lambda: two.transport.health().state is State.OK, "it is well again")
        self.assertIn("listening anew on data: nothing comes back", str(logged.output))
        one.transport.send("b", b"x")
        self.expect(lambda: (Channel.DATA, "a", b"x") in two.received, "data are heard again")

    def test_what_cannot_be_queued_is_counted(self) -> None:
        one, _ = self.pair()
        faked = one.transport
        assert isinstance(faked, FakedTransport)
        self.broker.flows.clear()
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            for _ in range(300):
                faked.broadcast(Channel.CONTROL, b"x" * 5000)
            self.assertGreater(faked.counts.all()["no room"], 40)
            with mock.patch.object(outbox, "MAX_MESSAGE", 10):
                faked.send("b", b"x" * 11)
        self.assertEqual(1, faked.counts.all()["too large"])
        self.broker.flows.set()

    def test_closing_ends_calls_that_wait(self) -> None:
        one, two = self.pair()
        asked = threading.Event()
        release = threading.Event()
        two.answer = lambda sender, payload: bytes(asked.set() or release.wait(5))
        failed: list[float] = []
        caller = threading.Thread(target=lambda: failed.append(self.fails(one, 30.0)[1]))
        caller.start()
        asked.wait(5)
        one.transport.close(0.1)
        caller.join(5)
        release.set()
        self.assertLess(failed[0], 5.0)


class RequestTest(StationsCase):
    def test_a_handler_that_fails_ends_the_call_at_once(self) -> None:
        one, two = self.pair()

        def fail(sender: str, payload: bytes) -> bytes:
            raise ValueError("a fault of the test")

        two.answer = fail
        with self.assertLogs("congress.plugins.bus.oslo", "ERROR"):
            kind, seconds = self.fails(one, 10.0)
        self.assertEqual((TimedOut, True), (kind, seconds < 5.0))

    def test_a_node_with_too_much_to_do_says_so(self) -> None:
        with (
            mock.patch.object(transport, "WORKERS", 1),
            mock.patch.object(transport, "WAITING_REQUESTS", 0),
        ):
            one, two = self.pair()
        entered, release = threading.Event(), threading.Event()
        two.answer = lambda sender, payload: bytes(entered.set() or release.wait(5)) + b"1"
        caller = threading.Thread(
            target=lambda: one.transport.call("b", b"1", time.monotonic() + 5)
        )
        caller.start()
        entered.wait(5)
        with (
            self.assertLogs("congress.plugins.bus.oslo", "WARNING"),
            self.assertRaisesRegex(Unreachable, "too much to do"),
        ):
            one.transport.call("b", b"2", time.monotonic() + 4.0)
        release.set()
        caller.join(5)

    def test_too_large_requests_and_answers_end_the_call(self) -> None:
        one, two = self.pair()
        with mock.patch.object(transport, "MAX_MESSAGE", 10), self.assertRaises(Unreachable):
            one.transport.call("b", b"x" * 11, time.monotonic() + 5)
        two.answer = lambda sender, payload: b"x" * 11
        with (
            mock.patch.object(outbox, "MAX_MESSAGE", 10),
            self.assertLogs("congress.plugins.bus.oslo", "WARNING"),
        ):
            kind, seconds = self.fails(one, 10.0)
        self.assertEqual((TimedOut, True), (kind, seconds < 5.0))


class IdentityTest(StationsCase):
    def test_two_nodes_of_one_id_find_each_other(self) -> None:
        one = self.station("a")
        with self.assertRaisesRegex(Unreachable, "only one of its id"):
            one.transport.call("a", b"1", time.monotonic() + 5.0)
        with mock.patch.object(transport, "OPEN_PATIENCE", 0.1):
            two = self.station("a", "a#2")
        one.answer = lambda sender, payload: b"one"
        two.answer = lambda sender, payload: b"two"
        for _ in range(3):
            self.assertEqual(b"two", one.transport.call("a", b"who", time.monotonic() + 5))
            self.assertEqual(b"one", two.transport.call("a", b"who", time.monotonic() + 5))

    def test_a_node_that_comes_back_hears_nothing_old(self) -> None:
        one, two = self.pair()
        two.transport.close(1.0)
        one.transport.send("b", b"old")
        for channel in Channel:
            one.transport.broadcast(channel, b"old")
        self.fails(one, 0.1)
        self.expect(lambda: sum(map(len, self.broker.kept.values())) >= 4, "all wait in queues")
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING") as logged:
            again = self.station("b", "b#2")
            again.transport.broadcast(Channel.CONTROL, b"hello")
            self.expect(lambda: bool(one.received), "the old node knows the new one")
            one.transport.send("b", b"new")
            self.expect(lambda: (Channel.DATA, "a", b"new") in again.received, "new data")
            self.expect(lambda: "another instance" in str(logged.output), "the old is told of")
        self.assertEqual([(Channel.DATA, "a", b"new")], again.received)
        self.assertEqual([], again.asked)

    def test_what_cannot_be_read_or_is_of_another_bus_is_counted(self) -> None:
        one = self.station("a").transport
        assert isinstance(one, FakedTransport)
        foreign = seal(Envelope(1, "other", "b", "b#1", "", 0, [Piece(Kind.SEND, 1, b"x")]))
        damaged = seal(
            Envelope(1, "bus", "b", "b#1", "", 0, [Piece(Kind.SEND, 1, b"x", packed=True)])
        )
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            for text in ("nonsense", foreign, damaged):
                self.broker.cast("bus", Address(Channel.DATA, "a"), text)
            self.expect(lambda: len(one.counts.all()) == 3, "all are counted")
        self.assertEqual({"unreadable": 1, "of another bus": 1, "damaged": 1}, one.counts.all())


class SettingsTest(unittest.TestCase):
    def make_conf(self, text: str) -> cfg.ConfigOpts:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "a.conf").write_text(text)
        conf = cfg.ConfigOpts()
        conf(["--config-file", str(folder / "a.conf")], project="congress")
        return conf

    def test_a_url_in_a_file_or_the_environment_configures_it(self) -> None:
        for text, expected in (
            ("[DEFAULT]\ntransport_url = rabbit://h/\n", True),
            ("[DEFAULT]\ntransport_url =\n", False),
            ("[DEFAULT]\n", False),
            ("[other]\ntransport_url = rabbit://h/\n", False),
        ):
            self.assertIs(expected, OsloTransport.configured(self.make_conf(text)), text)
        with mock.patch.dict("os.environ", {"OS_DEFAULT__TRANSPORT_URL": "rabbit://h/"}):
            self.assertTrue(OsloTransport.configured(self.make_conf("")))
        self.assertFalse(OsloTransport.configured(None))

    def test_the_libraries_own_option_counts_where_it_is_known(self) -> None:
        conf = self.make_conf("")
        conf.register_opt(cfg.StrOpt("transport_url", default="rabbit://"))
        self.assertFalse(OsloTransport.configured(conf))
        conf.set_override("transport_url", "rabbit://h/")
        self.assertTrue(OsloTransport.configured(conf))

    def test_without_a_url_it_is_refused_with_what_to_set(self) -> None:
        clock = SystemClock()
        made = OsloTransport({}, BusContext(clock, SystemThreads(clock), conf=self.make_conf("")))
        with self.assertRaises(Refused) as caught:
            made.connect("bus", "a")
        self.assertEqual("not-configured", caught.exception.code)
        self.assertIn("transport_url", caught.exception.diagnostics[0].hint)
