"""Joining a table by an answer and what was published since."""

import unittest
from typing import Any

from congress.bus.mirror import Broken, Mirror, Outcome
from congress.bus.publication import Kind, Publication, TableUpdate
from congress.bus.sync import Answer, AnsweredTable, Standing
from congress.interfaces.role import Coverage, Epoch, Position
from congress.model.delta import Delta, Snapshot, digest

EPOCH = Epoch(1, "e")
EARLY, LATE = Coverage(1.0, complete=False), Coverage(2.0, complete=True)


def rows(*values: Any) -> frozenset[Any]:
    return frozenset((value,) for value in values)


def later(seq: int, update: TableUpdate) -> Publication:
    return Publication("s", Position(EPOCH, seq), {"t": update, "other": update})


class JoinTest(unittest.TestCase):
    def setUp(self) -> None:
        self.mirror = Mirror(lambda table, state: None)
        self.mirror.set_tables(["t"])

    def join(self, *updates: TableUpdate, absent: bool = False) -> Outcome:
        table = AnsweredTable(Standing.ROWS, rows(1), 1, digest(rows(1)), EARLY)
        if absent:
            table = AnsweredTable(Standing.ABSENT)
        answer = Answer("token", Position(EPOCH, 1), {"t": table, "other": table})
        return self.mirror.join(answer, [later(2 + n, u) for n, u in enumerate(updates)])

    def test_deltas_and_coverage_are_replayed(self) -> None:
        outcome = self.join(
            TableUpdate(Kind.DELTA, Delta("t", rows(2)), 2, 7),
            TableUpdate(Kind.COVERAGE, None, 2, None, LATE),
            TableUpdate(Kind.DELTA, Delta("t", rows(3), rows(1)), 2, digest(rows(2, 3))),
        )
        self.assertEqual(([Snapshot("t", rows(2, 3))], {"t": LATE}), outcome)
        self.assertEqual({"t": (2, digest(rows(2, 3)))}, self.mirror.digests(EPOCH, joined=True))

    def test_a_snapshot_replaces(self) -> None:
        changes, _ = self.join(
            TableUpdate(Kind.SNAPSHOT, Snapshot("t", rows(9)), 1, 5), absent=True
        )
        self.assertEqual([Snapshot("t", rows(9))], changes)

    def test_a_table_dropped_since_is_absent(self) -> None:
        changes, _ = self.join(TableUpdate(Kind.DROPPED))
        self.assertEqual([], changes)
        self.assertEqual((), self.mirror.unjoined())

    def test_what_cannot_be_replayed_breaks(self) -> None:
        for update, absent in [
            (TableUpdate(Kind.OMITTED, None, 5), False),
            (TableUpdate(Kind.DELTA, Delta("t", rows(2)), 2), True),
            (TableUpdate(Kind.DELTA, Delta("t", rows(2)), 9), False),
        ]:
            with self.subTest(update=update), self.assertRaises(Broken):
                self.join(update, absent=absent)
        self.assertEqual(("t",), self.mirror.unjoined())

    def test_a_snapshot_of_the_wrong_size_breaks(self) -> None:
        self.join()
        with self.assertRaises(Broken):
            self.mirror.apply(later(2, TableUpdate(Kind.SNAPSHOT, Snapshot("t", rows(1)), 2)))
