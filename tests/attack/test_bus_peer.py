"""Whoever gets at the message broker, against the nodes that listen there."""

import base64
import unittest
import zlib
from unittest import mock

from congress.bus.calls import Calls
from congress.bus.counters import Counters
from congress.bus.messages import Refusal, Request, Result, decode, encode
from congress.bus.services import Services
from congress.plugins.bus.oslo import frame
from congress.testing.runtime import ManualClock


class BusPeerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.done: list[str] = []
        services = Services(Counters())
        services.add("vault", {"show": self.show}, None)
        transport = mock.Mock()
        self.calls = Calls(transport, services, list, ManualClock(), Counters())

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
