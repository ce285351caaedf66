"""What was wrong in earlier releases, or could not be, tried on a real server.

That anybody could do anything is tried in ``test_rights``.
"""

from tests.api.live import READABLE, TABLES, LiveCase
from tests.functional.system import wait_until


class DefectTest(LiveCase):
    def test_names_and_ids_are_accepted_everywhere(self) -> None:
        for path in READABLE:
            for name, key in (("audit", "policy"), ("cloud", "source"), ("shelf", "library")):
                self.get(path.replace(f"/{name}", f"/{self.ids[key]}").format(**self.ids))
        self.get("/v1/librarypolicies/shelf")
        self.get("/v1/policies/audit/rules/big")
        body = {"query": "error(x)", "sequence": "", "action_policy": "action"}
        path = f"/v1/policies/{self.ids['policy']}?action=simulate"
        self.assertEqual(['error("vm2")'], self.expect(200, "POST", path, body)["result"])
        source = f"/v1/data-sources/{self.ids['source']}?action=execute"
        error = self.error(400, "POST", source, {"name": "nosuch"})
        self.assertIn("has no actions", error["message"])
        self.expect(201, "POST", "/v1/policies?library_policy=shelf", {})
        self.expect(200, "DELETE", "/v1/policies/shelf")

    def test_messages_hold_no_traceback_and_no_path(self) -> None:
        body = {"query": "error(x", "sequence": "", "action_policy": "action"}
        self.error(400, "POST", "/v1/policies/audit?action=simulate", body)
        self.error(404, "GET", "/v1/policies/nosuch/status")
        self.error(404, "GET", "/v1/policies/audit/rules/nosuch/status")

    def test_a_name_cannot_smuggle_in_a_rule(self) -> None:
        before = self.get("/v1/policies")
        for name in ("x:y(), z", "a:b", "abc ", " lead", "a-b", "not", "é", ""):
            self.error(400, "POST", "/v1/policies", {"name": name})
        self.assertEqual(before, self.get("/v1/policies"))

    def test_what_is_too_long_is_stored_nowhere(self) -> None:
        path = "/v1/policies/audit/rules"
        for field in ("comment", "name"):
            self.error(400, "POST", path, {"rule": "long(1)", field: "x" * 256})
        self.assertEqual(["big"], [rule["name"] for rule in self.get(path)["results"]])
        self.error(404, "GET", "/v1/policies/audit/tables/long")

    def test_a_policy_and_a_data_source_cannot_share_a_name(self) -> None:
        self.error(409, "POST", "/v1/policies", {"name": "cloud"})
        for name in ("audit", "classification"):
            self.error(409, "POST", "/v1/data-sources", {"name": name, "driver": "push"})

    def test_kinds_that_broke_every_rule_are_refused(self) -> None:
        for kind in ("database", "materialized", "delta"):
            self.error(400, "POST", "/v1/policies", {"name": "broken", "kind": kind})

    def test_statuses(self) -> None:
        """Those that were 500, 501, or a misleading 400, 404 or 409."""
        for status, method, path, body in (
            (404, "DELETE", "/v1/policies/audit/rules/nosuch", ...),
            (404, "DELETE", "/v1/data-sources/nosuch", ...),
            (404, "GET", "/v1/librarypolicies/nosuch", ...),
            (404, "POST", "/v1/policies?library_policy=nosuch", {}),
            (400, "POST", "/v1/policies?library_policy=shelf", {"name": "x"}),
            (400, "POST", "/v1/policies", None),
            (400, "POST", "/v1/policies", "text"),
            (400, "POST", "/v1/policies", {"name": "p", "kind": "nosuch"}),
            (400, "POST", "/v1/policies/audit/rules", {}),
            (400, "POST", "/v1/policies/audit/rules", []),
            (400, "POST", "/v1/data-sources", {"driver": "push"}),
            (400, "POST", "/v1/data-sources", {"name": "x", "driver": "nosuch"}),
            (400, "PUT", "/v1/data-sources/cloud/tables/servers/rows", {}),
            (400, "POST", "/v1/data-sources/cloud/webhook", {"nosuch": 1}),
            (405, "PATCH", "/v1/policies/audit/tables/error", {}),
            (405, "PUT", "/v1/policies/audit/tables/error/rows", []),
        ):
            with self.subTest(method=method, path=path):
                self.error(status, method, path, body)

    def test_wrong_methods_are_told_which_are_right(self) -> None:
        response = self.send("PUT", "/v1/policies/audit/tables")
        allowed = response.headers["Allow"]
        self.assertEqual((405, "GET, HEAD, OPTIONS"), (response.status_code, allowed))
        self.assertEqual(b"", self.send("HEAD", "/v1/policies").content)

    def test_a_trailing_slash_makes_no_difference(self) -> None:
        self.assertEqual(self.get("/v1/policies/audit"), self.get("/v1/policies/audit/"))

    def test_values_come_back_as_they_were_pushed(self) -> None:
        path = "/v1/data-sources/cloud/tables/events/rows"
        rows = [[1, None], [2, True], [3, "é☕ 漢"], [4, 1.5]]
        self.expect(200, "PUT", path, rows)
        self.assertEqual(rows, [row["data"] for row in self.get(path)["results"]])
        self.policy("copies", "copy(x, y) :- cloud:events(x, y)")
        copies = "/v1/policies/copies/tables/copy/rows"
        found = wait_until(lambda: self.get(copies)["results"], "the data is there")
        self.assertEqual(rows, [row["data"] for row in found])

    def test_rules_with_brackets_in_texts_are_shown_right(self) -> None:
        self.policy("brackets")
        rule = {"rule": 'p(x) :- q(x, "a), b("), r(x)'}
        made = self.expect(201, "POST", "/v1/policies/brackets/rules", rule)
        self.assertIn('q(x, "a), b(")', made["rule"])

    def test_what_could_not_be_changed_can_be(self) -> None:
        self.policy("changing", "p(1)")
        self.expect(200, "PATCH", "/v1/policies/changing", {"description": "x"})
        config = {"tables": {**TABLES, "more": ["x"]}}
        shown = self.expect(200, "PATCH", "/v1/data-sources/cloud", {"config": config})
        self.assertEqual("<hidden>", shown["config"]["webhook_secret"])
        rows = self.get("/v1/data-sources/cloud/tables/servers/rows")["results"]
        self.assertEqual(2, len(rows))
        status = self.get("/v1/policies/audit/rules/big/status")
        self.assertEqual("active", status["state"])
        path = "/v1/librarypolicies/shelf"
        self.assertEqual("x", self.expect(200, "PATCH", path, {"description": "x"})["description"])
