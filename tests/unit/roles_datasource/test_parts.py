"""The small parts: redaction, pauses, rows, board, arguments, take-over plans."""

import logging
import unittest

from congress.interfaces.role import Arrival, Coverage, Epoch, Position
from congress.model.action import ActionSpec, DesiredAction
from congress.model.delta import Batch, Delta, Snapshot
from congress.model.diagnostic import Refused
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.status import State
from congress.model.values import TRUE, Row
from congress.roles.datasource.arguments import bind, split
from congress.roles.datasource.backoff import pause, spread
from congress.roles.datasource.board import Board
from congress.roles.datasource.copies import Copy, Edge
from congress.roles.datasource.ledger import RESULT_SIZE, bounded
from congress.roles.datasource.redaction import Redactor, driver_logger
from congress.roles.datasource.rows import check
from congress.roles.datasource.stops import StopFlag
from congress.roles.datasource.takeover import Known, Past, plan
from congress.testing.runtime import ManualClock


class RedactionTest(unittest.TestCase):
    def test_secrets_are_replaced_wherever_they_stand(self) -> None:
        redact = Redactor(["pa55word", "pa55", "x", ""])
        self.assertEqual("u:<hidden>@h <hidden> xy <hidden>", redact("u:pa55word@h pa55 xy x"))
        self.assertEqual("nothing", Redactor()("nothing"))

    def test_traces_are_redacted_too(self) -> None:
        logger = driver_logger("d", Redactor(["pa55word"]))
        self.assertEqual(1, len(driver_logger("d", Redactor(["pa55word"])).filters))
        with self.assertLogs(logger, logging.ERROR) as logs:
            try:
                int("pa55word")
            except ValueError:
                logger.exception("failed")
        self.assertIn("literal for int() with base 10: '<hidden>'", logs.output[0])


class PauseTest(unittest.TestCase):
    def test_pauses_double_up_to_a_bound(self) -> None:
        found = [pause(n, 10.0, 60.0, "a") for n in (1, 2, 3, 4, 99)]
        for value, bound in zip(found, (10, 20, 40, 60, 60), strict=True):
            self.assertTrue(0.9 * bound <= value <= bound, found)
        self.assertNotEqual(spread(10.0, "a"), spread(10.0, "b"))


class RowTest(unittest.TestCase):
    SCHEMA = Schema.of([TableSchema("t", (Column("a", ColumnType.BOOLEAN),))], closed=True)

    def test_changes_of_one_table_become_one(self) -> None:
        one: Row = (TRUE,)
        batches = [
            Batch((Snapshot("t", frozenset({(True,)})),), 1.0),
            Batch((Delta("t", frozenset({(None,)}), frozenset({(True,)})),), 2.0),
        ]
        checked = check(batches, self.SCHEMA)
        self.assertEqual((Snapshot("t", frozenset({(None,)})),), checked.changes)
        self.assertEqual({"t": 2.0}, checked.as_of)
        deltas = [
            Batch((Delta("t", frozenset({one})),), 1.0),
            Batch((Delta("t", removed=frozenset({one})),), 2.0),
        ]
        composed = check(deltas, self.SCHEMA).changes[0]
        self.assertEqual(Delta("t", frozenset(), frozenset({one})), composed)

    def test_tables_that_are_not_declared_are_left_out_of_a_closed_schema(self) -> None:
        batch = Batch((Snapshot("u", frozenset({(1,)})),), 1.0)
        checked = check([batch], self.SCHEMA)
        self.assertEqual(((), 1), (checked.changes, checked.rejected["u"].count))
        self.assertEqual(1, len(check([batch], Schema()).changes))

    def test_what_no_table_holds_is_left_out(self) -> None:
        rows = frozenset({(float("nan"),), ((1, 2),), (True,)})
        checked = check([Batch((Snapshot("t", rows),), 1.0)], self.SCHEMA)  # type: ignore[arg-type]
        self.assertEqual(2, checked.rejected["t"].count)


class BoardTest(unittest.TestCase):
    def test_the_worst_part_shows(self) -> None:
        clock = ManualClock()
        board = Board(clock)
        self.assertEqual(
            (State.NOT_READY, None), (board.health().state, board.standing().last_error)
        )
        board.opened()
        clock.advance(5.0)
        self.assertFalse(board.set("poll", State.DEGRADED, "slow"))
        self.assertTrue(board.set("poll", State.DEGRADED, "slower"))
        board.set("driver", State.FAILED, "gone")
        self.assertEqual("gone", board.standing().last_error)
        self.assertTrue(board.clear("driver"))
        self.assertFalse(board.clear("driver"))
        self.assertEqual("slower", board.standing().last_error)
        board.clear("poll")
        self.assertEqual(State.OK, board.health().state)


class ArgumentTest(unittest.TestCase):
    def test_arguments_without_a_declaration_are_refused(self) -> None:
        self.assertEqual({}, bind(ActionSpec("a"), [], {}))
        with self.assertRaises(Refused):
            bind(ActionSpec("a"), [1], {})

    def test_an_open_declaration_takes_any_name(self) -> None:
        spec = ActionSpec("a", parameters={"type": "object", "additionalProperties": True})
        self.assertEqual({"b": 1}, bind(spec, [], {"b": 1}))

    def test_a_broken_declaration_is_the_drivers_fault(self) -> None:
        spec = ActionSpec("a", parameters={"properties": {"b": {"type": 7}}})
        with self.assertRaises(Refused) as caught:
            bind(spec, [1], {})
        self.assertEqual("plugin", caught.exception.code)

    def test_text_that_is_no_json_is_told_by_the_schema(self) -> None:
        spec = ActionSpec("a", parameters={"properties": {"b": {"type": "object"}}})
        with self.assertRaises(Refused) as caught:
            bind(spec, ["{"], {})
        self.assertIn("not of type 'object'", str(caught.exception))

    def test_no_arguments_at_all(self) -> None:
        self.assertEqual(([], {}), split(None))
        self.assertEqual(([1], {}), split({"positional": [1]}))
        self.assertEqual(([], {"positional": 1, "x": 2}), split({"positional": 1, "x": 2}))


class ResultTest(unittest.TestCase):
    def test_results_are_json_of_limited_size(self) -> None:
        self.assertEqual({"a": [1, None]}, bounded({"a": (1, None)}))
        self.assertIsInstance(bounded(object()), str)
        self.assertEqual(RESULT_SIZE, len(str(bounded("x" * 2 * RESULT_SIZE))))


class StopTest(unittest.TestCase):
    def test_it_stays_set(self) -> None:
        stop = StopFlag()
        self.assertFalse(stop.wait(0.0))
        stop.set()
        self.assertTrue(stop.is_set() and stop.wait(10.0))


def arrival(*rows: Row, complete: bool = True) -> Arrival:
    table = "__actions/d"
    position = Position(Epoch(1, "i"), 1)
    snapshot = Snapshot(table, frozenset(rows))
    return Arrival("policy-engine/n", position, (snapshot,), {table: Coverage(0.0, complete)})


WANT: Row = ("want", "p", "r", "a", "[1]")
DESIRED = DesiredAction("p", "r", "d", "a", (1,))


class CopyTest(unittest.TestCase):
    def test_rows_that_cannot_be_read_are_reported(self) -> None:
        bad: list[Row] = [
            ("want", "p", "r", "a"),
            ("wish", "p", "r", "a", "[]"),
            ("want", "p", "r", "a", "{}"),
            ("want", "p", "r", "a", "["),
            ("want", "p", "r", "a", "[[1]]"),
        ]
        turn = Copy("d", "n", "i").take(arrival(WANT, *bad), 1.0)
        self.assertEqual(set(bad), set(turn.malformed))
        self.assertEqual([DESIRED], [edge.desired for edge in turn.edges])

    def test_what_is_not_complete_is_not_complete(self) -> None:
        copy = Copy("d", "n", "i")
        copy.take(arrival(WANT, complete=False), 1.0)
        self.assertFalse(copy.complete)
        copy.take(arrival(WANT), 2.0)
        self.assertEqual((True, 2.0, {}), (copy.complete, copy.since, copy.rises))


class PlanTest(unittest.TestCase):
    def make(self, *times: float, wanted: bool) -> Copy:
        """A copy complete since 0, in which the action rose and fell at those times."""
        copy = Copy("d", "n", "i")
        copy.take(arrival(), 0.0)
        for index, at in enumerate(times):
            copy.take(arrival(WANT) if index % 2 == 0 else arrival(), at)
        self.assertEqual(wanted, DESIRED.key in copy.wants)
        return copy

    def steps(self, copy: Copy, *, active: bool, past: Past | None = None) -> list[bool]:
        known = {DESIRED.key: DESIRED} if active else {}
        made = plan(copy, known, past or Past(), 100.0, turned=0.0, settle=2.0, window=30.0)
        return [edge.rise for edge in made.edges]

    def test_levels_are_made_equal(self) -> None:
        self.assertEqual([True], self.steps(self.make(10.0, wanted=True), active=False))
        self.assertEqual([], self.steps(self.make(10.0, wanted=True), active=True))
        self.assertEqual([False], self.steps(self.make(wanted=False), active=True))

    def test_missed_flaps_are_made_up_for(self) -> None:
        flap = self.make(90.0, 91.0, wanted=False)
        self.assertEqual([True, False], self.steps(flap, active=False))
        self.assertEqual([False, True, False], self.steps(flap, active=True))
        twice = self.make(90.0, 91.0, 92.0, wanted=True)
        self.assertEqual([True, False, True], self.steps(twice, active=False))

    def test_flaps_that_the_ledger_knows_are_not(self) -> None:
        past = Past()
        past.note(Edge(DESIRED, True, 90.2))
        past.note(Edge(DESIRED, False, 91.2))
        self.assertEqual(
            [], self.steps(self.make(90.0, 91.0, wanted=False), active=False, past=past)
        )

    def test_old_flaps_are_forgotten(self) -> None:
        self.assertEqual([], self.steps(self.make(10.0, 11.0, wanted=False), active=False))

    def test_a_copy_that_has_just_come_says_nothing_of_what_is_known(self) -> None:
        past = Past(known={DESIRED.key: Known(("p", "r"))})
        for active in (True, False):
            copy = self.make(1.0, wanted=True) if not active else self.make(wanted=False)
            known = {DESIRED.key: DESIRED} if active else {}
            made = plan(copy, known, past, 1.5, turned=0.0, settle=2.0, window=30.0)
            self.assertEqual(((), {DESIRED.key: 2.0}), (made.edges, dict(made.settling)))
        new = plan(
            self.make(1.0, wanted=True), {}, Past(), 1.5, turned=0.0, settle=2.0, window=30.0
        )
        self.assertEqual([True], [edge.rise for edge in new.edges])

    def test_a_copy_that_catches_up_has_seen_nothing_new(self) -> None:
        past = Past(known={DESIRED.key: Known(("p", "r"))})
        copy = self.make(1.0, wanted=True)
        made = plan(copy, {DESIRED.key: DESIRED}, past, 2.0, turned=0.0, settle=2.0, window=30.0)
        self.assertEqual(((), {}), (made.edges, dict(made.settling)))

    def test_what_was_touched_just_now_is_left_to_settle(self) -> None:
        past = Past()
        past.note(Edge(DESIRED, True, 99.0))
        made = plan(
            self.make(wanted=False),
            {DESIRED.key: DESIRED},
            past,
            100.0,
            turned=0.0,
            settle=2.0,
            window=30.0,
        )
        self.assertEqual(((), {DESIRED.key: 101.0}), (made.edges, dict(made.settling)))
