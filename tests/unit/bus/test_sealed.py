"""Signed messages: who is heard, key exchange, and what is refused."""

from collections.abc import Callable
from typing import Any

from congress.bus.bus import Bus
from congress.bus.options import BusOptions
from congress.bus.seal import PATIENCE, WINDOW, BadSeal, Expected, Purpose, Seal, mark
from congress.interfaces.role import Epoch
from congress.model.delta import Snapshot
from congress.model.diagnostic import Refused
from congress.model.status import State
from congress.testing.buses import BusTestCase, Recorder
from congress.testing.runtime import SimTestCase

OLD, NEW = "the key of last year", "the key of this year"


class SealedBusTest(BusTestCase):
    def signing(
        self, node: str, *keys: str, required: Callable[[], bool] = lambda: True
    ) -> tuple[Bus, list[str]]:
        """A bus that signs, and its keys, which may be changed."""
        current = list(keys)
        options = BusOptions(signing_keys=lambda: current, signing_required=required)
        return self.bus(node, options), current

    def reaches(self, one: Bus, two: Bus) -> bool:
        """Whether a node has another one for a peer."""
        return two.node in {peer.node for peer in one.peers()}

    def refused(self, bus: Bus) -> set[tuple[str, str]]:
        return {(one["node"], one["reason"]) for one in bus.stats()["refused"]}

    def test_nodes_with_one_key_work_together(self) -> None:
        (one, _), (two, _) = self.signing("one", NEW), self.signing("two", NEW)
        seen = Recorder()
        two.subscribe("s", ["t"], seen.on_arrival)
        one.publisher("s", Epoch(1, "x")).publish([Snapshot("t", frozenset([(1,)]))], {})
        one.serve("calc", {"double": lambda a: a * 2})
        self.until(lambda: seen.tables.get("t") == frozenset([(1,)]))
        self.until(lambda: any("calc" in peer.services for peer in two.peers()))
        self.assertEqual(6, two.call("calc", "double", {"a": 3}, timeout=1))
        self.assertEqual(set(), self.refused(one) | self.refused(two))
        self.assertEqual(State.OK, one.health().state)

    def test_keys_are_exchanged_while_nodes_run(self) -> None:
        (one, ones), (two, twos) = self.signing("one", OLD), self.signing("two", OLD)
        self.until(lambda: self.reaches(one, two) and self.reaches(two, one))
        for keys, step in (
            (ones, [OLD, NEW]),
            (twos, [OLD, NEW]),
            (ones, [NEW, OLD]),
            (twos, [NEW, OLD]),
            (ones, [NEW]),
            (twos, [NEW]),
        ):
            keys[:] = step
            self.clock.advance(10)
            self.assertTrue(self.reaches(one, two) and self.reaches(two, one), step)
        self.assertEqual(set(), self.refused(one) | self.refused(two))

    def test_keys_are_introduced_and_given_up_while_nodes_run(self) -> None:
        required = {"one": True, "two": True}
        one, ones = self.signing("one", required=lambda: required["one"])
        two, twos = self.signing("two", required=lambda: required["two"])
        one.serve("calc", {"double": lambda a: a * 2})
        for step in ("two lax", "one lax", "one key", "two key", "one strict", "two strict") * 2:
            node, what = step.split()
            keys = {"one": ones, "two": twos}[node]
            if what == "key":
                keys[:] = [] if keys else [NEW]
            else:
                required[node] = what == "strict"
            with self.subTest(step=step, one=list(ones), two=list(twos)):
                self.clock.advance(10)
                self.assertTrue(self.reaches(one, two) and self.reaches(two, one))
                self.assertEqual(6, two.call("calc", "double", {"a": 3}, timeout=1))
        self.assertEqual(set(), self.refused(one) | self.refused(two))

    def test_a_wrong_signature_is_refused_though_none_is_required(self) -> None:
        (one, _), (two, _) = (
            self.signing("one", OLD, required=lambda: False),
            self.signing("two", NEW),
        )
        self.clock.advance(10)
        self.assertFalse(self.reaches(one, two) or self.reaches(two, one))
        self.assertEqual({("two", "wrong-key")}, self.refused(one))

    def test_another_key_is_refused_counted_and_told_once(self) -> None:
        with self.assertLogs("congress.bus.strangers", "WARNING") as log:
            (one, _), (two, _) = self.signing("one", OLD), self.signing("two", NEW)
            self.clock.advance(30)
        self.assertFalse(self.reaches(one, two) or self.reaches(two, one))
        self.assertEqual({("two", "wrong-key")}, self.refused(one))
        self.assertEqual(2, len(log.output), log.output)
        self.assertGreater(one.stats()["counters"]["refused.wrong-key"], 10)
        health = one.health()
        self.assertEqual(State.DEGRADED, health.state)
        self.assertIn("two", health.message)

    def test_a_node_without_a_key_is_told_to_get_one(self) -> None:
        with self.assertLogs("congress.bus.strangers", "WARNING") as log:
            (one, _), bare = self.signing("one", NEW), self.bus("bare")
            self.clock.advance(5)
        self.assertFalse(self.reaches(one, bare) or self.reaches(bare, one))
        self.assertEqual({("bare", "unsigned")}, self.refused(one))
        self.assertEqual({("one", "signed")}, self.refused(bare))
        self.assertIn("set [dse] signing_keys as on the other nodes", "".join(log.output))
        for caller, callee in ((one, "bare"), (bare, "one")):
            with self.subTest(caller=caller.node), self.assertRaises(Refused) as caught:
                caller.call("__bus", "probe", timeout=1, node=callee)
            self.assertEqual("unavailable", caught.exception.code)
            self.assertIn("signing_keys", caught.exception.diagnostics[0].hint)

    def test_health_is_good_again_when_the_stranger_is_gone(self) -> None:
        (one, _), (two, twos) = self.signing("one", NEW), self.signing("two", OLD)
        self.clock.advance(5)
        self.assertEqual(State.DEGRADED, one.health().state)
        twos[:] = [NEW]
        self.until(lambda: self.reaches(one, two))
        self.clock.advance(30)
        self.assertEqual(State.OK, one.health().state)


class SealTest(SimTestCase):
    def seal(self, node: str, bus: str = "b", instance: str = "i", key: str = NEW) -> Seal:
        return Seal(bus, node, instance, lambda: [key], lambda: True, self.clock.time)

    def reason(self, seal: Seal, sealed: bytes, **said: Any) -> str:
        """Why a message from node ``a`` is refused; empty if it is not."""
        expected = {"purpose": Purpose.DATA, "sender": "a", **said}
        try:
            seal.open(sealed, Expected(**expected))
        except BadSeal as bad:
            return bad.reason
        return ""

    def test_nothing_is_believed_twice(self) -> None:
        a, b = self.seal("a"), self.seal("b")
        first = a.sign(Purpose.DATA, "b", b"x")
        later = [a.sign(Purpose.DATA, "", b"x") for _ in range(3)]
        self.assertEqual("", self.reason(b, later[2]))
        self.assertEqual("", self.reason(b, first))
        self.assertEqual("", self.reason(b, later[1]))
        for sealed in (first, later[1], later[2]):
            self.assertEqual("replayed", self.reason(b, sealed))
        for _ in range(WINDOW):
            a.sign(Purpose.DATA, "", b"x")
        self.assertEqual("", self.reason(b, a.sign(Purpose.DATA, "", b"x")))
        self.assertEqual("replayed", self.reason(b, later[0]))

    def test_numbers_of_different_senders_do_not_mix(self) -> None:
        b = self.seal("b")
        for other in (self.seal("a", instance="1"), self.seal("a", instance="2")):
            self.assertEqual("", self.reason(b, other.sign(Purpose.DATA, "", b"x")))
        control = self.seal("a", instance="1").sign(Purpose.CONTROL, "", b"x")
        self.assertEqual("", self.reason(b, control, purpose=Purpose.CONTROL))

    def test_what_was_signed_for_something_else_is_refused(self) -> None:
        a, b = self.seal("a"), self.seal("b")
        self.assertEqual("misused", self.reason(b, a.sign(Purpose.DATA, "c", b"x")))
        self.assertEqual("misused", self.reason(b, a.sign(Purpose.CONTROL, "b", b"x")))
        self.assertEqual("misused", self.reason(b, a.sign(Purpose.DATA, "b", b"x"), sender="c"))
        foreign = self.seal("a", bus="other").sign(Purpose.DATA, "b", b"x")
        self.assertEqual("misused", self.reason(b, foreign))

    def test_an_answer_is_good_for_its_request_only(self) -> None:
        a, b = self.seal("a"), self.seal("b")
        one, two = (mark(b.sign(Purpose.REQUEST, "a", b"?")) for _ in range(2))
        answer = a.sign(Purpose.ANSWER, "b", b"!", one)
        self.assertEqual("misused", self.reason(b, answer, purpose=Purpose.ANSWER, about=two))
        self.assertEqual("", self.reason(b, answer, purpose=Purpose.ANSWER, about=one))

    def test_clocks_may_differ_by_minutes_and_no_more(self) -> None:
        a, b = self.seal("a"), self.seal("b")
        old, older = a.sign(Purpose.DATA, "", b"x"), a.sign(Purpose.DATA, "", b"x")
        self.clock.step_wall(PATIENCE - 1)
        self.assertEqual("", self.reason(b, old))
        self.clock.step_wall(2)
        self.assertEqual("old", self.reason(b, older))
        self.clock.step_wall(-3 * PATIENCE)
        self.assertEqual("old", self.reason(b, older))

    def test_every_bit_is_signed(self) -> None:
        a, b = self.seal("a"), self.seal("b")
        sealed = a.sign(Purpose.DATA, "", b"x")
        for place in range(len(sealed)):
            spoilt = bytearray(sealed)
            spoilt[place] ^= 1
            with self.subTest(place=place):
                self.assertIn(self.reason(b, bytes(spoilt)), ("unsigned", "wrong-key"))
        self.assertEqual("", self.reason(b, sealed))
