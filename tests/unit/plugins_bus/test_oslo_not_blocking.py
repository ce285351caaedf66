"""The oslo transport on a broker that hangs until the test ends: whoever sends does not wait."""

import threading
import time
import unittest

from congress.interfaces.bus import BusContext, Channel, TimedOut, Unreachable
from congress.kernel.clock import SystemClock
from congress.kernel.threads import SystemThreads
from congress.plugins.bus.oslo.outbox import Way
from congress.testing.station import Station
from tests.in_time import PATIENCE, THREAD, in_time
from tests.unit.plugins_bus.oslo_fakes import FakeBroker, FakedTransport


class HangingBroker(FakeBroker):
    """Holds whoever calls it while ``flows`` is cleared, and notes the names of their threads."""

    def __init__(self, threads: SystemThreads) -> None:
        super().__init__(threads)
        self.holds: set[str] = set()

    def _pass(self) -> None:
        if not self.flows.is_set():
            self.holds.add(threading.current_thread().name)
            self.flows.wait()


class HangingTest(unittest.TestCase):
    def setUp(self) -> None:
        clock = SystemClock()
        threads = SystemThreads(clock)
        self.broker = HangingBroker(threads)
        self.transport = FakedTransport(BusContext(clock, threads), self.broker)
        self.addCleanup(self.transport.close, 0.2)
        self.addCleanup(self.broker.flows.set)
        Station(self.transport, "bus", "a", "a#1").open()

    def tell(self) -> None:
        """Hand over messages of all kinds."""
        for channel in Channel:
            self.transport.broadcast(channel, b"x")
        self.transport.send("b", b"x")

    def ask(self) -> None:
        """A call that is not answered."""
        with self.assertRaises((TimedOut, Unreachable)):
            self.transport.call("b", b"x", time.monotonic() + 0.1)

    def test_whoever_sends_or_calls_is_not_held(self) -> None:
        self.broker.flows.clear()
        every_lane = {f"oslo-{way}" for way in Way}
        deadline = time.monotonic() + PATIENCE
        while not every_lane <= self.broker.holds:
            self.assertLess(time.monotonic(), deadline, self.broker.holds)
            in_time(self.tell)
            in_time(self.ask)
        in_time(self.tell)
        in_time(self.ask)
        self.assertNotIn(THREAD, self.broker.holds)
        self.assertFalse(self.broker.flows.is_set())

    def test_closing_does_not_wait_for_it(self) -> None:
        self.broker.flows.clear()
        in_time(self.tell)
        in_time(lambda: self.transport.close(0.2))
        self.assertFalse(self.broker.flows.is_set())
