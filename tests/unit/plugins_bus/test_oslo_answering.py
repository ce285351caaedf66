"""Requests that nodes are asked, on a clock that the test moves."""

from congress.interfaces.bus import Channel
from congress.plugins.bus.oslo.answering import Answering
from congress.plugins.bus.oslo.counts import Counts
from congress.plugins.bus.oslo.frame import Address, Envelope, Identity, Kind, Piece, unseal
from congress.plugins.bus.oslo.outbox import Outbox
from congress.plugins.bus.oslo.reception import Sender
from congress.testing.runtime import SimTestCase


class AnsweringTest(SimTestCase):
    """Node b, which handles one request at a time, and each for two seconds."""

    def setUp(self) -> None:
        super().setUp()
        self.sent: list[tuple[Address, Envelope]] = []
        self.asked: list[bytes] = []
        self.counts = Counts()
        identity = Identity("bus", "b", "b#1")
        outbox = Outbox(identity, self.cast, self.threads, self.clock, self.counts, lambda: None)
        pool = self.threads.pool("requests", 1, 2)
        self.answering = Answering(self.handle, pool, outbox, self.clock, self.counts)

    def cast(self, address: Address, text: str) -> None:
        self.sent.append((address, unseal(text)))

    def handle(self, _sender: str, payload: bytes) -> bytes:
        self.asked.append(payload)
        self.threads.wait(lambda: False, self.clock.monotonic() + 2.0)
        return payload.upper()

    def ask(self, number: int, payload: bytes, patience: float) -> None:
        request = Piece(Kind.REQUEST, number, payload, patience=patience)
        self.answering.take(Sender("a", "a#1"), request, payload)

    def answers(self) -> list[tuple[Kind, int, bytes]]:
        return [
            (piece.kind, piece.about, piece.body)
            for _, envelope in self.sent
            for piece in envelope.pieces
        ]

    def test_an_answer_goes_to_the_instance_that_asked(self) -> None:
        self.ask(7, b"x", 5.0)
        self.clock.advance(2.5)
        address, envelope = self.sent[-1]
        self.assertEqual((Address(Channel.CONTROL, "a"), "a#1"), (address, envelope.to))
        self.assertEqual([(Kind.ANSWER, 7, b"X")], self.answers())

    def test_a_request_nobody_waits_for_any_more_is_not_handled(self) -> None:
        self.ask(1, b"slow", 5.0)
        self.ask(2, b"late", 1.0)
        self.ask(3, b"patient", 5.0)
        self.clock.advance(4.5)
        self.assertEqual([b"slow", b"patient"], self.asked)
        self.assertEqual({"requests too late": 1}, self.counts.all())
        self.assertEqual([(Kind.ANSWER, 1, b"SLOW"), (Kind.ANSWER, 3, b"PATIENT")], self.answers())

    def test_requests_without_room_are_refused_at_once(self) -> None:
        for number in (1, 2, 3, 4):
            self.ask(number, b"%d" % number, 9.0)
        self.clock.advance(6.5)
        handled = [(Kind.ANSWER, number, b"%d" % number) for number in (1, 2, 3)]
        self.assertEqual([(Kind.BUSY, 4, b""), *handled], self.answers())
        self.assertEqual({"requests too many": 1}, self.counts.all())
