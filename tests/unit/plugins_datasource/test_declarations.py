"""Names, declared tables, and the options all polling drivers share."""

import unittest

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from congress.model.schema import ColumnType
from congress.plugins.datasource.declarations import (
    TableDeclaration,
    declared_table,
    read_declaration,
)
from congress.plugins.datasource.file import FileDriver
from congress.plugins.datasource.naming import identifier, name_problem
from congress.plugins.datasource.options import polling_options
from congress.plugins.datasource.push import PushDriver


class NamingTest(unittest.TestCase):
    @given(st.text())
    def test_identifier_is_a_name_and_stays_one(self, text):
        name = identifier(text)
        if name:
            self.assertIsNone(name_problem(name))
            self.assertEqual(name, identifier(name))

    def test_identifier(self):
        for text, name in {
            "host name": "host_name",
            " Größe (cm) ": "Gr_e_cm",
            "2nd": "_2nd",
            "delete": "_delete",
            "a.b": "a.b",
            "☕": "",
            "": "",
        }.items():
            self.assertEqual(name, identifier(text))

    def test_problems(self):
        for name in ("execute", "not", "a b", "1a", "", "a:b", "ä"):
            self.assertTrue(name_problem(name), name)


class DeclarationTest(unittest.TestCase):
    def test_columns_by_name_or_in_full(self):
        plain = {"columns": ["a", {"name": "b", "type": "number", "nullable": False}], "key": ["b"]}
        table = declared_table("t", read_declaration(plain, TableDeclaration))
        self.assertEqual(("a", "b"), table.column_names)
        self.assertEqual((ColumnType.ANY, ColumnType.NUMBER), tuple(c.type for c in table.columns))
        self.assertEqual((True, False), tuple(c.nullable for c in table.columns))

    def test_no_columns_are_to_be_inferred(self):
        self.assertIsNone(declared_table("t", TableDeclaration()))

    def test_problems_name_the_place(self):
        with self.assertRaisesRegex(ValueError, r"columns\[0\]"):
            read_declaration({"columns": [7]}, TableDeclaration)


class OptionTest(unittest.TestCase):
    def test_lazy_tables_are_checked_where_the_tables_are_known(self):
        *_, lazy = polling_options(lazy=["b"], tables=["a", "b"])
        validator = Draft202012Validator(dict(lazy.schema))
        self.assertTrue(validator.is_valid(["a"]))
        for wrong in (["c"], ["a", "a"], "a"):
            self.assertFalse(validator.is_valid(wrong))
        self.assertTrue(Draft202012Validator(dict(polling_options()[-1].schema)).is_valid(["c"]))


class SchemaTest(unittest.TestCase):
    """The JSON Schemas that the API checks configurations with say the same as ``check``."""

    def schema(self, driver, option):
        (found,) = [o for o in driver.describe().options if o.name == option]
        return Draft202012Validator(dict(found.schema))

    def test_tables_of_the_file_driver(self):
        schema = self.schema(FileDriver, "tables")
        column = {"name": "a", "type": "integer", "nullable": False, "description": "x"}
        for good in (
            {},
            {"t": {}},
            {"t": {"path": "a.csv", "select": "a.b", "columns": ["a", column], "key": ["a"]}},
            {"t": {"select": ["a", "b"], "format": "yaml", "description": "x"}},
        ):
            self.assertTrue(schema.is_valid(good), good)
        for bad in ([], {"t": []}, {"t": {"colums": []}}, {"t": {"columns": [{"type": "any"}]}}):
            self.assertFalse(schema.is_valid(bad), bad)

    def test_tables_of_the_push_driver(self):
        schema = self.schema(PushDriver, "tables")
        for good in ({}, {"t": []}, {"t": ["a"]}, {"t": {"columns": [{"name": "a"}], "key": []}}):
            self.assertTrue(schema.is_valid(good), good)
        for bad in ({"t": "a"}, {"t": [7]}, {"t": {"colums": []}}, {"t": [{"name": "a", "x": 1}]}):
            self.assertFalse(schema.is_valid(bad), bad)
