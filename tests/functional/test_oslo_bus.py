"""The oslo transport on a real RabbitMQ.

``script/services`` starts it and tells its URL. Without a URL a class is not made; in
CI that would hide it, so there a test fails instead.
"""

import contextlib
import gc
import os
import tempfile
import threading
import time
import unittest
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit, urlunsplit

import amqp
import kombu

from congress.interfaces.bus import BusContext, BusTransport, Channel, TimedOut, Unreachable
from congress.kernel.clock import SystemClock
from congress.kernel.options import new_conf
from congress.kernel.threads import SystemThreads, prepare_process
from congress.model.status import State
from congress.plugins.bus.oslo import transport
from congress.plugins.bus.oslo.frame import name_of
from congress.plugins.bus.oslo.outbox import Outbox
from congress.plugins.bus.oslo.transport import OsloTransport
from congress.testing.bus import TransportSuite
from congress.testing.station import HELLO, Station
from tests.functional.gate import Gate
from tests.functional.system import select_pause, wait_until
from tests.in_time import in_time

VARIABLE = "CONGRESS_TEST_RABBITMQ_URL"

#: Seconds that no test lasts.
LONG = 3600.0


def setUpModule() -> None:
    prepare_process()


class RabbitCase:
    """Transports that use a broker, each test on a bus of its own."""

    url: str
    patience = 20.0

    def setUp(self) -> None:
        # The messaging library leaves sockets that it tried in vain to the collector.
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("ignore", ResourceWarning)
        self.addCleanup(gc.collect)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.clock = SystemClock()
        self.threads = SystemThreads(self.clock)
        self.bus = uuid.uuid4().hex[:8]
        self.real_url = self.url
        self.stations_open: list[Station] = []

    def make_transport(self, node: str) -> BusTransport:
        return OsloTransport({}, BusContext(self.clock, self.threads, conf=self.conf(node)))

    def conf(self, node: str) -> Any:
        file = self.folder / f"{node}.conf"
        file.write_text(
            f"[DEFAULT]\ntransport_url = {self.url}\nstate_path = {self.folder}\n"
            "[oslo_messaging_rabbit]\nrabbit_transient_queues_ttl = 20\n"
        )
        conf = new_conf()
        conf(["--config-file", str(file)], project="congress")
        return conf

    def station(self, node: str, bus_id: str = "conformance", instance: str = "") -> Station:
        """As in the suite; but all are closed at a time, as each takes a second."""
        station = Station(
            self.make_transport(node), f"{self.bus} {bus_id}", node, instance or f"{node}#1"
        )
        if not self.stations_open:
            self.addCleanup(self.close_all)
        self.stations_open.append(station)
        station.open()
        return station

    def close_all(self) -> None:
        """Close every transport of the test, and delete the queues that would stay."""
        closers = [
            threading.Thread(target=station.transport.close, args=(1.0,))
            for station in self.stations_open
        ]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join()
        with self.broker() as broker:
            for station in self.stations_open:
                for channel in Channel:
                    topic = f"congress.{name_of(station.bus_id)}.{channel}"
                    broker.queue_delete(topic)
                    broker.queue_delete(f"{topic}.{station.node}")

    @contextlib.contextmanager
    def broker(self) -> Iterator[Any]:
        """A channel to the broker itself."""
        url = self.real_url.replace("rabbit:", "amqp:")
        with kombu.Connection(url) as connection, connection.channel() as channel:
            yield channel


class ConformanceSuite(RabbitCase, TransportSuite):
    """What every transport must do."""


class PairCase(RabbitCase):
    """Two nodes that can be asked whether they reach each other."""

    def pair(self) -> tuple[Station, Station]:
        """Nodes a and b, in contact."""
        one, two = self.station("a"), self.station("b")
        self.await_contact(one, two)
        return one, two

    def await_contact(self, *stations: Station) -> None:
        """Until each reaches each other one, and all are well."""
        for one in stations:
            others = [other for other in stations if other is not one]
            wait_until(lambda: all(self.reaches(one, o) for o in others), "contact", self.patience)  # noqa: B023
        self.await_health(*stations)

    def await_health(self, *stations: Station) -> None:
        """Until all are well."""
        wait_until(
            lambda: all(s.transport.health().state is State.OK for s in stations),
            "all are well",
            self.patience,
        )

    def reaches(self, one: Station, other: Station) -> bool:
        """Whether a call and broadcasts get from one to the other."""
        before = len(other.greetings)
        with contextlib.suppress(Unreachable, TimedOut):
            one.transport.call(other.node, HELLO, time.monotonic() + 1.0)
            for channel in Channel:
                one.transport.broadcast(channel, HELLO)
        deadline = time.monotonic() + 2.0
        while len(other.greetings) < before + 2 and time.monotonic() < deadline:
            select_pause()
        return len(other.greetings) >= before + 2

    def failed_call(self, one: Station, timeout: float, node: str = "b") -> type[Exception]:
        """How a call fails, while whatever it may wait for is held back."""
        deadline = time.monotonic() + timeout
        try:
            in_time(lambda: one.transport.call(node, b'"x"', deadline))
        except (Unreachable, TimedOut) as error:
            return type(error)
        raise AssertionError("the call was answered")


class OutageSuite(PairCase):
    """The broker as it goes away, hangs, and comes back; reached through a gate."""

    def setUp(self) -> None:
        super().setUp()
        self.real = urlsplit(self.url)
        self.gate = self.make_gate()

    def make_gate(self, *, shut: bool = False) -> Gate:
        gate = Gate(self.real.port, shut=shut)
        self.addCleanup(gate.shut)
        here = f"{self.real.username}:{self.real.password}@127.0.0.1:{gate.port}"
        self.url = urlunsplit((self.real.scheme, here, self.real.path, "", ""))
        return gate

    def tell(self, one: Station) -> None:
        """Hand over messages of all kinds."""
        for channel in Channel:
            one.transport.broadcast(channel, b'"meanwhile"')
        one.transport.send("b", b'"meanwhile"')

    def endless(self, *names: str) -> Any:
        """A context without end of some of the transport's patience."""
        return mock.patch.multiple(transport, **dict.fromkeys(names, LONG))

    def is_degraded(self, one: Station) -> bool:
        return one.transport.health().state is State.DEGRADED

    def fails_at_once(self, one: Station) -> bool:
        """Whether a call fails without even being put in a queue."""
        with mock.patch.object(Outbox, "request", autospec=True, side_effect=Outbox.request) as put:
            kind = self.failed_call(one, 1.0)
        return kind is Unreachable and not put.called

    def test_a_broker_that_is_killed_and_comes_back(self) -> None:
        one, two = self.pair()
        self.gate.shut()
        self.tell(one)
        with self.endless("AWAY_PATIENCE", "ANSWER_PATIENCE"):
            for timeout in (0.5, 1.0):
                self.failed_call(one, timeout)
        wait_until(lambda: self.is_degraded(one), "it is noticed")
        wait_until(lambda: self.fails_at_once(one), "calls fail at once")
        self.gate.reopen()
        self.await_contact(one, two)

    def test_a_broker_that_hangs(self) -> None:
        one, two = self.pair()
        self.gate.block()
        self.tell(one)
        with self.endless("AWAY_PATIENCE", "ANSWER_PATIENCE"):
            wait_until(lambda: self.failed_call(one, 1.0) is TimedOut, "a request is begun")
            self.assertEqual(Unreachable, self.failed_call(one, 0.5), "the next one was not begun")
        self.gate.unblock()
        self.await_contact(one, two)

    def test_a_broker_that_is_away_from_the_start(self) -> None:
        self.gate = self.make_gate(shut=True)
        with self.endless("OPEN_PATIENCE"):
            one, two = in_time(lambda: (self.station("a"), self.station("b")))
        self.assertTrue(self.is_degraded(one))
        self.tell(one)
        self.assertEqual(Unreachable, self.failed_call(one, 0.5))
        self.gate.reopen()
        self.await_contact(one, two)

    def test_closing_while_the_broker_is_away(self) -> None:
        one, _ = self.pair()
        self.gate.shut()
        self.tell(one)
        in_time(lambda: one.transport.close(1.0))


class QueueSuite(PairCase):
    """What is peculiar to queues that outlive their process."""

    def test_queues_are_replicated_ones(self) -> None:
        self.station("a")
        name = f"congress.{name_of(f'{self.bus} conformance')}.data.a"
        with self.broker() as channel:
            arguments = {"x-queue-type": "quorum"}
            same = kombu.Queue(name, durable=True, queue_arguments=arguments, channel=channel)
            self.assertEqual(name, same.queue_declare().queue)
            other = kombu.Queue(name, durable=False, channel=channel)
            with self.assertRaises(amqp.exceptions.PreconditionFailed):
                other.queue_declare()

    def test_a_node_that_comes_back_hears_nothing_old(self) -> None:
        one, two = self.pair()
        two.transport.close(1.0)
        one.transport.send("b", b'"old"')
        for channel in Channel:
            one.transport.broadcast(channel, b'"old"')
        self.failed_call(one, 0.3)
        again = self.station("b", instance="b#2")
        self.await_contact(one, again)
        one.transport.send("b", b'"new"')
        wait_until(lambda: b'"new"' in again.payloads(Channel.DATA), "the new message")
        self.assertEqual([(Channel.DATA, "a", b'"new"')], again.received)
        self.assertEqual([], again.asked)

    def test_two_nodes_of_one_id_find_each_other(self) -> None:
        one = self.station("a")
        self.await_health(one)
        self.assertEqual(Unreachable, self.failed_call(one, LONG, "a"))
        two = self.station("a", instance="a#2")
        self.await_health(two)
        one.answer = lambda sender, payload: b'"one"'
        two.answer = lambda sender, payload: b'"two"'
        for _ in range(5):
            for station, other in ((one, b'"two"'), (two, b'"one"')):
                self.assertEqual(
                    other, station.transport.call("a", b'"who"', time.monotonic() + 5.0)
                )


class MissingServer:
    """Stands in CI for the tests of a server that is not there."""

    def test_the_url_is_set(self) -> None:
        self.assertIn(VARIABLE, os.environ, "start the server with script/services")


def make_tests() -> None:
    """Add the classes, or in CI one that fails if the server cannot be reached."""
    url = os.environ.get(VARIABLE, "")
    if url:
        suites: tuple[type, ...] = (ConformanceSuite, OutageSuite, QueueSuite)
    else:
        suites = (MissingServer,) if os.environ.get("CI") else ()
    for suite in suites:
        name = f"RabbitMQ{suite.__name__}".replace("Suite", "Test")
        names = {"url": url, "__module__": __name__}
        globals()[name] = type(name, (suite, unittest.TestCase), names)


make_tests()
