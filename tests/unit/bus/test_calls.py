"""Calls to other nodes when nodes do not answer as they should."""

import unittest
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from congress.bus.calls import Calls
from congress.bus.counters import Counters
from congress.bus.messages import Goodbye, Notice, Result, encode
from congress.bus.services import Services
from congress.bus.strangers import Strangers
from congress.bus.versions import SPOKEN, Negotiation
from congress.interfaces.bus import TimedOut, Unreachable
from congress.interfaces.role import Peer
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health, State
from congress.testing.runtime import ManualClock

Reaction = Callable[[bytes], bytes]


class FakeTransport:
    def __init__(self) -> None:
        self.reactions: dict[str, Reaction | Exception] = {}
        self.called: list[str] = []

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        self.called.append(node)
        reaction = self.reactions[node]
        if isinstance(reaction, Exception):
            raise reaction
        return reaction(payload)


def peer(node: str, state: State = State.OK, **services: Health) -> Peer:
    return Peer(node, node, services or {"s": Health(state)}, {}, {})


class CallsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.transport = FakeTransport()
        self.services = Services(Counters())
        self.peers: Sequence[Peer] = [peer("a"), peer("b"), peer("c", State.FAILED)]
        self.calls = Calls(
            self.transport,  # type: ignore[arg-type]
            self.services,
            lambda: self.peers,
            ManualClock(),
            Counters(),
            Negotiation(SPOKEN, Strangers(ManualClock(), Counters())),
        )

    def call(self, node: str | None = None, **args: Any) -> Any:
        return self.calls.call("s", "m", args, 2.0, node)

    def refusal(self, node: str | None = None) -> Refused:
        with self.assertRaises(Refused) as caught:
            self.call(node)
        return caught.exception

    def test_whom_nothing_reached_is_passed_over(self) -> None:
        for node in ("a", "b"):
            self.transport.reactions[node] = Unreachable()
        self.transport.reactions["c"] = lambda payload: encode(Result(7))
        self.assertEqual(7, self.call())
        self.assertEqual("c", self.transport.called[-1])
        self.assertEqual({"a", "b", "c"}, set(self.transport.called))

    def test_what_may_have_been_done_is_not_repeated(self) -> None:
        for node in ("a", "b", "c"):
            self.transport.reactions[node] = TimedOut()
        refused = self.refusal()
        self.assertEqual("timeout", refused.code)
        self.assertIn("nevertheless", refused.diagnostics[0].hint)
        self.assertEqual(1, len(self.transport.called))

    def test_nobody_to_call_is_unavailable(self) -> None:
        self.transport.reactions["a"] = Unreachable()
        self.assertEqual("unavailable", self.refusal("a").code)
        self.peers = []
        self.assertEqual("unavailable", self.refusal().code)

    def test_strange_answers_are_refusals(self) -> None:
        for payload, code in [
            (b"garbage", "unsupported"),
            (b'{"v":77,"m":{}}', "unsupported"),
            (encode(Goodbye("i")), "internal"),
            (b'{"v":1,"m":{"kind":"refusal","diagnostics":[{"severity":"?"}]}}', "unsupported"),
            (
                b'{"v":1,"m":{"kind":"refusal","diagnostics":[{"code":"of the future"}]}}',
                "internal",
            ),
        ]:
            with self.subTest(payload=payload):
                self.transport.reactions["a"] = lambda request, p=payload: p  # type: ignore[misc]
                self.assertEqual(code, self.refusal("a").code)

    def test_a_refusal_keeps_all_its_reasons(self) -> None:
        def refuse_it() -> None:
            first, second = refuse("arity", "one", hint="h"), refuse("unsafe", "two", where="w")
            raise Refused(*first.diagnostics, *second.diagnostics)

        self.serve({"m": refuse_it})
        got = self.refusal("a")
        self.assertEqual(["arity", "unsafe"], [d.code for d in got.diagnostics])
        self.assertEqual(("h", "w"), (got.diagnostics[0].hint, got.diagnostics[1].where))

    def test_what_is_no_request_is_refused(self) -> None:
        for payload, code in [
            (encode(Notice("t", {})), "invalid"),
            (b'{"v":77,"m":{}}', "unsupported"),
        ]:
            self.transport.reactions["a"] = lambda request, p=payload: self.calls.answer(p)  # type: ignore[misc]
            self.assertEqual(code, self.refusal("a").code)
        with self.assertLogs("congress.bus"):
            self.transport.reactions["a"] = lambda request: self.calls.answer(b"garbage")
            self.assertEqual("internal", self.refusal("a").code)

    def test_a_method_that_does_not_tell_its_arguments_gets_them(self) -> None:
        self.serve({"m": dict})
        self.assertEqual({"x": 1}, self.call("a", x=1))

    def test_a_health_that_cannot_be_told_is_a_failure(self) -> None:
        def broken() -> Health:
            raise OSError("a fault of the test")

        self.services.add("t", {}, broken)
        self.services.add("__hidden", {}, None)
        with self.assertLogs("congress.bus"):
            healths = self.services.healths()
        self.assertEqual({"t": State.FAILED}, {n: h.state for n, h in healths.items()})

    def serve(self, methods: Mapping[str, Callable[..., Any]]) -> None:
        self.services.add("s", methods, None)
        self.transport.reactions["a"] = self.calls.answer
