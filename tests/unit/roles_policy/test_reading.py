"""Parts of tables, and what their columns are called."""

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
        expected = {"rows": [["a", 3], ["b", 8]], "more": True, "columns": ["server", "size"]}
        self.assertEqual(expected, found)
        rest = self.call("row_list", policy="p", table="big", limit=2, after=["b", 8])
        self.assertEqual(([["c", 8]], False), (rest["rows"], rest["more"]))
        where = {"size": ["8"]}
        found = self.call("row_list", policy="p", table="big", where=where, count_only=True)
        self.assertEqual({"count": 2, "columns": ["server", "size"]}, found)

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
