"""Changing policies and rules over HTTP: in place, on condition, or only tried."""

from collections.abc import Mapping
from typing import Any

from tests.api.case import ApiTestCase

RULES = "/v1/policies/p/rules"


class ChangeTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        body = {"name": "p", "description": "d", "abbreviation": "abc", "kind": "datalog"}
        self.made = self.post("/v1/policies", body)
        self.rule = self.post(RULES, {"rule": "p(1)", "name": "n", "comment": "c"})
        self.path = f"{RULES}/{self.rule['id']}"

    def test_patch_leaves_a_policy_the_rest(self) -> None:
        changed = self.expect(200, "PATCH", "/v1/policies/p", {"description": "e"})
        self.assertEqual({**self.made, "description": "e"}, changed)
        self.assertEqual(changed, self.get(f"/v1/policies/{self.made['id']}"))

    def test_put_gives_a_policy_defaults_for_the_rest(self) -> None:
        changed = self.expect(200, "PUT", f"/v1/policies/{self.made['id']}", {"name": "p"})
        expected = {**self.made, "description": "", "abbreviation": "p"}
        self.assertEqual(expected, changed)
        self.assertEqual(1, len(self.get(RULES)["results"]))

    def test_what_is_shown_may_be_sent_back(self) -> None:
        for method in ("PUT", "PATCH"):
            shown = self.get("/v1/policies/p")
            self.assertEqual(shown, self.expect(200, method, "/v1/policies/p", shown))
            rule = self.get(self.path)
            self.assertEqual(rule, self.expect(200, method, self.path, rule))

    def test_rules_are_replaced_with_the_policy(self) -> None:
        body = {"rules": [{"rule": "q(1)"}, {"rule": "q(2)"}]}
        self.expect(200, "PATCH", "/v1/policies/p", body)
        self.assertEqual(["q(1)", "q(2)"], [r["rule"] for r in self.get(RULES)["results"]])

    def test_patch_leaves_a_rule_the_rest(self) -> None:
        changed = self.expect(200, "PATCH", self.path, {"rule": "p(2)"})
        self.assertEqual({**self.rule, "rule": "p(2)"}, changed)
        self.assertEqual("", self.expect(200, "PATCH", self.path, {"comment": None})["comment"])

    def test_put_gives_a_rule_defaults_for_the_rest(self) -> None:
        changed = self.expect(200, "PUT", f"{RULES}/n", {"rule": "p(2)"})
        self.assertEqual({**self.rule, "rule": "p(2)", "name": None, "comment": ""}, changed)


class ApplyTest(ApiTestCase):
    path = "/v1/policies?action=apply"

    def test_policies_become_as_described(self) -> None:
        self.post("/v1/policies", {"name": "p"})
        policies = [{"name": "p", "rules": [{"rule": "p(1)"}]}, {"name": "q", "depends-on": ["p"]}]
        answer = self.post(self.path, {"policies": policies}, 200)
        steps = [(step["op"], step["policy"]) for step in answer["steps"]]
        self.assertEqual([("update", "p"), ("create", "q")], steps)
        self.assertEqual(answer["revision"], self.behind.engine.revision)
        _service, _method, args = self.behind.bus.calls[-1]
        self.assertEqual(
            [{"rule": "p(1)", "name": None, "comment": None}], args["policies"][0]["rules"]
        )
        self.assertEqual(["p"], args["policies"][1]["depends-on"])
        self.assertFalse(args["prune"])

    def test_switches(self) -> None:
        revision = self.behind.engine.revision
        self.post(f"{self.path}&prune=1&allow_parked=1&revision={revision}", {"policies": []}, 200)
        _service, _method, args = self.behind.bus.calls[-1]
        self.assertEqual(
            (True, True, revision), tuple(args[k] for k in ("prune", "allow_parked", "revision"))
        )

    def test_a_plan_that_no_longer_holds(self) -> None:
        revision = self.behind.engine.revision
        self.post("/v1/policies", {"name": "p"})
        self.refused(412, "POST", f"{self.path}&revision={revision}", {"policies": []})


class ValidateTest(ApiTestCase):
    def state(self) -> str:
        return repr((self.behind.engine.policies, self.behind.engine.rules))

    def test_nothing_is_changed(self) -> None:
        rule = self.post("/v1/policies/classification/rules", {"rule": "p(1)"})
        before = self.state()
        path = f"/v1/policies/classification/rules/{rule['id']}"
        for method, where, body in (
            ("POST", "/v1/policies", {"name": "q", "rules": [{"rule": "p(1)"}]}),
            ("PUT", "/v1/policies/classification", {"description": "x"}),
            ("PATCH", "/v1/policies/classification", {"description": "x"}),
            ("POST", "/v1/policies/classification/rules", {"rule": "p(2)"}),
            ("PUT", path, {"rule": "p(2)"}),
            ("PATCH", path, {"rule": "p(2)"}),
            ("DELETE", path, ...),
        ):
            with self.subTest(method=method, path=where):
                found = self.expect(200, method, f"{where}?validate_only=1", body)
                keys = ["valid", "result", "warnings", "tables", "actions"]
                self.assertEqual(keys, list(found))
                self.assertEqual(
                    before, repr((self.behind.engine.policies, self.behind.engine.rules))
                )
        self.post(
            "/v1/policies?action=apply&validate_only=true", {"policies": [{"name": "q"}]}, 200
        )
        self.refused(404, "GET", "/v1/policies/q")

    def test_what_would_be_refused_is_refused(self) -> None:
        path = "/v1/policies/classification/rules?validate_only=1"
        self.assertEqual(1002, self.refused(400, "POST", path, {"rule": "p(!)"})["error_code"])


class ConditionTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.post("/v1/policies", {"name": "p"})
        rule = self.post(RULES, {"rule": "p(1)"})
        self.rule = f"{RULES}/{rule['id']}"

    def etag(self, path: str) -> str:
        return str(self.send("GET", path).headers["ETag"])

    def test_what_somebody_else_changed_is_not_overwritten(self) -> None:
        for path, body, other in (
            (self.rule, {"comment": "ours"}, {"comment": "theirs"}),
            ("/v1/policies/p", {"description": "ours"}, {"description": "theirs"}),
        ):
            with self.subTest(path=path):
                stale = {"If-Match": self.etag(path)}
                self.expect(200, "PATCH", path, other)
                before = self.get(path)
                self.refused(412, "PATCH", path, body, headers=stale)
                self.refused(412, "PUT", path, {**before, **body}, headers=stale)
                self.refused(412, "DELETE", path, headers=stale)
                self.assertEqual(before, self.get(path))
                fresh = {"If-Match": self.etag(path)}
                response = self.send("PATCH", path, body, headers=fresh)
                self.assertEqual(200, response.status_code)
                self.assertEqual(self.etag(path), response.headers["ETag"])
                self.expect(200, "DELETE", path, headers={"If-Match": "*"})

    def test_the_role_compares_once_more(self) -> None:
        self.expect(200, "PATCH", self.rule, {"comment": "x"}, headers={"If-Match": "*"})
        _service, _method, args = self.behind.bus.calls[-1]
        self.assertEqual("", args["seen"]["comment"])

    def test_what_a_client_has_is_not_sent_again(self) -> None:
        for path in (self.rule, "/v1/policies/p"):
            response = self.send("GET", path, headers={"If-None-Match": self.etag(path)})
            self.assertEqual((304, b""), (response.status_code, response.data))
            self.assertEqual(
                200, self.send("GET", path, headers={"If-None-Match": '"x"'}).status_code
            )


class DatasourceTest(ApiTestCase):
    path = "/v1/data-sources/cloud1"

    def setUp(self) -> None:
        super().setUp()
        self.cloud()

    def asked(self) -> Mapping[str, Any]:
        calls = reversed(self.behind.bus.calls)
        return next(args for _, method, args in calls if method == "datasource_update")

    def test_patch_leaves_a_datasource_the_rest(self) -> None:
        body = {"config": {"url": "http://y"}}
        changed = self.expect(200, "PATCH", self.path, body)
        self.assertEqual({"url": "http://y", "password": "<hidden>"}, changed["config"])
        self.assertEqual((body, False), (self.asked()["changes"], self.asked()["whole"]))
        self.assertEqual(changed, self.get(self.path))

    def test_put_gives_a_datasource_defaults_for_the_rest(self) -> None:
        self.expect(200, "PATCH", self.path, {"description": "d", "enabled": False})
        self.expect(200, "PUT", self.path, {"config": {"url": "http://y"}})
        expected = {"config": {"url": "http://y"}, "description": None, "enabled": True}
        self.assertEqual((expected, True), (self.asked()["changes"], self.asked()["whole"]))

    def test_what_is_shown_may_be_sent_back(self) -> None:
        for method in ("PUT", "PATCH"):
            self.expect(200, method, self.path, self.get(self.path))
            self.assertEqual("<hidden>", self.asked()["changes"]["config"]["password"])

    def test_what_somebody_else_changed_is_not_overwritten(self) -> None:
        first = self.send("GET", self.path).headers["ETag"]
        self.expect(200, "PATCH", self.path, {"config": {"password": "new"}})
        stale = {"If-Match": first}
        for method, body in (("PATCH", {"enabled": False}), ("PUT", {}), ("DELETE", ...)):
            self.refused(412, method, self.path, body, headers=stale)
        fresh = {"If-Match": self.send("GET", self.path).headers["ETag"]}
        response = self.send("PATCH", self.path, {"enabled": False}, headers=fresh)
        self.assertEqual(2, self.asked()["generation"])
        self.assertNotEqual(fresh["If-Match"], response.headers["ETag"])
        self.expect(200, "DELETE", self.path, headers={"If-Match": response.headers["ETag"]})


class RowsTest(ApiTestCase):
    path = "/v1/data-sources/cloud1/tables/pushed/rows"

    def setUp(self) -> None:
        super().setUp()
        self.source = self.cloud()
        self.expect(200, "PUT", self.path, [["a", 1], ["b", 2]])

    def test_rows_come_and_go(self) -> None:
        self.expect(200, "POST", self.path, [["c", 3]])
        self.expect(200, "DELETE", self.path, [["a", 1]])
        self.assertEqual([["b", 2], ["c", 3]], self.source.tables_held["pushed"])
        self.expect(200, "PATCH", self.path, {"upsert": [["d", 4]], "delete": [["b", 2]]})
        self.assertEqual([["c", 3], ["d", 4]], self.source.tables_held["pushed"])

    def test_the_key_of_a_request_is_passed_on(self) -> None:
        for method, body in (("POST", []), ("DELETE", []), ("PATCH", {"upsert": []})):
            self.expect(200, method, self.path, body, headers={"Idempotency-Key": "k"})
            _service, _method, args = self.behind.bus.calls[-1]
            self.assertEqual("k", args["idempotency_key"])

    def test_too_many(self) -> None:
        self.behind.conf.set_override("max_pushed_rows", 1, group="api")
        rows = [["x", 1], ["y", 2]]
        both = {"upsert": rows[:1], "delete": rows[1:]}
        for method, body in (("POST", rows), ("DELETE", rows), ("PATCH", both)):
            self.refused(413, method, self.path, body)
