"""The wire of the oslo transport: envelopes, packing, cutting, names."""

import base64
import os
import subprocess
import sys
import unittest
import zlib
from unittest import mock

import msgspec

from congress.plugins.bus.oslo import frame
from congress.plugins.bus.oslo.frame import Envelope, Kind, Piece, cut, name_of, seal, unseal


def envelope(*pieces: Piece, version: int = frame.VERSION) -> Envelope:
    return Envelope(version, "bus", "a", "a#1", "b#1", 2, pieces)


class EnvelopeTest(unittest.TestCase):
    def test_an_envelope_comes_out_as_it_went_in(self) -> None:
        piece = Piece(Kind.REQUEST, 7, b'\x00"\xff', 1, 3, True, 5, 2.5)
        found = unseal(seal(envelope(piece)))
        self.assertEqual((piece,), tuple(found.pieces))
        self.assertEqual(
            ("bus", "a", "a#1", "b#1", 2),
            (found.bus, found.node, found.instance, found.to, found.hops),
        )

    def test_several_threads_may_read_their_first_envelope_at_once(self) -> None:
        # What msgspec prepares on first use it prepares in Python code, where threads change.
        text = seal(envelope(Piece(Kind.SIGN, 1)))
        program = f"""
import msgspec._utils
from congress.plugins.bus.oslo.frame import unseal
msgspec._utils._eval_type = None
print(unseal({text!r}).node)
"""
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        self.assertEqual(("a\n", ""), (done.stdout, done.stderr))

    def test_a_text_needs_no_escapes_in_json(self) -> None:
        text = seal(envelope(Piece(Kind.SEND, 1, b'{"a": "\\u00e4"}' * 100)))
        self.assertEqual(len(text) + 2, len(msgspec.json.encode(text)))

    def test_what_is_no_envelope_is_refused(self) -> None:
        foreign = seal(envelope(version=frame.VERSION + 1))
        other = base64.b64encode(msgspec.msgpack.encode({"a": 1})).decode()
        bad_kind = base64.b64encode(
            msgspec.msgpack.encode([1, "bus", "a", "i", "", 0, [["zz", 1]]])
        ).decode()
        for text in (None, 5, b"", "", "%%%", "AAAA", foreign, other, bad_kind, "A" * 2_000_000):
            with self.subTest(str(text)[:20]), self.assertRaises(ValueError):
                unseal(text)

    def test_fields_of_later_releases_are_ignored(self) -> None:
        raw = msgspec.msgpack.encode(
            [frame.VERSION, "bus", "a", "i", "", 0, [["s", 1, b"x", 0, 1, False, 0, 0.0, "new"]], 9]
        )
        found = unseal(base64.b64encode(raw).decode())
        self.assertEqual([Piece(Kind.SEND, 1, b"x")], list(found.pieces))


class PackingTest(unittest.TestCase):
    def test_large_texts_are_compressed_and_small_ones_are_not(self) -> None:
        for payload, packed in (
            (b"", False),
            (b"x" * frame.WORTH_PACKING, False),
            (b"x" * 1_000_000, True),
            (os.urandom(20_000), False),
        ):
            body, found = frame.pack(payload)
            self.assertEqual(packed, found)
            self.assertLessEqual(len(body), len(payload))
            self.assertEqual(payload, frame.unpack(body, found))

    def test_damage_is_noticed(self) -> None:
        body, _ = frame.pack(b"x" * 100_000)
        for damaged in (b"nonsense", body[:-5], b""):
            with self.assertRaises(ValueError):
                frame.unpack(damaged, True)

    def test_a_message_that_would_fill_the_memory_is_refused(self) -> None:
        bomb = zlib.compress(bytes(2_000_000), 9)
        self.assertLess(len(bomb), 3000)
        with mock.patch.object(frame, "MAX_MESSAGE", 1_000_000), self.assertRaises(ValueError):
            frame.unpack(bomb, True)

    def test_no_envelope_reaches_a_megabyte(self) -> None:
        payload = os.urandom(3 * frame.PIECE + 1)
        pieces = list(cut(Piece(Kind.SEND, 9, payload)))
        self.assertEqual(4, len(pieces))
        self.assertEqual(
            [(n, 4, 9) for n in range(4)], [(p.index, p.count, p.number) for p in pieces]
        )
        self.assertEqual(payload, b"".join(piece.body for piece in pieces))
        for piece in pieces:
            self.assertLess(len(seal(envelope(piece))), frame.MAX_TEXT)

    def test_an_empty_message_travels_too(self) -> None:
        self.assertEqual([Piece(Kind.SEND, 1)], list(cut(Piece(Kind.SEND, 1))))


class NameTest(unittest.TestCase):
    def test_plain_names_stay_and_others_are_told_apart(self) -> None:
        self.assertEqual("bus", name_of("bus"))
        odd = ["Bus", "b.us", "bus.control", "b us", "*", "#", "x" * 33, "", "ä", "=a"]
        names = {name_of(one) for one in [*odd, "bus"]}
        self.assertEqual(len(odd) + 1, len(names))
        for name in names:
            self.assertRegex(name, r"^[=a-z0-9_-]{1,32}$")
