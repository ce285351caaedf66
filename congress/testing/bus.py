"""The conformance suite of bus transports: what every transport must do.

May import ``congress.interfaces`` and ``congress.model``.

Mix it into a test case and say how to make a transport::

    class MyTransportTest(TransportSuite, unittest.TestCase):
        def make_transport(self, node):
            return MyTransport(config, BusContext(clock, threads, self.hub))

Transports made in one test must reach each other if they are opened with the same
bus id. The suite opens and closes them. Payloads are UTF-8 text, as the bus sends.
Override ``wait`` if time is simulated, and the class attributes to fit.
"""

import threading
import time
import unittest
from collections.abc import Callable
from typing import TYPE_CHECKING

from congress.interfaces.bus import BusTransport, Channel, TimedOut, Unreachable
from congress.interfaces.plugin import PluginInfo
from congress.model.status import Health, State
from congress.testing.station import HELLO, Received, Station

if TYPE_CHECKING:
    _Case = unittest.TestCase
else:
    _Case = object


class TransportSuite(_Case):
    """The tests. They hold for any transport that loses nothing while nothing fails."""

    #: How long a message may take when nothing is wrong, in seconds.
    patience: float = 10.0
    #: How long a handler is held up in tests of what must go on meanwhile, and the
    #: time-outs of calls to it.
    short: float = 0.3
    #: How much later than its deadline a call may end.
    tolerance: float = 1.0
    #: Bytes of the largest message that is tried.
    large: int = 1_000_000

    # What a plugin author says

    def make_transport(self, node: str) -> BusTransport:
        """A new transport for a node, not yet open."""
        raise AssertionError("make_transport is yours to write")

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until a condition holds; tell whether it did in time."""
        deadline = self.now() + timeout
        pause = threading.Event()
        while not condition():
            if self.now() >= deadline:
                return False
            pause.wait(0.005)
        return True

    def now(self) -> float:
        """Monotonic time by the transport's clock."""
        return time.monotonic()

    def together(self, jobs: list[Callable[[], object]]) -> None:
        """Run jobs at the same time, and return when all have ended."""
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # What tests use

    def station(self, node: str, bus_id: str = "conformance", instance: str = "") -> Station:
        """An open transport of a node; closed when the test ends."""
        transport = self.make_transport(node)
        station = Station(transport, bus_id, node, instance or f"{node}#1")
        station.open()
        self.addCleanup(transport.close, 1.0)
        return station

    def stations(self, *nodes: str) -> list[Station]:
        """Several nodes that reach each other."""
        made = [self.station(node) for node in nodes]
        for one in made:
            for other in made:
                if one is not other:
                    self._await_contact(one, other)
        return made

    def expect(self, condition: Callable[[], bool], what: str) -> None:
        """Fail unless something comes to hold."""
        if not self.wait(condition, self.patience):
            self.fail(f"within {self.patience} s not seen: {what}")

    def _await_contact(self, one: Station, other: Station) -> None:
        """Until a call, and a message on each channel, gets from one to the other."""
        wanted = {(channel, one.node) for channel in Channel}

        def reaches() -> bool:
            try:
                one.transport.call(other.node, HELLO, self.now() + self.short)
            except (Unreachable, TimedOut):
                return False
            for channel in Channel:
                one.transport.broadcast(channel, HELLO)
            return self.wait(lambda: wanted <= set(other.greetings), self.short)

        self.expect(reaches, f"{one.node} reaches {other.node}")

    # Describing

    def test_it_describes_itself(self) -> None:
        transport = self.make_transport("a")
        info = type(transport).describe()
        self.assertIsInstance(info, PluginInfo)
        self.assertTrue(info.name)
        self.assertTrue(info.summary)
        self.assertEqual({"distributed", "ordered", "max_message"}, set(info.features))
        self.assertEqual("1", transport.interface_version.split(".")[0])

    def test_it_tells_its_health(self) -> None:
        transport = self.make_transport("a")
        self.assertIsInstance(transport.health(), Health)
        (station,) = self.stations("a")
        self.expect(lambda: station.transport.health().state is State.OK, "it is well")

    # Messages

    def test_a_broadcast_reaches_all_others_once(self) -> None:
        one, two, three = self.stations("a", "b", "c")
        for channel in Channel:
            payload = f'"to all on {channel} ä\\ud83d\\ude00"'.encode()
            with self.subTest(channel=channel):
                one.transport.broadcast(channel, payload)
                for other in (two, three):
                    self.expect(
                        lambda o=other, c=channel, p=payload: (c, "a", p) in o.received,  # type: ignore[misc]
                        f"{other.node} got it",
                    )
        for other in (two, three):
            self.assertEqual(len(Channel), len(other.received))
        self.assertEqual([], one.received, "a node hears no broadcast of its own")

    def test_a_message_reaches_its_node_only(self) -> None:
        one, two, three = self.stations("a", "b", "c")
        one.transport.send("b", b'"for b"')
        self.expect(lambda: (Channel.DATA, "a", b'"for b"') in two.received, "b got it")
        two.transport.send("c", b'"for c"')
        self.expect(lambda: bool(three.received), "c got its own")
        self.assertEqual([(Channel.DATA, "b", b'"for c"')], three.received)
        self.assertEqual([], one.received)

    def test_large_messages_arrive_whole(self) -> None:
        one, two = self.stations("a", "b")
        payload = b'"' + b"0123456789" * (self.large // 10) + b'"'
        one.transport.send("b", payload)
        self.expect(lambda: payload in two.payloads(Channel.DATA), "the message, unaltered")
        answer = one.transport.call("b", payload, self.now() + self.patience)
        self.assertEqual(payload, answer)

    def test_many_messages_arrive(self) -> None:
        one, two = self.stations("a", "b")
        sent = {b"%d" % number for number in range(300)}
        for payload in sorted(sent):
            one.transport.send("b", payload)
        self.expect(lambda: sent <= set(two.payloads(Channel.DATA)), "all of them")

    def test_other_buses_hear_nothing(self) -> None:
        one, two = self.stations("a", "b")
        foreign = self.station("b", bus_id="another")
        for channel in Channel:
            one.transport.broadcast(channel, b'"secret"')
        one.transport.send("b", b'"secret"')
        one.transport.call("b", b'"secret"', self.now() + self.patience)
        self.expect(lambda: len(two.received) >= 3, "b of the same bus got all")
        self.wait(lambda: bool(foreign.received or foreign.asked), self.short)
        self.assertEqual(([], []), (foreign.received, foreign.asked))

    def test_held_up_data_does_not_hold_up_control(self) -> None:
        one, two = self.stations("a", "b")
        beats: list[bytes] = []
        overtook: list[bool] = []

        def take(received: Received) -> None:
            if received[0] is Channel.CONTROL:
                beats.append(received[2])
            else:
                overtook.append(self.wait(lambda: bool(beats), self.patience))

        two.on_message = take
        one.transport.send("b", b'"slow"')
        one.transport.broadcast(Channel.CONTROL, b'"beat"')
        self.expect(lambda: bool(overtook), "the data handler ended")
        self.assertEqual([True], overtook)

    def test_messages_to_nobody_are_no_error(self) -> None:
        (one,) = self.stations("a")
        one.transport.send("nobody", b'"x"')
        for channel in Channel:
            one.transport.broadcast(channel, b'"x"')
        self.assertEqual([], one.received)

    def test_a_handler_that_fails_does_no_harm(self) -> None:
        one, two = self.stations("a", "b")

        def fail(received: Received) -> None:
            if received[2] == b'"bad"':
                raise ValueError("a fault of the test")

        two.on_message = fail
        for channel in Channel:
            one.transport.broadcast(channel, b'"bad"')
            one.transport.broadcast(channel, b'"good"')
        for channel in Channel:
            self.expect(
                lambda c=channel: b'"good"' in two.payloads(c),  # type: ignore[misc]
                f"the next message on {channel}",
            )

    # Calls

    def test_a_call_is_answered(self) -> None:
        one, two = self.stations("a", "b")
        two.answer = lambda sender, payload: b'{"to":"%b"}' % sender.encode()
        answer = one.transport.call("b", b'"question"', self.now() + self.patience)
        self.assertEqual(b'{"to":"a"}', answer)
        self.assertEqual([("a", b'"question"')], two.asked)

    def test_a_call_to_nobody_fails_in_time(self) -> None:
        (one,) = self.stations("a")
        begun = self.now()
        with self.assertRaises((Unreachable, TimedOut)):
            one.transport.call("nobody", b'"x"', begun + self.short)
        self.assertLess(self.now() - begun, self.short + self.tolerance)

    def test_a_slow_answer_is_not_waited_for_past_the_deadline(self) -> None:
        one, two = self.stations("a", "b")
        over: list[bool] = []

        def slow(sender: str, payload: bytes) -> bytes:
            self.wait(lambda: bool(over), self.patience)
            return payload

        def times_out() -> bool:
            """Whether a call was begun, and ended without an answer."""
            with self.assertRaises((TimedOut, Unreachable)) as caught:
                one.transport.call("b", b'"x"', self.now() + self.short)
            return isinstance(caught.exception, TimedOut)

        two.answer = slow
        try:
            self.expect(times_out, "a call that times out")
        finally:
            over.append(True)

    def test_a_deadline_that_has_passed_is_none(self) -> None:
        one, _ = self.stations("a", "b")
        with self.assertRaises((Unreachable, TimedOut)):
            one.transport.call("b", b'"x"', self.now() - 1.0)

    def test_calls_do_not_wait_for_each_other(self) -> None:
        one, two = self.stations("a", "b")
        there: list[bytes] = []

        def meet(sender: str, payload: bytes) -> bytes:
            there.append(payload)
            met = self.wait(lambda: len(there) == 2, self.patience)
            return b"true" if met else b"false"

        two.answer = meet
        answers: list[bytes] = []
        deadline = self.now() + self.patience * 2
        self.together(
            [
                lambda n=number: answers.append(  # type: ignore[misc]
                    one.transport.call("b", b"%d" % n, deadline)
                )
                for number in range(2)
            ]
        )
        self.assertEqual([b"true", b"true"], answers)

    def test_a_handler_may_call(self) -> None:
        one, two, three = self.stations("a", "b", "c")
        two.answer = lambda sender, payload: two.transport.call(
            "c", payload, self.now() + self.patience
        )
        three.answer = lambda sender, payload: b'"from c"'
        answer = one.transport.call("b", b'"x"', self.now() + self.patience)
        self.assertEqual(b'"from c"', answer)

    # Closing

    def test_closing_ends_it(self) -> None:
        one, two = self.stations("a", "b")
        two.transport.close(1.0)
        before = len(two.received)
        one.transport.broadcast(Channel.DATA, b'"x"')
        one.transport.send("b", b'"x"')
        with self.assertRaises((Unreachable, TimedOut)):
            one.transport.call("b", b'"x"', self.now() + self.short)
        self.assertEqual(before, len(two.received))

    def test_what_was_handed_over_before_closing_is_sent(self) -> None:
        one, two = self.stations("a", "b")
        one.transport.broadcast(Channel.CONTROL, b'"goodbye"')
        one.transport.close(self.patience)
        self.expect(lambda: b'"goodbye"' in two.payloads(Channel.CONTROL), "the goodbye")

    def test_a_closed_transport_can_still_be_told_things(self) -> None:
        one, _ = self.stations("a", "b")
        one.transport.close(1.0)
        one.transport.close(1.0)
        one.transport.send("b", b'"x"')
        one.transport.broadcast(Channel.CONTROL, b'"x"')
        with self.assertRaises((Unreachable, TimedOut)):
            one.transport.call("b", b'"x"', self.now() + self.short)

    def test_a_node_can_come_back(self) -> None:
        one, two = self.stations("a", "b")
        two.transport.close(1.0)
        again = self.station("b", instance="b#2")
        self._await_contact(one, again)
        one.transport.send("b", b'"welcome"')
        self.expect(lambda: b'"welcome"' in again.payloads(Channel.DATA), "the new b got it")
