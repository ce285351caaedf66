"""Tests of congress.engine.steps."""

import unittest

from congress.engine import (
    CreatePolicy,
    DeleteRules,
    InsertRules,
    ReplaceTables,
    SetSchema,
    Tick,
    UpdateTable,
    edit_from_plain,
)
from congress.model.diagnostic import Refused
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.values import TRUE


class StepTest(unittest.TestCase):
    def test_every_step(self) -> None:
        columns = (Column("id", ColumnType.INTEGER, nullable=False), Column("name"))
        described = {"name": "id", "type": "integer", "nullable": False}
        schema = {"policy": "s", "tables": {"t": [described, "name"]}, "complete": True}
        rows = {"policy": "s", "tables": {"t": [[1, "x"], [True, None]]}}
        update = {"policy": "s", "table": "t", "add": [[1]], "remove": [[2]]}
        cases = {
            "policy": ({"name": "p"}, CreatePolicy("p")),
            "schema": (
                schema,
                SetSchema("s", Schema.of([TableSchema("t", columns)], closed=True)),
            ),
            "insert": ({"policy": "p", "text": "a(1)"}, InsertRules("p", "a(1)")),
            "delete": ({"policy": "p", "text": "a(1)"}, DeleteRules("p", "a(1)")),
            "replace": (rows, ReplaceTables("s", {"t": [(1, "x"), (TRUE, None)]})),
            "update": (update, UpdateTable("s", "t", [(1,)], [(2,)])),
            "now": ("2026-01-01 00:00:00", Tick("2026-01-01 00:00:00")),
        }
        for kind, (request, edit) in cases.items():
            with self.subTest(step=kind):
                self.assertEqual(edit, edit_from_plain({kind: request}))
        kind = edit_from_plain({"policy": {"name": "p", "kind": "datalog"}})
        self.assertEqual(CreatePolicy("p", "datalog"), kind)

    def test_what_is_no_step_is_refused_with_what_is_wrong(self) -> None:
        cases: list[tuple[object, str]] = [
            ("policy", "one key"),
            ({}, "one key"),
            ({"policy": {"name": "p"}, "now": "x"}, "one key"),
            ({"insrt": {}}, "'insrt' is no step"),
            ({"policy": "p"}, "needs an object"),
            ({"policy": {}}, "lacks 'name'"),
            ({"policy": {"name": 1}}, "name must be a text"),
            ({"insert": {"policy": "p", "texts": "a(1)", "text": ""}}, "no member 'texts'"),
            ({"schema": {"policy": "s", "tables": ["t"]}}, "tables must be an object"),
            ({"schema": {"policy": "s", "tables": {"t": "id"}}}, "t must be a list"),
            ({"schema": {"policy": "s", "tables": {"t": [{"type": "string"}]}}}, "a column has"),
            ({"schema": {"policy": "s", "tables": {"t": [{"name": "c", "type": "no"}]}}}, "'no'"),
            ({"replace": {"policy": "s", "tables": {"t": ["abc"]}}}, "a row of t must be a list"),
            ({"update": {"policy": "s", "table": "t", "add": [[[1]]]}}, "a list is not"),
            ({"update": {"policy": "s", "table": "t", "add": [[float("nan")]]}}, "nan"),
            ({"now": 5}, "now must be a text"),
        ]
        for step, message in cases:
            with self.subTest(step=step), self.assertRaises(Refused) as caught:
                edit_from_plain(step)
            self.assertEqual("invalid", caught.exception.code)
            self.assertIn(message, str(caught.exception))
