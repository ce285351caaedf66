"""Whoever gets at the message broker, against the nodes that listen there."""

import base64
import unittest
import zlib
from unittest import mock

from congress.bus.bus import Bus
from congress.bus.calls import Calls
from congress.bus.counters import Counters
from congress.bus.messages import (
    Goodbye,
    Heartbeat,
    Notice,
    Refusal,
    Request,
    Result,
    decode,
    encode,
)
from congress.bus.options import BusOptions
from congress.bus.services import Services
from congress.bus.strangers import Strangers
from congress.bus.versions import SPOKEN, Negotiation
from congress.interfaces.bus import BusContext, BusTransport, Channel
from congress.interfaces.plugin import OptionValue
from congress.plugins.bus.inproc import InprocTransport
from congress.plugins.bus.oslo import frame
from congress.testing.buses import BusTestCase
from congress.testing.runtime import ManualClock


class BusPeerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.done: list[str] = []
        services = Services(Counters())
        services.add("vault", {"show": self.show}, None)
        transport = mock.Mock()
        clock, counters = ManualClock(), Counters()
        spoken = Negotiation(SPOKEN, Strangers(clock, counters))
        self.calls = Calls(transport, services, list, clock, counters, spoken)

    def show(self, name: str) -> str:
        self.done.append(name)
        return name

    def refusal(self, service: str, method: str, **args: object) -> Refusal:
        """The refusal of a call."""
        answer = decode(self.calls.answer(encode(Request(service, method, args))))
        assert isinstance(answer, Refusal), answer
        return answer

    def test_only_what_a_service_lists_can_be_called(self) -> None:
        for method in ("__class__", "__init__", "done", "add", "dispatch", "show.__call__", ""):
            self.refusal("vault", method, name="x")
        self.refusal("os", "system", command="true")
        self.refusal("vault", "show")
        self.refusal("vault", "show", name="x", more="y")
        self.assertEqual([], self.done)
        good = decode(self.calls.answer(encode(Request("vault", "show", {"name": "x"}))))
        self.assertEqual(Result("x"), good)

    def test_what_is_no_message_is_refused_and_runs_nothing(self) -> None:
        pickled = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."
        nested = b'{"v": 1, "m": ' + b"[" * 100_000
        surrogate = nested.replace(b"m", b"\\ud800")
        for payload in (b"", b"\x00" * 100, pickled, nested, surrogate, b"null", b'{"v": 1}'):
            with self.subTest(payload=payload[:20]):
                self.assertIsInstance(decode(self.calls.answer(payload)), Refusal)
        self.assertEqual([], self.done)

    def test_a_fault_tells_the_caller_nothing_of_the_program(self) -> None:
        with (
            mock.patch.object(self, "done", None),
            self.assertLogs("congress.bus.services", "ERROR"),
        ):
            refusal = self.refusal("vault", "show", name="x")
        self.assertNotIn("append", str(refusal))
        self.assertNotIn("Traceback", str(refusal))

    def test_an_envelope_of_endless_boxes_is_refused(self) -> None:
        boxes = b"\x98\x01\xa3bus\xa1a\xa1i\xa0\x00\x90" + b"\x91" * 100_000
        with self.assertRaises(ValueError):
            frame.unseal(base64.b64encode(boxes).decode())

    def test_a_small_message_that_unpacks_to_a_huge_one_is_refused(self) -> None:
        bomb = zlib.compress(bytes(2_000_000), 9)
        with mock.patch.object(frame, "MAX_MESSAGE", 1_000_000), self.assertRaises(ValueError):
            frame.unpack(bomb, True)


class Tap(InprocTransport):
    """What the broker carries, as somebody sees it who can read there."""

    def __init__(self, config: dict[str, OptionValue], ctx: BusContext) -> None:
        super().__init__(config, ctx)
        self.broadcasts: list[bytes] = []
        self.requests: list[bytes] = []

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        self.broadcasts.append(payload)
        super().broadcast(channel, payload)

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        self.requests.append(payload)
        return super().call(node, payload, deadline)


class SignedBusPeerTest(BusTestCase):
    """The same, where nodes sign what they send."""

    def setUp(self) -> None:
        super().setUp()
        self.taps: list[Tap] = []
        self.done: list[str] = []
        self.one, self.two = self.signing("one"), self.signing("two")
        self.one.serve("vault", {"show": self.show})
        self.until(lambda: {"one", "two"} <= {peer.node for peer in self.two.peers()})
        self.mallory = InprocTransport(
            {}, BusContext(self.clock, self.threads.group("mallory"), self.hub)
        )

    def transport(self, ctx: BusContext) -> BusTransport:
        self.taps.append(Tap({}, ctx))
        return self.taps[-1]

    def signing(self, node: str) -> Bus:
        return self.bus(node, BusOptions(signing_keys=lambda: ["a key of the cloud's own"]))

    def show(self, name: str) -> str:
        self.done.append(name)
        return name

    def appear_as(self, node: str) -> None:
        """Whoever can write to the broker can give themselves any name."""
        self.mallory.open("test", node, "m", lambda *heard: None, lambda sender, payload: b"")
        self.addCleanup(self.mallory.close, 0.0)

    def ask(self, payload: bytes) -> Refusal:
        answer = decode(self.mallory.call("one", payload, self.clock.monotonic() + 1))
        assert isinstance(answer, Refusal), answer
        return answer

    def test_a_request_that_is_not_signed_runs_nothing(self) -> None:
        self.appear_as("two")
        with self.assertLogs("congress.bus.strangers", "WARNING"):
            refusal = self.ask(encode(Request("vault", "show", {"name": "x"})))
        self.assertEqual("unavailable", refusal.diagnostics[0]["code"])
        self.assertEqual([], self.done)

    def test_a_request_that_was_recorded_runs_nothing_again(self) -> None:
        self.until(lambda: any("vault" in peer.services for peer in self.two.peers()))
        self.two.call("vault", "show", {"name": "x"}, timeout=1)
        recorded = self.taps[1].requests[-1]
        self.appear_as("two")
        with self.assertLogs("congress.bus.strangers", "WARNING"):
            self.ask(recorded)
        self.assertEqual(["x"], self.done)

    def test_nobody_is_made_to_believe_what_no_node_said(self) -> None:
        heard: list[str] = []
        self.one.on_notice("t", lambda node, payload: heard.append(node))
        self.appear_as("two")
        with self.assertLogs("congress.bus.strangers", "WARNING") as log:
            for message in (
                Goodbye(self.two.instance),
                Notice("t", {}),
                Heartbeat("m", 9e9, 1, {"vault": ("ok", "", 0.0)}),
            ):
                self.mallory.broadcast(Channel.CONTROL, encode(message))
            recordings = list(self.taps[1].broadcasts)
            for recorded in recordings:
                self.mallory.broadcast(Channel.CONTROL, recorded)
            self.clock.advance(0.1)
        self.assertEqual([], heard)
        self.assertEqual(
            [self.two.instance], [p.instance for p in self.one.peers() if p.node == "two"]
        )
        counters = self.one.stats()["counters"]
        self.assertEqual(3, counters["refused.unsigned"])
        self.assertEqual(len(recordings), counters["refused.replayed"])
        self.assertEqual(3, len(log.output), "one tells of both reasons, the other of one")

    def test_a_flood_under_many_names_does_not_fill_the_memory(self) -> None:
        self.appear_as("n")
        with self.assertLogs("congress.bus.strangers", "WARNING"):
            for number in range(300):
                self.mallory.node = f"n{number}" + "x" * 10_000
                self.mallory.broadcast(Channel.CONTROL, b"{}")
            self.clock.advance(0.1)
        refused = self.one.stats()["refused"]
        self.assertLessEqual(len(refused), 64)
        self.assertLess(len(str(refused)), 64 * 500)
