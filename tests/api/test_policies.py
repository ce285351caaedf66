"""Policies and rules over HTTP: shapes, codes, and what clients rely on."""

from tests.api.case import BASE, ApiTestCase


class PolicyTest(ApiTestCase):
    def test_the_two_system_policies_are_listed_under_results(self) -> None:
        results = self.get("/v1/policies")["results"]
        self.assertEqual({"classification", "action"}, {policy["name"] for policy in results})
        self.assertEqual({"user"}, {policy["owner_id"] for policy in results})

    def test_a_policy_is_created_with_nulls_as_the_old_client_sends_them(self) -> None:
        body = {"name": "p", "description": None, "abbreviation": None, "kind": None}
        made = self.post("/v1/policies", body)
        self.assertEqual("nonrecursive", made["kind"])
        self.assertEqual(made, self.get(f"/v1/policies/{made['id']}"))
        self.assertEqual(made, self.get("/v1/policies/p"))

    def test_creation_tells_where_the_policy_is(self) -> None:
        response = self.send("POST", "/v1/policies", {"name": "p"})
        place = response.headers["Location"]
        self.assertEqual(f"{BASE}/v1/policies/{response.get_json()['id']}", place)

    def test_the_kind_may_be_written_in_capitals(self) -> None:
        self.assertEqual(
            "action", self.post("/v1/policies", {"name": "p", "kind": "Action"})["kind"]
        )

    def test_rules_come_with_the_policy(self) -> None:
        rules = [{"rule": "p(1)"}, {"rule": "q(x) :- p(x)", "name": "n", "comment": "c"}]
        made = self.post("/v1/policies", {"name": "p", "rules": rules, "depends-on": ["x"]})
        self.assertEqual(["p(1)", "q(x) :- p(x)"], [rule["rule"] for rule in made["rules"]])
        self.assertEqual(2, len(self.get("/v1/policies/p/rules")["results"]))

    def test_one_bad_rule_leaves_no_policy_behind(self) -> None:
        rules = [{"rule": "p(1)"}, {"rule": "p(!)"}]
        error = self.refused(400, "POST", "/v1/policies", {"name": "p", "rules": rules})
        self.assertEqual(1002, error["error_code"])
        self.refused(404, "GET", "/v1/policies/p")

    def test_deleting_answers_what_was_deleted(self) -> None:
        made = self.post("/v1/policies", {"name": "p"})
        self.assertEqual(made, self.expect(200, "DELETE", "/v1/policies/p"))
        self.refused(404, "DELETE", "/v1/policies/p")

    def test_system_policies_stay(self) -> None:
        self.refused(404, "DELETE", "/v1/policies/classification")
        self.get("/v1/policies/classification")

    def test_a_data_source_has_a_policy_status(self) -> None:
        self.cloud()
        self.assertEqual({"name": "cloud1"}, self.get("/v1/policies/cloud1/status"))
        self.expect(200, "DELETE", "/v1/data-sources/cloud1")
        self.refused(404, "GET", "/v1/policies/cloud1/status")


class RuleTest(ApiTestCase):
    path = "/v1/policies/classification/rules"

    def test_a_rule_goes_round(self) -> None:
        text = "p(x) :-\n  q(x, y), not r(y)"
        made = self.post(self.path, {"rule": text, "name": None, "comment": None})
        self.assertEqual({"rule", "id", "comment", "name"}, set(made))
        self.assertEqual("", made["comment"])
        [listed] = self.get(self.path)["results"]
        self.assertEqual(text, listed["rule"])
        self.assertEqual(listed, self.get(f"{self.path}/{made['id']}"))
        status = self.get(f"{self.path}/{made['id']}/status")
        self.assertEqual(text, status["original_str"])
        self.assertEqual(listed, self.expect(200, "DELETE", f"{self.path}/{made['id']}"))
        self.refused(404, "GET", f"{self.path}/{made['id']}")

    def test_a_refusal_shows_the_place(self) -> None:
        error = self.refused(400, "POST", self.path, {"rule": "p(!)"})
        self.assertEqual(1002, error["error_code"])
        [diagnostic] = error["diagnostics"]
        self.assertEqual("syntax", diagnostic["code"])
        self.assertEqual({"start": 2, "end": 3, "line": 1, "column": 3}, diagnostic["span"])
        self.assertIn("line 1, column 3", error["message"])

    def test_unknown_columns_are_accepted_only_on_request(self) -> None:
        body = {"rule": "p(x) :- parked(a=x)"}
        self.assertEqual(1002, self.refused(400, "POST", self.path, body)["error_code"])
        self.post(self.path + "?allow_parked=1", body)

    def test_known_codes(self) -> None:
        self.post(self.path, {"rule": "p(1)"})
        self.cloud()
        cases = [
            (409, 1008, self.path, "p(1)"),
            (400, 1003, self.path, "p(1); p(2)"),
            (404, 1020, "/v1/policies/nosuch/rules", "p(1)"),
            (400, 1019, "/v1/policies/cloud1/rules", "p(1)"),
        ]
        for status, code, path, text in cases:
            with self.subTest(code=code):
                error = self.refused(status, "POST", path, {"rule": text})
                self.assertEqual(code, error["error_code"])


class TableTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.behind.engine.rows["classification", "error"] = [["vm1", 3], [None, True]]
        self.behind.engine.rows["classification", "nova:servers"] = []

    def test_tables(self) -> None:
        results = self.get("/v1/policies/classification/tables")["results"]
        self.assertEqual([{"id": "error"}, {"id": "nova:servers"}], results)
        self.assertEqual({"id": "error"}, self.get("/v1/policies/classification/tables/error"))
        path = "/v1/policies/classification/tables/nova:servers/rows"
        self.assertEqual([], self.get(path)["results"])
        self.refused(404, "GET", "/v1/policies/classification/tables/nosuch")

    def test_rows(self) -> None:
        path = "/v1/policies/classification/tables/error/rows"
        found = self.get(path)
        self.assertEqual([{"data": [None, True]}, {"data": ["vm1", 3]}], found["results"])
        self.assertNotIn("trace", found)
        self.assertEqual("Call: error", self.get(path + "?trace=True")["trace"])
        self.assertNotIn("trace", self.get(path + "?trace=1"))
        self.assertEqual(1, len(self.get(path + "?limit=1")["results"]))
        self.refused(400, "GET", path + "?limit=-1")

    def test_rows_with_their_explanation(self) -> None:
        path = "/v1/policies/classification/tables/error/rows"
        found = self.get(path + "?explain=json")
        self.assertEqual("error(x0, x1)", found["explanation"]["atom"])
        self.assertEqual(2, len(found["results"]))
        self.assertNotIn("explanation", self.get(path))
        error = self.refused(400, "GET", path + "?explain=text")
        self.assertEqual("explain", error["error_data"])

    def test_a_large_table_is_streamed(self) -> None:
        rows = [[f"é{i:04}", i] for i in range(2500)]
        self.behind.engine.rows["classification", "big"] = rows
        path = "/v1/policies/classification/tables/big/rows?trace=true"
        response = self.send("GET", path)
        self.assertNotIn("Content-Length", response.headers)
        found = response.get_json()
        self.assertEqual([{"data": row} for row in rows], found["results"])
        self.assertEqual(["Col0", "Col1"], found["columns"])
        self.assertEqual("Call: big", found["trace"])
