"""What nodes say survives as bytes, and what is no message is told apart."""

import json
import unittest

from congress.bus.messages import (
    ForeignVersion,
    Goodbye,
    Heartbeat,
    Message,
    Notice,
    Request,
    Result,
    SyncPart,
    SyncTable,
    WirePublication,
    WireTable,
    decode,
    encode,
    read,
)
from congress.bus.versions import SPOKEN
from congress.model.values import FALSE, TRUE

MESSAGES: list[Message] = [
    Heartbeat("i", 1.5, 3, {"s": ("ok", "", 0.0)}, {"nova": (1, "x", 7)}, {"nova": ["t"]}, 2),
    Goodbye("i"),
    Notice("policy", {"revision": 3}),
    WirePublication(
        "nova",
        (2**40, "e"),
        9,
        [WireTable("t", "delta", [[1, "a", None]], [[True]], 3, 2**64 - 1, (1.0, True, False))],
    ),
    SyncPart("nova", "i/1.2", (1, "e"), 9, [SyncTable("t", "rows", 1, 5)], {"t": [[1]]}, 0, None),
    Request("s", "m", {"a": [1, {"b": 2.5}]}),
    Result(None),
]


class RoundTripTest(unittest.TestCase):
    def test_every_message_is_read_back(self) -> None:
        for message in MESSAGES:
            with self.subTest(kind=type(message).__name__):
                self.assertEqual(message, decode(encode(message)))

    def test_the_bytes_are_text(self) -> None:
        plain = json.loads(encode(Notice("t", {"x": "ä"})).decode("utf-8"))
        self.assertEqual(SPOKEN.newest, plain["v"])

    def test_awkward_values_survive(self) -> None:
        for value in (2**70, -(2**63), 1e300, -0.0, "\x00", "\U0001f600", "\ud800", "\udfff x", ""):
            with self.subTest(value=value):
                self.assertEqual(Result([value]), decode(encode(Result([value]))))

    def test_booleans_of_tables_become_plain(self) -> None:
        self.assertEqual(Result([True, False]), decode(encode(Result([TRUE, FALSE]))))

    def test_what_has_no_json_form_is_an_error(self) -> None:
        for value in (object(), [object(), "\ud800"]):
            with self.assertRaises(TypeError):
                encode(Result(value))


class UnreadableTest(unittest.TestCase):
    def test_garbage_is_a_value_error(self) -> None:
        good = encode(Goodbye("i"))
        for payload in (
            b"",
            b"{}",
            b"[]",
            b"\xff\xfe",
            b"null",
            good[:-2],
            b'{"v":1,"m":{"kind":"unheard-of"}}',
            b'{"v":1,"m":{"kind":"goodbye","instance":5}}',
            b'{"v":1,"m":"\\ud800"}',
        ):
            with self.subTest(payload=payload), self.assertRaises(ValueError):
                decode(payload)

    def test_another_version_is_told_apart(self) -> None:
        with self.assertRaises(ForeignVersion):
            decode(encode(Notice("t", {}), SPOKEN.newest + 1))

    def test_whoever_is_there_can_be_told_whatever_version_they_speak(self) -> None:
        beat = Heartbeat("i", 1.0, 1, speaks=(7, 9))
        for message in (beat, Goodbye("i")):
            self.assertEqual((9, message), read(encode(message, 9)))

    def test_fields_of_later_releases_are_ignored(self) -> None:
        payload = encode(Goodbye("i")).replace(b'"instance"', b'"later":[1],"instance"')
        self.assertEqual(Goodbye("i"), decode(payload))
