"""Parts of tables, and what their columns are called."""

import json
import unittest
from typing import Any

from congress.roles.policy.lookups import questions
from tests.unit.roles_policy.harness import PolicyEngineTestCase, table


class ReadingTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.configure("nova")
        self.publish_source("nova", table("servers", "id", "size"))
        self.call("policy_create", name="p")
        self.rule("p", "big(server, size) :- nova:servers(server, size)")
        self.rule("p", 'note("x")')
        self.rule("classification", "q(a, b) :- p:big(a, b)")
        self.send_rows("nova", "servers", ("b", 8), ("a", 3), ("c", 8))

    def test_parts_of_a_table(self) -> None:
        found = self.call("row_list", policy="p", table="big", limit=2)
        expected = {
            "rows": [["a", 3], ["b", 8]],
            "rest": None,
            "more": ["b", 8],
            "columns": ["server", "size"],
            "revision": self.call("wait_revision", revision=0, timeout=1)["revision"],
        }
        self.assertEqual(expected, found)
        rest = self.call("row_list", policy="p", table="big", limit=2, after=["b", 8])
        self.assertEqual(([["c", 8]], None), (rest["rows"], rest["more"]))
        where = {"size": ["8"]}
        found = self.call("row_list", policy="p", table="big", where=where, count_only=True)
        self.assertEqual((2, ["server", "size"]), (found["count"], found["columns"]))

    def test_filters_find_what_going_through_all_rows_would(self) -> None:
        self.rule("p", "mixed(x, y) :- nova:servers(x, y)")
        for fact in (
            'mixed("8", "null")',
            "mixed(8, null)",
            'mixed("true", 8.0)',
            'mixed(true, "")',
        ):
            self.rule("p", fact)
        everything = self.rows("p", "mixed")
        for where in (
            {"x": ["8"]},
            {"x": ["true"]},
            {"y": ["null"]},
            {"y": ["8"], "x": ["b", "c"]},
            {"x": ["8"], "y": ["null"]},
            {"x": ['quo"te\\']},
            {"x": [str(number) for number in range(40)]},
            {"nosuch": ["8"]},
        ):
            with self.subTest(where=where):
                found = self.call("row_list", policy="p", table="mixed", where=where)["rows"]
                expected = [row for row in everything if _taken(row, where)]
                self.assertEqual(expected, found)

    def test_columns_are_looked_up_anew_when_statements_change(self) -> None:
        self.assertEqual(["server", "size"], self.columns("big"))
        rule = self.call("rule_list", policy="p")[0]["id"]
        self.call("rule_delete", policy="p", rule=rule)
        self.assertEqual("not-found", self.refused("row_list", policy="p", table="nosuch"))
        self.rule("p", "big(host, height) :- nova:servers(host, height)")
        self.assertEqual(["host", "height"], self.columns("big"))

    def columns(self, name: str) -> list[str]:
        found: list[str] = self.call("row_list", policy="p", table=name)["columns"]
        return found

    def test_the_schema_of_a_policy(self) -> None:
        tables = self.call("table_schema", policy="p")["tables"]
        columns = {t["table_id"]: [column["name"] for column in t["columns"]] for t in tables}
        expected = {"big": ["server", "size"], "note": ["Col0"], "nova:servers": ["id", "size"]}
        self.assertEqual(expected, columns)
        self.assertEqual(self.call("table_list", policy="p"), list(columns))

    def test_names_from_another_policy(self) -> None:
        tables = self.call("table_schema", policy="classification")["tables"]
        columns = {t["table_id"]: [column["name"] for column in t["columns"]] for t in tables}
        self.assertEqual({"q": ["a", "b"], "p:big": ["server", "size"]}, columns)

    def test_the_schema_of_a_mirror(self) -> None:
        [servers] = self.call("table_schema", policy="nova")["tables"]
        self.assertEqual(["id", "size"], [column["name"] for column in servers["columns"]])
        self.assertEqual("not-found", self.refused("table_schema", policy="nosuch"))


def _taken(row: list[Any], where: dict[str, list[str]]) -> bool:
    cells = dict(zip(("x", "y"), row, strict=True))
    return all(
        cells[name] in texts if isinstance(cells[name], str) else json.dumps(cells[name]) in texts
        for name, texts in where.items()
        if name in cells
    )


class QuestionsTest(unittest.TestCase):
    def ask(self, **where: set[str]) -> list[str] | None:
        wanted = {name: frozenset(texts) for name, texts in where.items()}
        return questions("t", ["a", "b"], wanted)

    def test_one_for_each_choice_of_values(self) -> None:
        self.assertEqual(['t("x", x1)'], self.ask(a={"x"}))
        self.assertEqual({'t("1", x1)', "t(1, x1)"}, set(self.ask(a={"1"}) or ()))
        self.assertEqual({'t(x0, "null")', "t(x0, null)"}, set(self.ask(b={"null"}) or ()))
        self.assertEqual(4, len(self.ask(a={"x", "y"}, b={"p", "q"}) or ()))

    def test_texts_that_are_no_values(self) -> None:
        for text in ("[1]", "{}", "NaN", "1e999", '"x"'):
            self.assertEqual(1, len(self.ask(a={text}) or ()), text)

    def test_none_where_all_rows_are_to_be_gone_through(self) -> None:
        self.assertIsNone(self.ask())
        self.assertIsNone(self.ask(c={"x"}))
        self.assertIsNone(self.ask(a={str(number) for number in range(20)}))

    def test_nothing_wanted(self) -> None:
        self.assertEqual([], self.ask(a=set()))
