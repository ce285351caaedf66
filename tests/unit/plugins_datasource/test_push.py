"""The push driver: declared and inferred tables, webhooks, limits."""

import math
import unittest

from congress.model.delta import Delta, Snapshot
from congress.model.diagnostic import Refused
from congress.model.values import TRUE
from congress.plugins.datasource.push import PushDriver
from congress.testing.datasource import AcceptSuite, DatasourceSuite, complete_config, make_context

SERVERS = {
    "columns": [
        {"name": "id", "type": "integer", "nullable": False, "description": "Which one."},
        {"name": "name", "type": "string"},
        {"name": "up", "type": "boolean"},
    ],
    "key": ["id"],
    "description": "Servers.",
}
DEEP = []
for _ in range(100_000):
    DEEP = [DEEP]


class PushConformanceTest(AcceptSuite, DatasourceSuite, unittest.TestCase):
    driver_class = PushDriver
    config = {"tables": {"servers": SERVERS, "pairs": ["a", "b"], "any": []}, "max_rows": 100}
    wrong_configs = [
        {"tables": {"not": []}},
        {"tables": {"a b": []}},
        {"tables": {"t": ["a", "a"]}},
        {"tables": {"t": ["a b"]}},
        {"tables": {"t": [{"name": "a", "kind": "x"}]}},
        {"tables": {"t": {"columns": ["a"], "key": ["b"]}}},
        {"tables": {"t": 1}},
    ]
    payloads = [
        ([[1, "one", True], [2, None, None]], "servers"),
        ([{"id": 1, "up": False}], "servers"),
        ([], "servers"),
        ([[1, {"b": 1, "a": [None]}]], "pairs"),
        ([["x", 1.5, "é☕"]], "any"),
        ([{"x": 1}, {"y": 2}], "any"),
        ({"upsert": [[1, "one", True]], "delete": [{"id": 2}]}, "servers"),
        ({"delete": [[1, 2]]}, "pairs"),
        ({"table": "servers", "rows": [[1, "one", True]]}, None),
        ({"table": "servers", "upsert": [[1, "one", True]]}, None),
        ({"table": "servers", "delete": [{"id": 1}]}, None),
        ({"table": "pairs", "upsert": [[1, 2]], "delete": [[3, 4]]}, None),
        ({"table": "any", "upsert": [[1, 2]]}, None),
    ]
    bad_payloads = [
        ([[1, "one"]], "servers"),
        ([["1", "one", True]], "servers"),
        ([[None, "one", True]], "servers"),
        ([[1, "one", 1]], "servers"),
        ([{"name": "one"}], "servers"),
        ([{"id": 1, "nmae": "one"}], "servers"),
        ([[1, 2], [3]], "pairs"),
        ([[1, 2], 3], "pairs"),
        ([[1, math.nan]], "pairs"),
        ([[1, [math.inf]]], "pairs"),
        ([[1, DEEP]], "pairs"),
        ([[1, 2**9999]], "pairs"),
        ([[1, "\ud800"]], "pairs"),
        ([[1, "x" * 70_000]], "pairs"),
        ([[1, b"x"]], "pairs"),
        ([[1, 2]] * 101, "pairs"),
        ({"1": [1, 2]}, "pairs"),
        ("rows", "pairs"),
        (None, "pairs"),
        ([[1]], "unheard-of"),
        ([[]], "any"),
        ([7], "any"),
        ([{}], "any"),
        ([{"a b": 1}], "any"),
        ([{1: 1}], "any"),
        ([{"a": 1}, [2]], "any"),
        ([[1, 2]], None),
        ({"table": "pairs"}, None),
        ({"table": 1, "rows": []}, None),
        ({"rows": [[1, 2]]}, None),
        ({"table": "pairs", "rows": [], "upsert": []}, None),
        ({"table": "pairs", "rows": [], "more": 1}, None),
        ({"table": "pairs", "upsert": {}}, None),
        ({"table": "servers", "delete": [{"name": "one"}]}, None),
        ({"table": "nothing", "rows": []}, None),
    ]


class PushCase(unittest.TestCase):
    def setUp(self):
        self.probe = make_context()

    def driver(self, **config):
        return PushDriver(complete_config(PushDriver, config), self.probe.context)

    def accept(self, driver, payload, table=None):
        (change,) = driver.accept(payload, table).changes
        return change

    def refused(self, driver, payload, table=None):
        with self.assertRaises(Refused) as caught:
            driver.accept(payload, table)
        return caught.exception.diagnostics


class ReplaceTest(PushCase):
    def test_rows_are_replaced(self):
        driver = self.driver(tables={"pairs": ["a", "b"]})
        self.accept(driver, [[1, True], [1, True], [2, "x"]], "pairs")
        change = self.accept(driver, [{"b": True}], "pairs")
        self.assertEqual(Snapshot("pairs", frozenset({(None, TRUE)})), change)
        self.assertEqual(Snapshot("pairs", frozenset()), self.accept(driver, [], "pairs"))

    def test_declared_schema_is_closed(self):
        schema = self.driver(tables={"servers": SERVERS}).schema()
        self.assertTrue(schema.closed)
        table = schema.tables["servers"]
        self.assertEqual((("id",), "Servers."), (table.key, table.description))
        self.assertEqual("Which one.", table.columns[0].description)

    def test_first_push_decides_the_columns(self):
        driver = self.driver()
        self.assertFalse(driver.schema().closed)
        self.accept(driver, [], "later")
        self.assertEqual([], self.probe.schemas)
        self.accept(driver, [[1, 2]], "later")
        self.assertEqual(("Col0", "Col1"), self.probe.schemas[-1].tables["later"].column_names)
        self.accept(driver, [{"b": 1}, {"a": 2}], "objects")
        self.assertEqual(("b", "a"), self.probe.schemas[-1].tables["objects"].column_names)
        (problem,) = self.refused(driver, [[1, 2, 3]], "later")
        self.assertIn("2 columns, the row has 3", problem.message)
        self.assertEqual(2, len(self.probe.schemas))

    def test_kept_rows_come_back_with_their_names(self):
        self.accept(driver := self.driver(), [{"b": 1, "a": 2}], "t")
        names = driver.schema().tables["t"].column_names
        again = self.driver()
        change = self.accept(again, [dict(zip(names, (1, 2), strict=True))], "t")
        self.assertEqual((frozenset({(1, 2)}), driver.schema()), (change.rows, again.schema()))

    def test_bad_rows_are_listed_by_index(self):
        driver = self.driver(tables={"pairs": ["a", "b"]})
        rows = [[1, 2], [1], [1, 2], "x"] + [[]] * 20
        problems = self.refused(driver, rows, "pairs")
        self.assertEqual(["rows[1]", "rows[3]", "rows[4]"], [p.where for p in problems[:3]])
        self.assertTrue(problems[0].message.startswith("row 1: "))
        self.assertEqual(11, len(problems))
        self.assertIn("12 more rows", problems[-1].message)

    def test_long_values_do_not_fill_the_answer(self):
        driver = self.driver(tables={"t": [{"name": "n", "type": "integer"}]})
        (problem,) = self.refused(driver, [["x" * 60_000]], "t")
        self.assertLess(len(problem.message), 400)

    def test_limits_have_their_own_code(self):
        driver = self.driver(max_rows=2, max_tables=1)
        self.assertEqual("too-large", self.refused(driver, [[1], [2], [3]], "t")[0].code)
        self.accept(driver, [[1], [2]], "t")
        self.assertEqual("too-large", self.refused(driver, [[1]], "u")[0].code)
        grow = {"table": "t", "upsert": [[3]]}
        self.assertEqual("too-large", self.refused(driver, grow)[0].code)
        self.accept(driver, {"table": "t", "upsert": [[3]], "delete": [[1]]})

    def test_unknown_table_says_which_there_are(self):
        driver = self.driver(tables={"b": ["x"], "a": ["x"]})
        (problem,) = self.refused(driver, [[1]], "c")
        self.assertEqual(("invalid", "it takes a, b"), (problem.code, problem.hint))


class WebhookTest(PushCase):
    def test_upsert_replaces_by_key(self):
        driver = self.driver(tables={"servers": SERVERS})
        self.accept(driver, [[1, "one", True], [2, "two", True]], "servers")
        change = self.accept(
            driver, {"table": "servers", "upsert": [[1, "uno", True], [3, "three", None]]}
        )
        gone, new = {(1, "one", TRUE)}, {(1, "uno", TRUE), (3, "three", None)}
        self.assertEqual(Delta("servers", frozenset(new), frozenset(gone)), change)

    def test_a_push_may_change_some_rows(self):
        driver = self.driver(tables={"servers": SERVERS})
        self.accept(driver, [[1, "one", True], [2, "two", True]], "servers")
        change = self.accept(
            driver, {"upsert": [[1, "uno", True]], "delete": [{"id": 2}]}, "servers"
        )
        self.assertEqual({(1, "uno", TRUE)}, change.added)
        self.assertEqual({(1, "one", TRUE), (2, "two", TRUE)}, change.removed)

    def test_repetition_changes_nothing(self):
        driver = self.driver(tables={"servers": SERVERS})
        payload = {"table": "servers", "upsert": [[1, "one", True]], "delete": [{"id": 2}]}
        self.assertTrue(self.accept(driver, payload))
        self.assertFalse(self.accept(driver, payload))

    def test_last_of_one_key_wins(self):
        driver = self.driver(tables={"servers": SERVERS})
        payload = {"table": "servers", "upsert": [[1, "one", True], [1, "uno", True]]}
        self.assertEqual({(1, "uno", TRUE)}, self.accept(driver, payload).added)

    def test_delete_by_key_alone(self):
        driver = self.driver(tables={"servers": SERVERS})
        self.accept(driver, [[1, "one", True], [2, "two", True]], "servers")
        change = self.accept(driver, {"table": "servers", "delete": [{"id": 1}, {"id": 9}]})
        self.assertEqual(({(1, "one", TRUE)}, set()), (change.removed, change.added))

    def test_without_key_all_columns_count(self):
        driver = self.driver(tables={"pairs": ["a", "b"]})
        self.accept(driver, [[1, 2], [1, 3]], "pairs")
        change = self.accept(driver, {"table": "pairs", "upsert": [[1, 4]], "delete": [[1, 2]]})
        self.assertEqual(({(1, 2)}, {(1, 4)}), (change.removed, change.added))

    def test_refused_part_undoes_all(self):
        driver = self.driver(tables={"pairs": ["a", "b"]})
        self.accept(driver, [[1, 2]], "pairs")
        self.refused(driver, {"table": "pairs", "upsert": [[3, 4]], "delete": [[1]]})
        change = self.accept(driver, {"table": "pairs", "upsert": [[3, 4]], "delete": [[1, 2]]})
        self.assertEqual(({(1, 2)}, {(3, 4)}), (change.removed, change.added))
