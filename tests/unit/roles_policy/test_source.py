"""What an arrival does to the tables of a source."""

import unittest

from congress.interfaces.role import Arrival, Coverage, Epoch, Position
from congress.model.delta import Change, Delta, Snapshot
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.values import FALSE, TRUE, Row
from congress.roles.policy.source import SourceState, TableState

FIRST, SECOND = Epoch(1, "a"), Epoch(2, "b")


def rows(*values: int) -> frozenset[Row]:
    return frozenset((value,) for value in values)


def arrival(
    epoch: Epoch, *changes: Change, complete: bool = True, stale: bool = False, as_of: float = 1.0
) -> Arrival:
    coverage = {change.table: Coverage(as_of, complete, stale) for change in changes}
    return Arrival("nova", Position(epoch, 1), changes, coverage)


def source(*tables: str) -> SourceState:
    state = SourceState("nova")
    state.tables = {name: TableState(name) for name in tables}
    return state


class ArrivalTest(unittest.TestCase):
    def test_changes_of_a_first_epoch_apply_as_they_come(self) -> None:
        state = source("p")
        partial = arrival(FIRST, Snapshot("p", rows(1)), complete=False)
        self.assertEqual([Snapshot("p", rows(1))], state.take(partial))
        self.assertFalse(state.usable("p"))
        delta = Delta("p", rows(2))
        self.assertEqual([delta], state.take(arrival(FIRST, delta)))
        self.assertTrue(state.usable("p"))

    def test_a_new_epoch_keeps_the_rows_until_it_has_all_of_its_own(self) -> None:
        state = source("p")
        state.take(arrival(FIRST, Snapshot("p", rows(1, 2))))
        empty = arrival(SECOND, Snapshot("p", rows()), complete=False)
        self.assertEqual([], state.take(empty))
        self.assertFalse(state.usable("p"))
        self.assertEqual([], state.take(arrival(SECOND, Delta("p", rows(3)), complete=False)))
        full = arrival(SECOND, Delta("p", rows(4)))
        self.assertEqual([Snapshot("p", rows(3, 4))], state.take(full))
        self.assertTrue(state.usable("p"))

    def test_completion_may_come_without_changes(self) -> None:
        state = source("p")
        state.take(arrival(FIRST, Snapshot("p", rows(1))))
        state.take(arrival(SECOND, Snapshot("p", rows(5)), complete=False))
        done = Arrival("nova", Position(SECOND, 2), (), {"p": Coverage(2.0, complete=True)})
        self.assertEqual([Snapshot("p", rows(5))], state.take(done))

    def test_nothing_is_usable_while_news_waits(self) -> None:
        state = source("p")
        state.take(arrival(FIRST, Snapshot("p", rows(1))))
        state.waiting = arrival(FIRST, Delta("p", rows(2)))
        self.assertFalse(state.usable("p"))
        self.assertEqual([("nova", "p", 1.0, TRUE, TRUE, 1)], state.status())
        news, state.waiting = state.waiting, None
        state.take(news)
        self.assertTrue(state.usable("p"))

    def test_a_table_untouched_by_a_new_epoch_is_not_usable(self) -> None:
        state = source("p", "q")
        state.take(arrival(FIRST, Snapshot("p", rows(1)), Snapshot("q", rows(1))))
        state.take(arrival(SECOND, Snapshot("p", rows(1))))
        self.assertTrue(state.usable("p"))
        self.assertFalse(state.usable("q"))

    def test_tables_that_were_not_asked_for_are_passed_over(self) -> None:
        self.assertEqual([], source("p").take(arrival(FIRST, Snapshot("q", rows(1)))))

    def test_staleness_and_loss_are_told_apart_from_completeness(self) -> None:
        state = source("p")
        state.take(arrival(FIRST, Snapshot("p", rows(1)), stale=True))
        self.assertFalse(state.usable("p"))
        state.take(arrival(FIRST, Snapshot("p", rows(1))))
        state.tables["p"].lost = True
        self.assertFalse(state.usable("p"))
        self.assertEqual([("nova", "p", 1.0, TRUE, TRUE, 1)], state.status())

    def test_a_dropped_table_is_empty_and_not_usable(self) -> None:
        state = source("p")
        state.take(arrival(FIRST, Snapshot("p", rows(1))))
        dropped = Arrival("nova", Position(FIRST, 2), (Snapshot("p", rows()),), {})
        self.assertEqual([Snapshot("p", rows())], state.take(dropped))
        self.assertFalse(state.usable("p"))

    def test_a_later_epoch_heard_of_makes_all_tables_unusable(self) -> None:
        state = source("p")
        state.take(arrival(FIRST, Snapshot("p", rows(1))))
        self.assertTrue(state.hear(SECOND))
        self.assertFalse(state.hear(FIRST))
        self.assertFalse(state.usable("p"))
        self.assertEqual([("nova", "p", 1.0, FALSE, FALSE, 2)], state.status())


class SchemaTest(unittest.TestCase):
    def schema(self, **tables: ColumnType) -> Schema:
        return Schema.of(TableSchema(name, (Column("x", kind),)) for name, kind in tables.items())

    def test_a_schema_is_needed_first_and_for_tables_it_lacks_once(self) -> None:
        state = source("p", "q")
        first = arrival(FIRST, Snapshot("p", rows(1)))
        self.assertTrue(state.lacks_schema_for(first))
        state.learn(self.schema(p=ColumnType.INTEGER), FIRST)
        self.assertFalse(state.lacks_schema_for(first))
        other = arrival(FIRST, Snapshot("q", rows(1)))
        self.assertTrue(state.lacks_schema_for(other))
        self.assertFalse(state.lacks_schema_for(other))
        self.assertTrue(state.lacks_schema_for(arrival(SECOND, Snapshot("p", rows(1)))))

    def test_rows_under_other_columns_are_given_up(self) -> None:
        state = source("p", "q")
        state.learn(self.schema(p=ColumnType.INTEGER, q=ColumnType.INTEGER), FIRST)
        state.take(arrival(FIRST, Snapshot("p", rows(1)), Snapshot("q", rows(1))))
        changes = state.learn(self.schema(p=ColumnType.STRING, q=ColumnType.INTEGER), FIRST)
        self.assertEqual([Snapshot("p", rows())], changes)
        self.assertFalse(state.usable("p"))
        self.assertTrue(state.usable("q"))

    def test_what_was_collected_for_new_columns_is_used(self) -> None:
        state = source("p")
        state.learn(self.schema(p=ColumnType.INTEGER), FIRST)
        state.take(arrival(FIRST, Snapshot("p", rows(1))))
        state.take(arrival(SECOND, Snapshot("p", rows(7)), complete=False))
        changes = state.learn(self.schema(p=ColumnType.NUMBER), SECOND)
        self.assertEqual([Snapshot("p", rows(7))], changes)
