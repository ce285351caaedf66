"""Answers in pieces are the state at one position, however many pieces get lost."""

import unittest
from typing import Any

import msgspec

from congress.bus.messages import SyncMore, SyncPart, SyncRefused, SyncRequest
from congress.bus.publisher import SourcePublisher
from congress.bus.sync import (
    MOST_ANSWERS,
    MOST_NUDGES,
    PATIENCE,
    Answer,
    Ask,
    Collector,
    Standing,
    Supplier,
    answer_locally,
)
from congress.interfaces.role import Coverage, Epoch, Position
from congress.model.delta import Delta, Snapshot, digest

EPOCH = Epoch(3, "e")
ROWS = frozenset((number, "x" * 10) for number in range(20))
SAID = Coverage(4.0, complete=True)


def request(token: str = "i/1.1", *tables: str, **more: Any) -> SyncRequest:
    return SyncRequest("s", token, "i", list(tables or ("a",)), list(tables), 1, **more)


class SyncTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.size = 50
        self.publisher = SourcePublisher(
            "s",
            EPOCH,
            send=lambda publication: None,
            wanted=frozenset,
            now=lambda: 1.0,
            on_close=lambda publisher: None,
        )
        self.publisher.publish([Snapshot("a", ROWS), Snapshot("b", frozenset())], {"a": SAID})
        self.publisher.publish([], {"talk": SAID})
        self.supplier = Supplier(lambda: self.size, lambda: self.now)
        self.asked: list[tuple[str, SyncMore]] = []
        self.collector = Collector("s", lambda node, more: self.asked.append((node, more)))

    def collect(self, part: SyncPart) -> Answer:
        """Take a first piece and all that follow."""
        self.collector.expect("node", part.token)
        answer = self.collector.take(part)
        while answer is None:
            node, more = self.asked.pop()
            self.assertEqual("node", node)
            following = self.supplier.more("peer", more)
            assert isinstance(following, SyncPart)
            answer = self.collector.take(following)
        return answer

    def test_an_answer_in_pieces(self) -> None:
        first = self.supplier.begin(
            "peer", request("i/1.1", "a", "b", "talk", "no"), self.publisher
        )
        self.assertIsNotNone(first.following)
        answer = self.collect(first)
        self.assertEqual(Position(EPOCH, 2), answer.position)
        a, b = answer.tables["a"], answer.tables["b"]
        self.assertEqual((Standing.ROWS, ROWS, SAID), (a.standing, a.rows, a.coverage))
        self.assertEqual(digest(ROWS), a.digest)
        self.assertEqual((Standing.ROWS, frozenset()), (b.standing, b.rows))
        self.assertEqual(
            [(Standing.ABSENT, SAID), (Standing.ABSENT, None)],
            [(answer.tables[n].standing, answer.tables[n].coverage) for n in ("talk", "no")],
        )

    def test_one_piece_if_it_fits(self) -> None:
        self.size = 10_000
        first = self.supplier.begin("peer", request(), self.publisher)
        self.assertIsNone(first.following)
        self.assertEqual(ROWS, self.collect(first).tables["a"].rows)
        refused = self.supplier.more("peer", SyncMore("s", first.token, 0))
        self.assertIsInstance(refused, SyncRefused)

    def test_what_is_published_meanwhile_is_not_in_it(self) -> None:
        first = self.supplier.begin("peer", request(), self.publisher)
        self.publisher.publish([Delta("a", frozenset([(99, "new")]), ROWS)], {})
        self.assertEqual(ROWS, self.collect(first).tables["a"].rows)

    def test_tables_that_are_the_same_are_not_sent(self) -> None:
        have = {"a": (20, digest(ROWS)), "b": (7, 7)}
        part = self.supplier.begin(
            "peer", request("i/1.1", "a", "b", epoch=(3, "e"), have=have), self.publisher
        )
        self.assertEqual({"a": "same", "b": "rows"}, {t.name: t.how for t in part.tables})
        self.assertEqual({}, part.rows)

    def test_tables_of_another_epoch_are_never_the_same(self) -> None:
        have = {"a": (20, digest(ROWS))}
        part = self.supplier.begin("peer", request(epoch=(3, "another"), have=have), self.publisher)
        self.assertEqual("rows", part.tables[0].how)

    def test_a_check_gets_digests_only(self) -> None:
        part = self.supplier.begin("peer", request(check=True), self.publisher)
        self.assertEqual(
            ("digest", 20, digest(ROWS)),
            (part.tables[0].how, part.tables[0].count, part.tables[0].digest),
        )
        self.assertEqual({}, part.rows)

    def test_others_cannot_fetch_an_answer(self) -> None:
        first = self.supplier.begin("peer", request(), self.publisher)
        more = SyncMore("s", first.token, first.following or 0)
        self.assertIsInstance(self.supplier.more("stranger", more), SyncRefused)

    def test_an_answer_nobody_fetches_is_forgotten(self) -> None:
        first = self.supplier.begin("peer", request(), self.publisher)
        self.now += PATIENCE + 1
        self.supplier.begin("peer", request("i/2.1"), self.publisher)
        more = SyncMore("s", first.token, first.following or 0)
        self.assertIsInstance(self.supplier.more("peer", more), SyncRefused)

    def test_answers_under_way_are_bounded(self) -> None:
        for number in range(MOST_ANSWERS + 1):
            self.supplier.begin("peer", request(f"i/{number}"), self.publisher)
        first, last = (
            self.supplier.more("peer", SyncMore("s", f"i/{number}", 1))
            for number in (0, MOST_ANSWERS)
        )
        self.assertIsInstance(first, SyncRefused)
        self.assertIsInstance(last, SyncPart)

    def test_repeated_and_foreign_pieces_are_ignored(self) -> None:
        first = self.supplier.begin("peer", request(), self.publisher)
        self.collector.expect("node", first.token)
        self.assertIsNone(self.collector.take(msgspec.structs.replace(first, token="i/1.0")))
        self.assertEqual([], self.asked)
        self.collector.take(first)
        self.collector.take(first)
        self.assertEqual(1, len(self.asked))

    def test_a_lost_piece_is_asked_for_again_a_few_times(self) -> None:
        self.assertFalse(self.collector.nudge())
        first = self.supplier.begin("peer", request(), self.publisher)
        self.collector.expect("node", first.token)
        self.assertFalse(self.collector.nudge(), "the request itself is not its business")
        self.collector.take(first)
        self.assertEqual([True] * MOST_NUDGES, [self.collector.nudge() for _ in range(MOST_NUDGES)])
        self.assertFalse(self.collector.nudge())
        self.assertEqual({first.following}, {more.offset for _, more in self.asked})

    def test_a_refused_answer_is_given_up(self) -> None:
        first = self.supplier.begin("peer", request(), self.publisher)
        self.collector.expect("node", first.token)
        self.collector.take(first)
        self.collector.refused("another")
        self.assertTrue(self.collector.nudge())
        self.collector.refused(first.token)
        self.assertFalse(self.collector.nudge())

    def test_rows_that_are_missing_are_noticed(self) -> None:
        self.size = 10_000
        first = self.supplier.begin("peer", request(), self.publisher)
        self.collector.expect("node", first.token)
        short = msgspec.structs.replace(first, rows={"a": first.rows["a"][1:]})
        with self.assertRaises(ValueError):
            self.collector.take(short)

    def test_within_a_node_the_answer_is_whole(self) -> None:
        answer = answer_locally(self.publisher, Ask("s", "t", ("a", "no")))
        self.assertEqual(ROWS, answer.tables["a"].rows)
        self.assertEqual(Standing.ABSENT, answer.tables["no"].standing)
