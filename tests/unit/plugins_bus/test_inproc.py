"""The ``inproc`` transport, in simulation and with real threads."""

import unittest
from collections.abc import Callable
from typing import Any

from congress.interfaces.bus import BusContext, BusTransport, Channel, TimedOut, Unreachable
from congress.kernel.clock import SystemClock
from congress.kernel.threads import SystemThreads
from congress.plugins.bus.inproc import InprocHub, InprocTransport
from congress.testing.bus import TransportSuite
from congress.testing.runtime import SimTestCase
from congress.testing.station import Received


class SimulatedInprocTest(TransportSuite, SimTestCase):
    """Whatever may happen in whatever order."""

    seed = 11

    def setUp(self) -> None:
        super().setUp()
        self.hub: dict[str, Any] = {}

    def make_transport(self, node: str) -> BusTransport:
        return InprocTransport({}, BusContext(self.clock, self.threads, self.hub))

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        return self.threads.wait(condition, self.now() + timeout)

    def now(self) -> float:
        return self.clock.monotonic()

    def together(self, jobs: list[Callable[[], object]]) -> None:
        pool = self.threads.pool("together", len(jobs), 0)
        for job in jobs:
            pool.submit(job)
        pool.close(self.patience * 4)

    def test_a_handler_that_fails_does_no_harm(self) -> None:
        with self.assertLogs("congress.testing"):
            super().test_a_handler_that_fails_does_no_harm()
        self.assertEqual(2, len(self.threads.errors))
        self.threads.errors.clear()

    def test_a_slow_answer_is_not_waited_for_past_the_deadline(self) -> None:
        """A simulated call runs its job inline, so it cannot be given up: see the real one."""
        one, two = self.stations("a", "b")
        with self.assertRaises(TimedOut):
            one.transport.call("b", b"1", self.now())
        self.assertEqual([], two.asked)


class InprocTest(TransportSuite, unittest.TestCase):
    """With threads as they are."""

    short = 0.05

    def setUp(self) -> None:
        self.clock = SystemClock()
        self.threads = SystemThreads(self.clock)
        self.hub = InprocHub()

    def make_transport(self, node: str) -> BusTransport:
        return InprocTransport({}, BusContext(self.clock, self.threads, self.hub))

    def test_a_handler_that_fails_does_no_harm(self) -> None:
        with self.assertLogs("congress.kernel"):
            super().test_a_handler_that_fails_does_no_harm()

    def test_nodes_without_a_common_hub_never_meet(self) -> None:
        one = self.station("a")
        self.hub = InprocHub()
        self.station("b")
        with self.assertRaises(Unreachable):
            one.transport.call("b", b"1", self.now() + 1)

    def test_the_hub_is_found_in_what_nodes_share(self) -> None:
        class Shared:
            pass

        for shared in ({}, Shared()):
            first = InprocTransport({}, BusContext(self.clock, self.threads, shared))
            second = InprocTransport({}, BusContext(self.clock, self.threads, shared))
            self.assertIs(first._hub, second._hub)
        with self.assertRaises(TypeError):
            InprocTransport({}, BusContext(self.clock, self.threads, {"inproc": 1}))

    def test_a_call_to_the_own_id_reaches_another_instance_only(self) -> None:
        one = self.station("a")
        with self.assertRaises(Unreachable):
            one.transport.call("a", b"1", self.now() + 1)
        two = self.station("a", instance="a#2")
        two.answer = lambda sender, payload: b'"two"'
        self.assertEqual(b'"two"', one.transport.call("a", b"1", self.now() + 1))

    def test_requests_beyond_the_workers_wait_their_turn(self) -> None:
        one, two = self.stations("a", "b")
        answers: list[bytes] = []
        two.answer = lambda sender, payload: payload
        self.together(
            [
                lambda: answers.append(one.transport.call("b", b"1", self.now() + 10))
                for _ in range(50)
            ]
        )
        self.assertEqual([b"1"] * 50, answers)

    def test_messages_keep_their_order(self) -> None:
        one, two = self.stations("a", "b")
        for number in range(100):
            one.transport.send("b", b"%d" % number)
        self.expect(lambda: len(two.received) == 100, "all")
        expected: list[Received] = [(Channel.DATA, "a", b"%d" % n) for n in range(100)]
        self.assertEqual(expected, two.received)
