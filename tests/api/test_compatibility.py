"""What clients of earlier releases rely on, one named test each, on a real server.

It is the checklist of what must stay. Rights of routes are in ``test_rights``.
"""

import re
from typing import Any

from congress.cli import credentials
from congress.interfaces.plugin import Option, PluginInfo
from congress.roles.datasource.config import checked
from tests.api.live import READABLE, SECRET, LiveCase


class CompatibilityTest(LiveCase):
    def test_the_service_type_in_the_catalog_is_policy(self) -> None:
        self.assertIn('service_type="policy"', _source(credentials))

    def test_every_path_that_could_be_read_can_be_read(self) -> None:
        for path in READABLE:
            self.get(path.format(**self.ids))

    def test_the_root_needs_no_credentials_and_lists_the_versions(self) -> None:
        [version] = self.get("/")["versions"]
        self.assertEqual(("v1", "CURRENT"), (version["id"], version["status"]))
        self.assertEqual(f"{self.server.url}/v1/", version["links"][0]["href"])

    def test_other_paths_give_the_choice_of_versions(self) -> None:
        self.assertIn("choices", self.expect(300, "GET", "/nope/x"))

    def test_lists_come_under_results(self) -> None:
        lists = ("policies", "rules", "tables", "rows", "sources", "actions", "drivers")
        found = [path for path in READABLE if path.endswith(lists)]
        self.assertEqual(10, len(found))
        for path in found:
            self.assertIsInstance(self.get(path)["results"], list)

    def test_the_fields_of_a_policy(self) -> None:
        shown = self.get("/v1/policies/audit")
        order = ["id", "name", "abbreviation", "description", "owner_id", "kind"]
        self.assertEqual(order, list(shown))
        made = self.policy("with_rules", "p(1)")
        fields = ["id", "name", "owner_id", "description", "abbreviation", "kind", "rules"]
        self.assertEqual(fields, list(made))
        self.assertEqual([{"rule": "p(1)", "comment": "", "name": None}], made["rules"])

    def test_the_fields_of_a_rule(self) -> None:
        shown = self.get(f"/v1/policies/audit/rules/{self.ids['rule']}")
        self.assertEqual(["rule", "id", "comment", "name"], list(shown))
        status = self.get(f"/v1/policies/audit/rules/{self.ids['rule']}/status")
        self.assertEqual(shown["rule"], status["original_str"])

    def test_the_fields_of_a_data_source(self) -> None:
        shown = self.get("/v1/data-sources/cloud")
        fields = ["id", "name", "driver", "description", "type", "enabled", "config"]
        self.assertEqual(fields, list(shown))
        self.assertIsNone(shown["type"])

    def test_the_fields_of_a_library_policy(self) -> None:
        [shown] = self.get("/v1/librarypolicies?name=shelf")["results"]
        fields = {"id", "name", "abbreviation", "description", "kind", "rules"}
        self.assertEqual(fields, set(shown))
        self.assertEqual([{"rule": "p(1)"}], shown["rules"])
        [shown] = self.get("/v1/librarypolicies?name=shelf&include_rules=False")["results"]
        self.assertNotIn("rules", shown)

    def test_deleting_answers_200_with_what_was_deleted(self) -> None:
        made = self.expect(201, "POST", "/v1/policies", {"name": "gone"})
        rule = self.expect(201, "POST", "/v1/policies/gone/rules", {"rule": "p(1)"})
        self.assertEqual(rule, self.expect(200, "DELETE", f"/v1/policies/gone/rules/{rule['id']}"))
        self.assertEqual(
            {key: made[key] for key in sorted(made)},
            dict(sorted(self.expect(200, "DELETE", "/v1/policies/gone").items())),
        )
        body = {"name": "gone", "rules": []}
        made = self.expect(201, "POST", "/v1/librarypolicies", body)
        path = f"/v1/librarypolicies/{made['id']}"
        self.assertEqual(made, self.expect(200, "DELETE", path))
        self.expect(201, "POST", "/v1/data-sources", {"name": "gone", "driver": "push"})
        self.assertIsNone(self.expect(200, "DELETE", "/v1/data-sources/gone"))

    def test_creation_answers_201_with_a_location(self) -> None:
        response = self.send("POST", "/v1/policies", {"name": "placed"})
        self.addCleanup(self.send, "DELETE", "/v1/policies/placed")
        place = f"{self.server.url}/v1/policies/{response.json()['id']}"
        self.assertEqual((201, place), (response.status_code, response.headers["Location"]))

    def test_duplicates_answer_409(self) -> None:
        self.error(409, "POST", "/v1/policies", {"name": "audit"})
        self.error(409, "POST", "/v1/data-sources", {"name": "cloud", "driver": "push"})
        self.error(409, "POST", "/v1/librarypolicies", {"name": "shelf", "rules": []})
        rule = {"rule": "error(x):-builtin:gt(s,5),cloud:servers(x,s)"}
        error = self.error(409, "POST", "/v1/policies/audit/rules", rule)
        self.assertEqual(1008, error["error_code"])

    def test_what_is_missing_answers_404(self) -> None:
        for path in ("policies/nosuch", "policies/nosuch/status", "data-sources/nosuch/status"):
            self.error(404, "GET", f"/v1/{path}")

    def test_a_policy_is_created_with_nulls(self) -> None:
        body = {"name": "nulls", "description": None, "abbreviation": None, "kind": None}
        made = self.expect(201, "POST", "/v1/policies", body)
        self.addCleanup(self.send, "DELETE", "/v1/policies/nulls")
        self.assertEqual(("", "nulls", "nonrecursive"), tuple(made[k] for k in list(made)[3:]))

    def test_a_data_source_is_created_with_nulls(self) -> None:
        body = {"name": "nulls", "driver": "push", "config": None, "id": None, "enabled": True}
        self.assertTrue(self.expect(201, "POST", "/v1/data-sources", body)["id"])
        self.expect(200, "DELETE", "/v1/data-sources/nulls")

    def test_the_library_is_activated_with_any_empty_body(self) -> None:
        path = f"/v1/policies?library_policy={self.ids['library']}"
        for body in ({}, None, []):
            self.assertEqual("shelf", self.expect(201, "POST", path, body)["name"])
            self.expect(200, "DELETE", "/v1/policies/shelf")

    def test_a_refresh_needs_no_body(self) -> None:
        for path in ("request-refresh", "request_refresh"):
            self.assertIsNone(self.expect(200, "POST", f"/v1/data-sources/cloud?action={path}"))

    def test_the_status_of_a_data_source_is_texts_and_lists(self) -> None:
        status = self.get("/v1/data-sources/cloud/status")
        self.assertEqual(("True", "None"), (status["initialized"], status["last_error"]))
        self.assertNotEqual("0", status["number_of_updates"])
        self.assertRegex(status["last_updated"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+$")
        for name in ("subscriptions", "subscribers"):
            self.assertIsInstance(status[name], list)

    def test_secrets_show_as_hidden(self) -> None:
        for path in ("/v1/data-sources", "/v1/data-sources/cloud"):
            text = self.send("GET", path).text
            self.assertNotIn(SECRET, text)
            self.assertIn('"webhook_secret":"<hidden>"', text.replace(": ", ":"))

    def test_options_of_drivers_are_required_or_optional(self) -> None:
        for driver in self.get("/v1/system/drivers")["results"]:
            shown = self.get(f"/v1/system/drivers/{driver['id']}")
            self.assertLessEqual(set(shown["config"].values()), {"required", "(optional)"})
            self.assertIsInstance(shown["tables"], list)

    def test_the_owner_of_every_policy_is_user(self) -> None:
        owners = {policy["owner_id"] for policy in self.get("/v1/policies")["results"]}
        self.assertEqual({"user"}, owners)

    def test_tenant_name_stands_for_project_name(self) -> None:
        info = PluginInfo("d", "s", options=(Option("project_name", required=True),))
        self.assertEqual({"project_name": "p"}, checked(info, {"tenant_name": "p"}))

    def test_abbreviations(self) -> None:
        self.assertEqual("abbre", self.policy("abbreviated")["abbreviation"])
        for wrong in ("123456", 5, ""):
            body = {"name": "p", "abbreviation": wrong}
            self.assertEqual(1022, self.error(400, "POST", "/v1/policies", body)["error_code"])

    def test_columns_keep_their_order(self) -> None:
        spec = self.get("/v1/data-sources/cloud/tables/servers/spec")
        self.assertEqual(["id", "size"], [column["name"] for column in spec["columns"]])
        self.assertEqual("servers", spec["table_id"])

    def test_rows_are_arrays_under_data(self) -> None:
        found = self.get("/v1/data-sources/cloud/tables/servers/rows")["results"]
        self.assertEqual([{"data": ["vm1", 2]}, {"data": ["vm2", 8]}], found)
        found = self.get("/v1/policies/audit/tables/error/rows")
        self.assertEqual([{"data": ["vm2"]}], found["results"])
        self.assertNotIn("trace", found)

    def test_rules_come_back_as_they_were_given(self) -> None:
        [rule] = self.get("/v1/policies/audit/rules")["results"]
        self.assertEqual("error(x) :-\n  cloud:servers(x, s), builtin:gt(s, 5)", rule["rule"])
        self.assertEqual(("", "big"), (rule["comment"], rule["name"]))

    def test_switches_of_the_query(self) -> None:
        path = "/v1/policies/audit/tables/error/rows?trace="
        for text, meant in (("true", True), ("True", True), ("1", False), ("false", False)):
            self.assertEqual(meant, "trace" in self.get(path + text), text)
        for text, meant in (("True", True), ("1", True), ("False", False), ("0", False)):
            self.assertEqual(meant, "trace" in self.simulate(f"&trace={text}"), text)

    def simulate(self, more: str = "", query: str = "error(x)", sequence: str = "") -> Any:
        body = {"query": query, "sequence": sequence, "action_policy": "action"}
        return self.expect(200, "POST", f"/v1/policies/audit?action=simulate{more}", body)

    def test_built_in_policies_cannot_be_deleted(self) -> None:
        for name in ("classification", "action"):
            self.error(404, "DELETE", f"/v1/policies/{name}")
            self.get(f"/v1/policies/{name}")

    def test_a_data_source_has_the_status_of_a_policy(self) -> None:
        self.assertEqual({"name": "cloud"}, self.get("/v1/policies/cloud/status"))
        self.error(404, "GET", "/v1/policies/cloud")
        self.assertEqual([], self.get("/v1/policies/cloud/rules")["results"])
        body = {"rule": "p(1)"}
        error = self.error(400, "POST", "/v1/policies/cloud/rules", body)
        self.assertEqual(1019, error["error_code"])

    def test_the_results_of_a_simulation(self) -> None:
        sequence = 'cloud:servers+("a \\" b", 9) two+("a \\" b", 1.5) two+("c", -7)'
        self.assertEqual(
            ['two("a \\" b", 1.5)', 'two("c", -7)'],
            sorted(self.simulate(query="two(x, y)", sequence=sequence)["result"]),
        )
        found = self.simulate("&delta=True", sequence=sequence)
        self.assertEqual({"result": ['error+("a \\" b")']}, found)
        found = self.simulate("&delta=1", sequence='cloud:servers-("vm2", 8)')
        self.assertEqual(['error-("vm2")'], found["result"])
        self.assertEqual([], self.simulate(query='error("none")')["result"])

    def test_simulations_as_murano_makes_them(self) -> None:
        sequence = " ".join(f'object+("eid", "oid{n}", "msg")' for n in range(2000))
        query = "object(eid, oid, msg)"
        [*found] = self.simulate(query=query, sequence=sequence)["result"]
        pattern = re.compile(r'object\("([^"]*)",\s*"([^"]*)",\s*"([^"]*)"\)')
        self.assertEqual(2000, sum(bool(pattern.fullmatch(text)) for text in found))

    def test_execution_answers_at_once_and_with_an_empty_object(self) -> None:
        self.expect(201, "POST", "/v1/data-sources", {"name": "teller", "driver": "notify"})
        self.addCleanup(self.send, "DELETE", "/v1/data-sources/teller")
        args = {"positional": ["hello"], "named": {}}
        for path, name in (
            ("/v1/data-sources/teller?action=execute", "log"),
            ("/v1/policies/nosuch?action=execute&trace=False&delta=False", "teller:log"),
        ):
            self.assertEqual({}, self.expect(200, "POST", path, {"name": name, "args": args}))
        body = {"name": "log", "args": args}
        path = "/v1/data-sources/teller?action=execute&wait=true"
        self.assertEqual("done", self.expect(200, "POST", path, body)["state"])

    def test_numbers_of_refusals(self) -> None:
        rules = "/v1/policies/audit/rules"
        for status, number, method, path, body in (
            (400, 1002, "POST", rules, {"rule": "p(x"}),
            (400, 1003, "POST", rules, {"rule": "p(1) q(1)"}),
            (400, 1004, "POST", "/v1/policies/audit?action=simulate", {"query": "p(x)"}),
            (400, 1010, "POST", "/v1/policies", {}),
            (400, 1016, "POST", "/v1/policies/audit?action=execute", {"name": "nosuch:act"}),
            (400, 1017, "POST", "/v1/policies/audit?action=execute", {"name": "act"}),
            (400, 1018, "POST", "/v1/data-sources/cloud?action=execute", {"name": "a", "args": []}),
            (404, 1020, "GET", "/v1/policies/nosuch/rules", ...),
        ):
            with self.subTest(number=number):
                self.assertEqual(number, self.error(status, method, path, body)["error_code"])


def _source(module: Any) -> str:
    with open(module.__file__, encoding="utf-8") as file:
        return file.read()
