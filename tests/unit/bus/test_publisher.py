"""A publisher says what changed, no more and no less, in order."""

import unittest
from typing import Any

import msgspec

from congress.bus.publication import Kind, Publication, change_rows, from_wire, to_wire
from congress.bus.publisher import SourcePublisher
from congress.interfaces.role import Coverage, Epoch, Position
from congress.model.delta import Delta, Snapshot, digest
from congress.model.values import TRUE

EPOCH = Epoch(3, "e")


def rows(*values: Any) -> frozenset[Any]:
    return frozenset((value,) for value in values)


class PublisherTest(unittest.TestCase):
    def setUp(self) -> None:
        self.sent: list[Publication] = []
        self.closed: list[SourcePublisher] = []
        self.publisher = SourcePublisher(
            "s",
            EPOCH,
            send=self.sent.append,
            wanted=lambda: frozenset(["w"]),
            now=lambda: 99.0,
            on_close=self.closed.append,
        )

    def publish(self, *changes: Any, **coverage: Coverage) -> Publication:
        before = len(self.sent)
        self.publisher.publish(changes, coverage)
        self.assertEqual(before + 1, len(self.sent))
        return self.sent[-1]

    def test_the_first_word_on_a_table_is_a_snapshot(self) -> None:
        for change in (Snapshot("a", rows(1)), Delta("b", rows(1), rows(2))):
            update = self.publish(change).tables[change.table]
            self.assertEqual((Kind.SNAPSHOT, 1), (update.kind, update.count))
            self.assertEqual(Snapshot(change.table, rows(1)), update.change)
        self.assertEqual(Position(EPOCH, 2), self.publisher.position)

    def test_an_empty_table_is_published_too(self) -> None:
        update = self.publish(Snapshot("a", frozenset())).tables["a"]
        self.assertEqual(Snapshot("a", frozenset()), update.change)
        self.assertEqual(frozenset(), self.publisher.rows("a"))

    def test_changes_are_reduced_to_their_effect(self) -> None:
        self.publish(Snapshot("t", rows(1, 2)))
        for change, expected in [
            (Snapshot("t", rows(2, 3)), Delta("t", rows(3), rows(1))),
            (Delta("t", rows(2, 4), rows(3, 9)), Delta("t", rows(4), rows(3))),
            (Delta("t", rows(5), rows(5, 4)), Delta("t", rows(5), rows(4))),
        ]:
            self.assertEqual(expected, self.publish(change).tables["t"].change)
        self.assertEqual(rows(2, 5), self.publisher.rows("t"))

    def test_several_changes_of_a_table_make_one(self) -> None:
        self.publish(Snapshot("t", rows(1, 2)))
        update = self.publish(
            Delta("t", rows(3), rows(1)), Delta("t", rows(1), rows(3)), Delta("t", rows(7), rows(2))
        ).tables["t"]
        self.assertEqual(Delta("t", rows(7), rows(2)), update.change)

    def test_nothing_to_say_is_no_publication(self) -> None:
        self.publish(Snapshot("t", rows(1)))
        self.assertEqual(Position(EPOCH, 1), self.publisher.publish([Snapshot("t", rows(1))], {}))
        self.publisher.publish([], {})
        self.assertEqual(1, len(self.sent))

    def test_coverage_alone_is_published(self) -> None:
        said = Coverage(5.0, complete=False, stale=True)
        update = self.publish(t=said).tables["t"]
        self.assertEqual((Kind.COVERAGE, None, said), (update.kind, update.change, update.coverage))
        self.assertIsNone(self.publisher.rows("t"))
        self.assertEqual({"t": said}, self.publisher.coverage())

    def test_an_unchanged_table_that_was_read_again_is_coverage(self) -> None:
        self.publish(Snapshot("t", rows(1)))
        update = self.publish(Snapshot("t", rows(1)), t=Coverage(6.0, complete=True)).tables["t"]
        self.assertEqual((Kind.COVERAGE, 1), (update.kind, update.count))

    def test_a_change_without_coverage_is_of_now(self) -> None:
        self.assertEqual(
            Coverage(99.0, complete=True), self.publish(Snapshot("t", rows(1))).tables["t"].coverage
        )
        self.publish(t=Coverage(1.0, complete=True, stale=True))
        self.assertEqual(
            Coverage(99.0, complete=True, stale=True),
            self.publish(Delta("t", rows(2))).tables["t"].coverage,
        )

    def test_dropped_tables_begin_anew(self) -> None:
        self.publish(Snapshot("t", rows(1)))
        self.publisher.drop(["t", "unheard-of"])
        self.assertEqual({"t": Kind.DROPPED}, {n: u.kind for n, u in self.sent[-1].tables.items()})
        self.assertIsNone(self.publisher.rows("t"))
        self.assertEqual(Kind.SNAPSHOT, self.publish(Delta("t", rows(2))).tables["t"].kind)

    def test_digests_are_kept_when_needed(self) -> None:
        self.assertIsNone(self.publish(Snapshot("t", rows(1))).tables["t"].digest)
        self.publisher.keep_digests(True)
        for change in (Delta("t", rows(2)), Delta("t", rows(3), rows(1)), Snapshot("u", rows(4))):
            update = self.publish(change).tables[change.table]
            self.assertEqual(digest(self.publisher.rows(change.table) or ()), update.digest)
        _, held = self.publisher.standing(["t", "v"], digests=True)
        self.assertEqual({"t": digest(rows(2, 3))}, {name: h.digest for name, h in held.items()})

    def test_a_closed_publisher_is_silent(self) -> None:
        self.publisher.close()
        self.publisher.close()
        self.assertEqual([self.publisher], self.closed)
        self.publisher.publish([Snapshot("t", rows(1))], {})
        self.publisher.drop(["t"])
        self.assertEqual([], self.sent)

    def test_wanted_is_passed_on(self) -> None:
        self.assertEqual({"w"}, self.publisher.wanted())


class WireTest(unittest.TestCase):
    def setUp(self) -> None:
        sent: list[Publication] = []
        publisher = SourcePublisher(
            "s",
            EPOCH,
            send=sent.append,
            wanted=frozenset,
            now=lambda: 1.0,
            on_close=lambda publisher: None,
        )
        publisher.keep_digests(True)
        publisher.publish([Snapshot("a", rows(1, TRUE)), Snapshot("b", rows("x"))], {})
        publisher.publish(
            [Delta("a", rows(2), rows(1)), Snapshot("c", frozenset())],
            {"b": Coverage(2.0, complete=True)},
        )
        publisher.drop(["b"])
        self.sent = sent

    def test_publications_survive_the_wire(self) -> None:
        for publication in self.sent:
            self.assertEqual(publication, from_wire(to_wire(publication, {"a", "b", "c"}, 10_000)))

    def test_rows_nobody_wants_are_left_out_and_that_is_said(self) -> None:
        got = from_wire(to_wire(self.sent[0], {"b"}, 10_000))
        self.assertEqual(Kind.OMITTED, got.tables["a"].kind)
        self.assertEqual(Kind.SNAPSHOT, got.tables["b"].kind)
        self.assertEqual(2, got.tables["a"].count)

    def test_rows_that_are_too_many_are_left_out(self) -> None:
        got = from_wire(to_wire(self.sent[0], {"a", "b"}, 3))
        self.assertEqual({Kind.OMITTED}, {update.kind for update in got.tables.values()})

    def test_nonsense_is_a_value_error(self) -> None:
        wire = to_wire(self.sent[0], {"a"}, 10_000)
        table = msgspec.structs.replace(wire.tables[0], how="nonsense")
        with self.assertRaises(ValueError):
            from_wire(msgspec.structs.replace(wire, tables=[table]))

    def test_rows_are_counted(self) -> None:
        self.assertEqual(3, self.sent[0].rows)
        self.assertEqual(0, change_rows(None))
