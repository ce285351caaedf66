"""Tests of congress.model.schema."""

import unittest

from congress.model.schema import (
    Column,
    ColumnType,
    Schema,
    TableSchema,
    schema_from_plain,
    schema_to_plain,
)
from congress.model.values import TRUE

SERVERS = TableSchema(
    "servers",
    (
        Column("id", ColumnType.STRING, nullable=False, description="identity"),
        Column("ram", ColumnType.INTEGER),
        Column("load", ColumnType.NUMBER),
        Column("locked", ColumnType.BOOLEAN),
        Column("extra"),
    ),
    key=("id",),
)


class RowTest(unittest.TestCase):
    def test_rows_that_fit(self) -> None:
        for row in (
            ("a", 1, 0.5, TRUE, None),
            ("a", 2.0, 3, None, "x"),
            ("a", None, None, None, 1),
        ):
            self.assertIsNone(SERVERS.problem(row), row)

    def test_rows_that_do_not_fit_say_why(self) -> None:
        cases = {
            ("a", 1): "has 5 columns, the row has 2",
            (None, 1, 1, TRUE, 1): "'id' must not be null",
            ("a", "1", 1, TRUE, 1): "'ram' takes an integer",
            ("a", 1.5, 1, TRUE, 1): "'ram' takes an integer",
            ("a", 1, TRUE, TRUE, 1): "'load' takes a number",
            ("a", 1, 1, 1, 1): "'locked' takes a boolean",
        }
        for row, reason in cases.items():
            self.assertIn(reason, SERVERS.problem(row) or "", row)


class SchemaTest(unittest.TestCase):
    def test_a_name_is_declared_once(self) -> None:
        with self.assertRaises(ValueError):
            Schema.of([SERVERS, SERVERS])

    def test_there_and_back(self) -> None:
        schema = Schema.of([SERVERS, TableSchema("empty", ())], closed=True)
        self.assertEqual(schema, schema_from_plain(schema_to_plain(schema)))

    def test_what_is_no_schema(self) -> None:
        for bad in ({}, {"tables": [{}]}, {"tables": 3}, {"tables": [{"name": "t", "columns": 1}]}):
            with self.subTest(bad=bad), self.assertRaises(ValueError):
                schema_from_plain(bad)

    def test_lookup(self) -> None:
        schema = Schema.of([SERVERS])
        self.assertEqual(5, SERVERS.arity)
        self.assertEqual(("id", "ram", "load", "locked", "extra"), SERVERS.column_names)
        self.assertIs(SERVERS, schema.table("servers"))
        self.assertIsNone(schema.table("ports"))
