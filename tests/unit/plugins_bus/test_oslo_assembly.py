"""Messages in pieces: put together, once, within bounds."""

import os
import random
import unittest

from congress.plugins.bus.oslo import assembly
from congress.plugins.bus.oslo.assembly import Assembly
from congress.plugins.bus.oslo.frame import PIECE, Kind, Piece, cut
from congress.testing.runtime import ManualClock


class AssemblyTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = ManualClock()
        self.assembly = Assembly(self.clock)

    def test_pieces_may_come_in_any_order_and_twice(self) -> None:
        payloads = [os.urandom(PIECE * 2 + number) for number in range(3)]
        pieces = [
            (f"i{number % 2}", piece)
            for number, payload in enumerate(payloads)
            for piece in cut(Piece(Kind.SEND, number, payload))
        ] * 2
        random.Random(1).shuffle(pieces)
        found = [self.assembly.add(instance, piece) for instance, piece in pieces]
        self.assertCountEqual(payloads, [one for one in found if one is not None])
        self.assertEqual(0, self.assembly.size)

    def test_numbers_are_those_of_an_instance(self) -> None:
        piece = Piece(Kind.SEND, 1, b"x")
        self.assertEqual([b"x", None], [self.assembly.add("i", piece) for _ in range(2)])
        self.assertEqual(b"x", self.assembly.add("j", piece))

    def test_an_incomplete_message_is_given_up_after_a_while(self) -> None:
        first, second = cut(Piece(Kind.SEND, 1, os.urandom(PIECE + 1)))
        self.assembly.add("i", first)
        self.clock.advance(assembly.PATIENCE + 1)
        self.assertIsNone(self.assembly.add("i", Piece(Kind.SEND, 2, b"x", 0, 2)))
        self.assertEqual(1, self.assembly.given_up)
        self.assertIsNone(self.assembly.add("i", second))
        self.assertLess(self.assembly.size, PIECE)

    def test_incomplete_messages_take_bounded_memory(self) -> None:
        body = bytes(PIECE)
        for number in range(assembly.ROOM // PIECE + 20):
            self.assembly.add("i", Piece(Kind.SEND, number, body, 0, 2))
        self.assertLessEqual(self.assembly.size, assembly.ROOM)
        self.assertEqual(20, self.assembly.given_up)

    def test_pieces_that_cannot_be_are_refused(self) -> None:
        for index, count in ((-1, 2), (2, 2), (0, 0), (0, 1 << 40)):
            with self.assertRaises(ValueError):
                self.assembly.add("i", Piece(Kind.SEND, 1, b"x", index, count))
        with self.assertRaises(ValueError):
            self.assembly.add("i", Piece(Kind.SEND, 1, b"x", packed=True))
        self.assertEqual(0, self.assembly.size)

    def test_a_piece_of_another_cut_does_no_harm(self) -> None:
        self.assembly.add("i", Piece(Kind.SEND, 1, b"x", 4, 5))
        with self.assertRaises(ValueError):
            self.assembly.add("i", Piece(Kind.SEND, 1, b"y", 0, 2))
        self.assertEqual(0, self.assembly.size)
