"""The file driver: golden files, changes, configured tables."""

import json
import os
import pathlib
import shutil
import unittest
from unittest import mock

from congress.interfaces.datasource import DriverError
from congress.model.values import TRUE, row_from_plain
from congress.plugins.datasource.file import FileDriver, loading
from congress.testing.datasource import DatasourceSuite, PollSuite, read_all
from tests.unit.plugins_datasource.folder import FolderCase

DATA = pathlib.Path(__file__).parent / "data"


class FileConformanceTest(PollSuite, DatasourceSuite, unittest.TestCase):
    driver_class = FileDriver
    config = {"path": str(DATA / "folder")}
    settings = {"roots": [str(DATA)]}
    wrong_configs = [
        {"path": "/etc/passwd"},
        {"path": "relative"},
        {"path": str(DATA) + "/../../.."},
        {"path": "nul\0byte"},
        {"tables": {"t": {"path": "../../../x"}}},
        {"tables": {"no-name": {}}},
        {"tables": {"t": {"columns": ["a", "a"]}}},
        {"tables": {"t": {"columns": ["a"], "key": ["b"]}}},
        {"tables": {"t": {"colums": ["a"]}}},
        {"tables": {"t": {"columns": [{"name": "a", "type": "text"}]}}},
        {"tables": {"t": 7}},
    ]


class GoldenTest(unittest.TestCase):
    def test_files_become_the_expected_tables(self):
        case = FileConformanceTest("test_poll_is_complete")
        case.setUp()
        driver = case.opened()
        self.addCleanup(case.doCleanups)
        found, done = read_all(driver, case.probe)
        self.assertTrue(done.complete)
        expected = {path.stem: path for path in (DATA / "expected").iterdir()}
        self.assertEqual(set(expected), set(found))
        for table, path in expected.items():
            with self.subTest(table=table):
                golden = json.loads(path.read_text())
                schema = driver.schema().tables[table]
                columns = [[column.name, str(column.type)] for column in schema.columns]
                self.assertEqual(golden["columns"], columns)
                self.assertEqual({row_from_plain(row) for row in golden["rows"]}, found[table])


class ChangeTest(FolderCase):
    def test_changed_file_is_read_again(self):
        self.write("a.csv", "x\n1\n")
        driver = self.driver()
        self.assertEqual({(1,)}, self.read(driver)[0]["a"])
        self.write("a.csv", "x\n1\n2\n")
        self.assertEqual({(1,), (2,)}, self.read(driver)[0]["a"])

    def test_unchanged_file_is_not_parsed_again(self):
        path = self.write("a.csv", "x\n1\n")
        driver = self.driver()
        with mock.patch.object(loading, "read_sheet", side_effect=AssertionError("parsed")):
            self.assertEqual({(1,)}, self.read(driver)[0]["a"])
            os.utime(path)
            self.assertEqual({(1,)}, self.read(driver)[0]["a"])

    def test_change_within_the_clocks_grain_is_seen(self):
        path = self.write("a.csv", "x\n1\n")
        before = path.stat()
        self.probe.clock.step_wall(before.st_mtime - self.probe.clock.time())
        driver = self.driver()
        path.write_text("x\n2\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        same = mock.patch.object(loading.Stamp, "of", return_value=loading.Stamp.of(before))
        with same:
            self.assertEqual({(2,)}, self.read(driver)[0]["a"])

    def test_new_file_is_a_new_table_told_first(self):
        driver = self.driver()
        self.assertEqual(({}, {}), self.read(driver))
        self.write("new.json", '[{"b": 1, "a": true}]')
        found, _ = self.read(driver, [])
        self.assertEqual({}, found)
        self.assertEqual(["new"], list(self.probe.schemas[-1].tables))
        self.assertEqual([("b", "integer"), ("a", "boolean")], self.columns(driver, "new"))
        self.assertEqual({(1, TRUE)}, self.read(driver, ["new"])[0]["new"])

    def test_columns_found_at_the_opening_are_told(self):
        self.write("a.csv", "x\n1\n")
        driver = self.driver()
        self.assertEqual([driver.schema()], self.probe.schemas)

    def test_new_file_that_is_bad_is_told_though_nobody_asked(self):
        driver = self.driver()
        self.write("new.json", "[")
        self.assertEqual({"new"}, set(self.read(driver, ["other"])[1]))

    def test_changed_columns_are_told(self):
        self.write("a.csv", "x\n1\n")
        driver = self.driver()
        self.write("a.csv", "x,y\n1,2\n")
        self.read(driver)
        self.assertEqual(("x", "y"), self.probe.schemas[-1].tables["a"].column_names)

    def test_table_without_records_keeps_its_columns(self):
        self.write("a.json", '[{"x": 1}]')
        driver = self.driver()
        self.probe.schemas.clear()
        self.write("a.json", "[]")
        found, failed = self.read(driver)
        self.assertEqual(({"a": frozenset()}, {}), (found, failed))
        self.assertEqual([("x", "integer")], self.columns(driver, "a"))
        self.assertEqual([], self.probe.schemas)

    def test_bad_change_keeps_the_others_going(self):
        self.write("a.csv", "x\n1\n")
        self.write("b.csv", "x\n1\n")
        driver = self.driver()
        self.write("a.csv", "x\n1,2\n")
        self.write("b.csv", "x\n3\n")
        found, failed = self.read(driver)
        self.assertEqual({"b": {(3,)}}, found)
        self.assertEqual({"a": "a.csv: line 2: 2 cells instead of 1"}, failed)

    def test_rewrite_during_the_reading_is_not_half_taken(self):
        self.write("a.csv", "x\n1\n")
        driver = self.driver()
        self.write("a.csv", "x\n1\n2\n")
        original = loading.Stamp.of
        calls = []

        def moving(status):
            calls.append(status)
            stamp = original(status)
            return loading.Stamp(stamp.device, stamp.inode, len(calls), stamp.changed)

        with mock.patch.object(loading.Stamp, "of", side_effect=moving):
            _, failed = self.read(driver)
        self.assertIn("changed while it was read", failed["a"])
        self.assertEqual({(1,), (2,)}, self.read(driver)[0]["a"])


class VanishTest(FolderCase):
    def test_vanished_file_empties_its_table(self):
        path = self.write("a.csv", "x\n1\n")
        driver = self.driver()
        path.unlink()
        self.assertEqual(({"a": frozenset()}, {}), self.read(driver))
        self.assertEqual([("x", "integer")], self.columns(driver, "a"))
        self.write("a.csv", "x\n1\n")
        self.assertEqual({(1,)}, self.read(driver)[0]["a"])

    def test_vanished_single_file(self):
        path = self.write("a.csv", "x\n1\n")
        driver = self.driver(path=str(path))
        path.unlink()
        self.assertEqual(({"a": frozenset()}, {}), self.read(driver))

    def test_file_that_never_was_is_no_empty_table(self):
        driver = self.driver(path=str(self.folder / "typo.csv"))
        self.assertEqual(({}, {"typo": "typo.csv: no such file"}), self.read(driver))

    def test_vanished_folder_fails_the_poll(self):
        self.write("a.csv", "x\n1\n")
        driver = self.driver()
        shutil.rmtree(self.folder)
        with self.assertRaisesRegex(DriverError, "No such file"):
            self.read(driver)

    def test_missing_folder_fails_open(self):
        with self.assertRaises(DriverError) as caught:
            self.driver(path=str(self.folder / "nothing"))
        self.assertNotIn(str(self.folder), str(caught.exception))

    def test_other_filesystem_in_its_place_is_no_proof_of_absence(self):
        path = self.write("a.csv", "x\n1\n")
        driver = self.driver()
        path.unlink()
        with mock.patch.object(loading.Shelf, "_folder", return_value=-1):
            found, failed = self.read(driver)
        self.assertEqual({}, found)
        self.assertIn("another one", failed["a"])


class ConfiguredTest(FolderCase):
    def test_tables_selected_from_documents(self):
        self.write("doc.json", '{"a": {"list": [{"x": 1}]}, "b.c": [[1, 2]], "m": {"k": {"v": 2}}}')
        driver = self.driver(
            path=str(self.folder / "doc.json"),
            tables={
                "one": {"select": "$.a.list"},
                "two": {"select": ["b.c"]},
                "three": {"select": "m"},
                "four": {"select": "a.list.0.y"},
                "five": {"select": "a.list.0"},
            },
        )
        found, failed = self.read(driver)
        self.assertEqual({"one": {(1,)}, "two": {(1, 2)}, "three": {("k", 2)}}, found)
        self.assertEqual("doc.json: nothing at 'a.list.0.y'", failed["four"])
        self.assertIn("select", failed["five"])

    def test_declared_columns_choose_order_and_type(self):
        self.write("a.csv", "id,junk,name\n1,x,007\n2,y,\n")
        columns = [{"name": "name", "type": "string"}, {"name": "id", "type": "integer"}]
        driver = self.driver(tables={"t": {"path": "a.csv", "columns": columns, "key": ["id"]}})
        self.assertEqual({("007", 1), (None, 2)}, self.read(driver)[0]["t"])
        self.assertEqual(("id",), driver.schema().tables["t"].key)

    def test_declared_table_refuses_what_does_not_fit(self):
        cases = {
            "x\n1\nmany\n": "line 3: column 'x' is of type integer: not an integer",
            "x\n1\n\nmany\n": "line 4: column 'x' is of type integer: not an integer",
            "y\n1\n": "no column 'x'",
            'x,y\n"",2\n': "line 2: column 'x' must not be null",
        }
        columns = [{"name": "x", "type": "integer", "nullable": False}]
        for content, problem in cases.items():
            with self.subTest(content=content):
                self.write("a.csv", content)
                driver = self.driver(tables={"t": {"path": "a.csv", "columns": columns}})
                self.assertEqual(({}, {"t": f"a.csv: {problem}"}), self.read(driver))

    def test_declared_columns_of_documents(self):
        columns = [{"name": "x", "type": "number", "nullable": False}, "y"]
        for content, problem in {
            '[{"x": 1}, {"y": 2}]': "record 2: column 'x' must not be null",
            '[{"x": "1"}]': "record 1: column 'x' is of type number",
            "[[1]]": "1 columns, but 2 are declared",
        }.items():
            with self.subTest(content=content):
                self.write("a.json", content)
                driver = self.driver(tables={"t": {"path": "a.json", "columns": columns}})
                self.assertEqual({"t": f"a.json: {problem}"}, self.read(driver)[1])
        self.write("a.json", '[{"x": 1, "z": 0}, {"y": [1], "x": 2.5}]')
        self.assertEqual({(1, None), (2.5, "[1]")}, self.read(driver)[0]["t"])

    def test_csv_without_header(self):
        self.write("a.csv", "1;x\n2;y\n")
        driver = self.driver(header=False, delimiter=";")
        self.assertEqual([("Col0", "integer"), ("Col1", "string")], self.columns(driver, "a"))

    def test_other_encodings(self):
        self.write("a.csv", "x\nä\n".encode("utf-16"))
        driver = self.driver(encoding="utf-16")
        self.assertEqual({("ä",)}, self.read(driver)[0]["a"])

    def test_pattern_and_format(self):
        self.write("a.list", "x\n1\n")
        self.write("b.csv", "x\n1\n")
        self.assertEqual(["a"], list(self.driver(pattern="*.list", format="csv").schema().tables))

    def test_two_files_of_one_name(self):
        self.write("a-b.csv", "x\n1\n")
        self.write("a_b.json", "[1]")
        found, failed = self.read(self.driver())
        self.assertEqual(({}, {"a_b"}), (found, set(failed)))
        self.assertIn("a-b.csv, a_b.json", failed["a_b"])

    def test_too_many_files(self):
        for name in "abc":
            self.write(f"{name}.csv", "x\n")
        with self.assertRaisesRegex(DriverError, "max_files"):
            self.driver(max_files=2)

    def test_lazy_table_is_read_when_it_is_wanted(self):
        self.write("a.csv", "x\n1\n")
        self.write("b.csv", "x\n1\n")
        driver = self.driver()
        self.write("b.csv", "x\n2\n")
        self.assertEqual({"a"}, set(self.read(driver, ["a"])[0]))
        self.assertEqual({"b": {(2,)}}, self.read(driver, ["b"])[0])
