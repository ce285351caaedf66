"""Parts of lists: every list has them, and none is changed by them unless asked."""

from typing import Any
from urllib.parse import urlsplit

from congress.api.openapi import contract
from tests.api.case import BASE, ApiTestCase

ROWS = [["vm1", 3], ["vm2", 3], ["vm3", None]]

#: Every list, with a field that tells its things apart, or a column.
LISTS = {
    "/v1/policies": "name",
    "/v1/policies/classification/rules": "rule",
    "/v1/policies/classification/tables": "id",
    "/v1/policies/classification/tables/error/rows": "Col0",
    "/v1/data-sources": "name",
    "/v1/data-sources/cloud1/tables": "id",
    "/v1/data-sources/cloud1/tables/servers/rows": "id",
    "/v1/data-sources/cloud1/actions": "name",
    "/v1/system/drivers": "id",
    "/v1/librarypolicies": "name",
    "/v1/ledger": "id",
    "/v1/audit": "request_id",
}


class ListTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud("cloud2")
        source = self.cloud()
        source.tables_held["servers"] = [["vm1", 1], ["vm2", 2], ["vm3", 3]]
        engine = self.behind.engine
        engine.rows["classification", "error"] = ROWS
        engine.rows["classification", "warning"] = []
        for number in range(3):
            self.post("/v1/policies/classification/rules", {"rule": f"p({number})"})
            self.post("/v1/librarypolicies", {"name": f"l{number}", "rules": []})
            self.refused(404, "DELETE", f"/v1/policies/nosuch{number}")

    def values(self, path: str, found: Any, field: str) -> list[Any]:
        """What a field has in the things of a list."""
        if path.endswith("rows"):
            return [row["data"][found["columns"].index(field)] for row in found["results"]]
        return [thing[field] for thing in found["results"]]

    def test_all_lists_of_the_contract_are_tried_here(self) -> None:
        listed = {
            path
            for path, item in contract()["paths"].items()
            if "#/components/parameters/CountOnly" in str(item.get("get", {}).get("parameters"))
        }
        known = {"classification": "{policy}", "cloud1": "{datasource}"}
        tables = {"error": "{table}", "servers": "{table}"}
        tried = {
            "/".join({**known, **tables}.get(part, part) for part in path.split("/"))
            for path in LISTS
        }
        self.assertEqual(listed, tried)

    def test_the_query_is_utf8_whether_it_is_quoted_or_not(self) -> None:
        self.post("/v1/policies", {"name": "p", "description": "caf\u00e9"})
        wanted = "description=caf\u00e9"
        raw = wanted.encode().decode("latin-1")
        for query, count in (
            (raw, 1),
            ("description=caf%C3%A9", 1),
            (wanted, 0),
            ("%00&==&%zz", 1),
        ):
            override = {"QUERY_STRING": query}
            found = self.get("/v1/policies", environ_overrides=override)
            self.assertEqual(count, [one["name"] for one in found["results"]].count("p"), query)

    def test_pages_make_the_whole(self) -> None:
        for path, field in LISTS.items():
            with self.subTest(path=path):
                whole = self.get(path)
                self.assertNotIn("next", whole)
                seen, address = [], f"{BASE}{path}?limit=1"
                while address:
                    parts = urlsplit(address)
                    self.assertEqual(
                        f"{BASE}{path}", f"{parts.scheme}://{parts.netloc}{parts.path}"
                    )
                    page = self.get(f"{parts.path}?{parts.query}")
                    self.assertLessEqual(len(page["results"]), 1)
                    seen += self.values(path, page, field)
                    address = page.get("next")
                self.assertEqual(self.values(path, whole, field), seen)

    def test_fields(self) -> None:
        for path, field in LISTS.items():
            with self.subTest(path=path):
                whole, part = self.get(path), self.get(f"{path}?fields={field}")
                self.assertEqual(self.values(path, whole, field), self.values(path, part, field))
                for thing in part["results"]:
                    self.assertEqual(1, len(thing["data"] if path.endswith("rows") else thing))
                self.refused(400, "GET", f"{path}?fields={field},nosuch")

    def test_counts(self) -> None:
        for path in LISTS:
            with self.subTest(path=path):
                number = len(self.get(path)["results"])
                self.assertEqual({"count": number}, self.get(f"{path}?count_only=1"))
                self.assertEqual({"count": number}, self.get(f"{path}?count_only=true&limit=1"))

    def test_filters(self) -> None:
        for path, field in LISTS.items():
            for value in self.values(path, self.get(path), field):
                with self.subTest(path=path, value=value):
                    found = self.get(f"{path}?{field}={value}")
                    self.assertEqual([value], self.values(path, found, field))
                    self.assertEqual({"count": 1}, self.get(f"{path}?{field}={value}&count_only=1"))
            self.assertEqual([], self.get(f"{path}?{field}=nosuch")["results"])

    def test_names_that_are_no_field_mean_nothing(self) -> None:
        for path in LISTS:
            self.assertEqual(self.get(path), self.get(f"{path}?nosuch=1&action=x"))

    def test_filters_are_kept_from_page_to_page(self) -> None:
        path = "/v1/policies/classification/tables/error/rows"
        page = self.get(f"{path}?Col1=3&limit=1&fields=Col0&trace=true")
        parts = urlsplit(page["next"])
        page = self.get(f"{parts.path}?{parts.query}")
        self.assertEqual([{"data": ["vm2"]}], page["results"])
        self.assertEqual(["Col0"], page["columns"])
        self.assertNotIn("next", page)
        self.assertIn("trace", page)

    def test_values_that_are_no_texts_are_written_in_json(self) -> None:
        self.assertEqual(2, self.get("/v1/data-sources?enabled=true&count_only=1")["count"])
        self.assertEqual(2, self.get("/v1/data-sources?type=null&count_only=1")["count"])
        path = "/v1/policies/classification/tables/error/rows"
        self.assertEqual([{"data": ["vm3", None]}], self.get(f"{path}?Col1=null")["results"])

    def test_one_of_several_values(self) -> None:
        found = self.get("/v1/data-sources?name=cloud1&name=cloud2&name=x")
        self.assertEqual(["cloud1", "cloud2"], self.values("", found, "name"))


class FormatTest(ApiTestCase):
    path = "/v1/policies/classification/tables/error/rows"

    def setUp(self) -> None:
        super().setUp()
        self.behind.engine.rows["classification", "error"] = [["é", None], [True, 1.5]]

    def test_rows_as_objects(self) -> None:
        found = self.get(f"{self.path}?format=objects")
        expected = [{"Col0": True, "Col1": 1.5}, {"Col0": "é", "Col1": None}]
        self.assertEqual(expected, found["results"])
        self.assertEqual(["Col0", "Col1"], found["columns"])

    def test_objects_with_some_columns(self) -> None:
        found = self.get(f"{self.path}?format=objects&fields=Col1&limit=1")
        self.assertEqual([{"Col1": 1.5}], found["results"])
        self.assertIn("next", found)

    def test_arrays_are_the_default(self) -> None:
        self.assertEqual(self.get(self.path), self.get(f"{self.path}?format=arrays"))


class SchemaTest(ApiTestCase):
    def test_the_columns_of_the_tables_of_a_policy(self) -> None:
        self.behind.engine.rows["classification", "error"] = []
        [table] = self.get("/v1/policies/classification/schema")["tables"]
        self.assertEqual("error", table["table_id"])
        self.assertEqual(["Col0", "Col1"], [column["name"] for column in table["columns"]])
        spec = "/v1/policies/classification/tables/error/spec"
        self.assertEqual(table, self.get(spec))
        self.refused(404, "GET", "/v1/policies/classification/tables/nosuch/spec")
