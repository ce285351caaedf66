"""The lanes of the oslo transport, on a manual clock."""

import os
from collections.abc import Sequence

from congress.interfaces.bus import Channel
from congress.plugins.bus.oslo.frame import (
    PIECE,
    Address,
    Envelope,
    Kind,
    Piece,
    seal,
    unpack,
    unseal,
)
from congress.plugins.bus.oslo.lane import SMALL, TOGETHER, Lane, Means, Outgoing
from congress.testing.runtime import SimTestCase

HERE = Address(Channel.CONTROL, "here")
THERE = Address(Channel.DATA, "there")


class LaneTest(SimTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.fault: Exception | None = None
        self.sent: list[tuple[Address, Envelope]] = []
        self.attempts = 0
        self.changes: list[bool] = []
        self.lost: dict[str, int] = {}
        self.numbers = iter(range(1_000_000))
        means = Means(
            self.cast, self.seal, HERE, lambda: self.changes.append(self.lane.is_away()), self.lose
        )
        self.lane = Lane(self.threads.loop("lane"), means, self.clock, 10, 10_000)

    def cast(self, address: Address, text: str) -> None:
        self.attempts += 1
        if self.fault is not None:
            raise self.fault
        self.sent.append((address, unseal(text)))

    def seal(self, to: str, pieces: Sequence[Piece]) -> str:
        return seal(Envelope(1, "bus", "here", "i", to, 0, pieces))

    def lose(self, reason: str, number: int) -> None:
        self.lost[reason] = self.lost.get(reason, 0) + number

    def item(
        self, body: bytes = b"x", life: float = 60.0, address: Address = THERE, to: str = ""
    ) -> Outgoing:
        piece = Piece(Kind.SEND, next(self.numbers), body)
        return Outgoing(address, self.clock.monotonic() + life, piece, to)

    def bodies(self) -> list[list[bytes]]:
        """The bodies in each envelope that was sent, empty envelopes left out."""
        return [[p.body for p in envelope.pieces] for _, envelope in self.sent if envelope.pieces]

    def test_small_messages_for_one_address_travel_together_in_order(self) -> None:
        for body in (b"1", b"2", b"3"):
            self.assertTrue(self.lane.put(self.item(body)))
        self.lane.put(self.item(b"4", address=HERE))
        self.lane.put(self.item(b"5", address=HERE, to="j"))
        self.lane.put(self.item(b"6" * (SMALL + 1)))
        self.lane.put(self.item(b"7"))
        self.threads.run_ready()
        self.assertEqual(
            [[b"1", b"2", b"3"], [b"4"], [b"5"], [b"6" * (SMALL + 1)], [b"7"]],
            [[unpack(p.body, p.packed) for p in e.pieces] for _, e in self.sent if e.pieces],
        )
        self.assertEqual("j", self.sent[3][1].to)
        self.assertLess(SMALL * TOGETHER, PIECE)

    def test_large_messages_travel_in_pieces(self) -> None:
        body = os.urandom(PIECE * 2 + 5)
        self.lane.put(self.item(body))
        self.threads.run_ready()
        self.assertEqual(body, b"".join(b"".join(one) for one in self.bodies()))
        self.assertEqual(3, len(self.bodies()))

    def test_what_does_not_fit_is_not_taken(self) -> None:
        self.assertTrue(self.lane.put(self.item(b"x" * 50_000)), "the first is taken in any case")
        self.assertFalse(self.lane.put(self.item(b"x")))
        self.threads.run_ready()
        self.assertEqual([True] * 10, [self.lane.put(self.item()) for _ in range(10)])
        self.assertFalse(self.lane.put(self.item()))

    def test_while_the_broker_is_away_nothing_is_begun(self) -> None:
        self.fault = ConnectionError("no")
        item = self.item(life=5.0)
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            self.lane.put(item)
            self.clock.advance(1.0)
        self.assertTrue(self.lane.is_away())
        self.assertGreater(self.lane.away_for(), 0.9)
        self.assertTrue(self.lane.withdraw(item))
        self.clock.advance(60.0)
        self.assertLess(self.attempts, 40, "it is not tried all the time")
        self.fault = None
        kept = self.item(b"kept")
        self.lane.put(kept)
        self.clock.advance(3.0)
        self.assertEqual([[b"kept"]], self.bodies())
        self.assertFalse(self.lane.withdraw(kept))
        self.assertEqual([True, False], self.changes)
        self.assertEqual(0.0, self.lane.away_for())

    def test_what_failed_once_is_tried_again_while_it_is_worth_it(self) -> None:
        self.lane.put(self.item(b"first"))
        self.threads.run_ready()
        self.fault = ConnectionError("no")
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            self.lane.put(self.item(b"soon over", life=1.0))
            self.lane.put(self.item(b"patient"))
            self.lane.put(self.item(b"waiting in vain", life=2.0))
            self.clock.advance(5.0)
        self.fault = None
        self.clock.advance(3.0)
        self.assertEqual([[b"first"], [b"patient"]], self.bodies())
        self.assertEqual({"expired": 2}, self.lost)

    def test_doubt_makes_it_look_first(self) -> None:
        self.lane.put(self.item(b"1"))
        self.threads.run_ready()
        self.lane.put(self.item(b"2"))
        self.threads.run_ready()
        self.assertEqual(3, self.attempts, "one look at the start")
        self.lane.doubt()
        self.fault = ConnectionError("no")
        item = self.item(b"3")
        with self.assertLogs("congress.plugins.bus.oslo", "WARNING"):
            self.lane.put(item)
            self.threads.run_ready()
        self.assertTrue(self.lane.withdraw(item))

    def test_what_is_over_before_its_turn_is_not_sent(self) -> None:
        self.lane.put(self.item(b"late", life=0.0))
        self.lane.put(self.item(b"x"))
        self.threads.run_ready()
        self.assertEqual([[b"x"]], self.bodies())
        self.assertEqual({"expired": 1}, self.lost)

    def test_closing_sends_the_rest_and_takes_no_more(self) -> None:
        self.lane.put(self.item(b"goodbye"))
        self.lane.close(1.0)
        self.assertEqual([[b"goodbye"]], self.bodies())
        self.assertFalse(self.lane.put(self.item()))
