"""What existing clients rely on, one named test each."""

from tests.api.case import ApiTestCase


class PromiseTest(ApiTestCase):
    def test_root_is_unauthenticated_and_ok(self) -> None:
        self.assertIn("versions", self.get("/"))

    def test_lists_come_under_results(self) -> None:
        self.cloud()
        for path in (
            "/v1/policies",
            "/v1/policies/classification/rules",
            "/v1/policies/classification/tables",
            "/v1/data-sources",
            "/v1/data-sources/cloud1/tables",
            "/v1/data-sources/cloud1/tables/servers/rows",
            "/v1/data-sources/cloud1/actions",
            "/v1/system/drivers",
            "/v1/ledger",
        ):
            self.assertIsInstance(self.get(path)["results"], list, path)

    def test_deletes_answer_the_deleted_object(self) -> None:
        made = self.post("/v1/policies", {"name": "p"})
        rule = self.post("/v1/policies/p/rules", {"rule": "p(1)"})
        self.assertEqual(rule, self.expect(200, "DELETE", f"/v1/policies/p/rules/{rule['id']}"))
        self.assertEqual(made, self.expect(200, "DELETE", "/v1/policies/p"))

    def test_creations_answer_201(self) -> None:
        self.assertEqual("p", self.post("/v1/policies", {"name": "p"}, 201)["name"])

    def test_duplicates_answer_409(self) -> None:
        self.assertEqual(409, self.send("POST", "/v1/policies", {"name": "action"}).status_code)

    def test_missing_things_answer_404(self) -> None:
        self.refused(404, "GET", "/v1/policies/nosuch/status")
        self.refused(404, "GET", "/v1/data-sources/nosuch/status")

    def test_policy_creation_tolerates_nulls(self) -> None:
        body = {"name": "p", "description": None, "abbreviation": None, "kind": None}
        self.assertEqual("", self.post("/v1/policies", body)["description"])

    def test_datasource_creation_tolerates_null_config_and_id(self) -> None:
        body = {"name": "c", "driver": "cloud", "config": None, "id": None, "enabled": True}
        self.assertTrue(self.post("/v1/data-sources", body)["id"])

    def test_request_refresh_tolerates_a_missing_body(self) -> None:
        self.cloud()
        self.post("/v1/data-sources/cloud1?action=request-refresh", status=200)

    def test_status_values_are_texts(self) -> None:
        self.cloud()
        status = self.get("/v1/data-sources/cloud1/status")
        lists = ("subscriptions", "subscribers")
        texts = [value for name, value in status.items() if name not in lists]
        self.assertTrue(all(isinstance(value, str) for value in texts))
        self.assertEqual("True", status["initialized"])

    def test_secrets_show_as_hidden(self) -> None:
        self.cloud()
        shown = self.get("/v1/data-sources/cloud1")
        self.assertEqual("<hidden>", shown["config"]["password"])

    def test_driver_options_show_as_required_or_optional(self) -> None:
        config = self.get("/v1/system/drivers/cloud")["config"]
        self.assertEqual({"required", "(optional)"}, set(config.values()))

    def test_drivers_have_the_key_tables(self) -> None:
        self.assertIn("tables", self.get("/v1/system/drivers/cloud"))

    def test_the_owner_is_user(self) -> None:
        self.assertEqual("user", self.post("/v1/policies", {"name": "p"})["owner_id"])

    def test_tenant_name_is_passed_to_the_driver(self) -> None:
        body = {"name": "c", "driver": "cloud", "config": {"tenant_name": "t"}}
        self.assertEqual({"tenant_name": "t"}, self.post("/v1/data-sources", body)["config"])

    def test_the_abbreviation_defaults_to_five_characters(self) -> None:
        made = self.post("/v1/policies", {"name": "vm_audit"})
        self.assertEqual("vm_au", made["abbreviation"])
        error = self.refused(400, "POST", "/v1/policies", {"name": "q", "abbreviation": "123456"})
        self.assertEqual(1022, error["error_code"])

    def test_simulation_results_are_texts_as_murano_reads_them(self) -> None:
        body = {"query": "p(x)", "sequence": "", "action_policy": "action"}
        path = "/v1/policies/classification?action=simulate"
        self.assertEqual(["p(1)"], self.post(path, body, 200)["result"])
        self.assertEqual(["p+(1)"], self.post(path + "&delta=True", body, 200)["result"])

    def test_columns_keep_their_order(self) -> None:
        self.cloud()
        spec = self.get("/v1/data-sources/cloud1/tables/servers/spec")
        self.assertEqual(["id", "size"], [column["name"] for column in spec["columns"]])

    def test_rows_are_arrays_under_data(self) -> None:
        self.cloud()
        found = self.get("/v1/data-sources/cloud1/tables/servers/rows")["results"]
        self.assertEqual([{"data": ["a", 1]}], found)

    def test_rule_texts_come_back_as_given(self) -> None:
        path = "/v1/policies/classification/rules"
        self.post(path, {"rule": "p(x)   :-  q(x)"})
        self.assertEqual("p(x)   :-  q(x)", self.get(path)["results"][0]["rule"])

    def test_comments_are_never_null_and_names_always_there(self) -> None:
        path = "/v1/policies/classification/rules"
        made = self.post(path, {"rule": "p(1)"})
        self.assertEqual(("", None), (made["comment"], made["name"]))

    def test_booleans_of_the_query(self) -> None:
        body = {"query": "p(x)", "sequence": "", "action_policy": "action"}
        path = "/v1/policies/classification?action=simulate&trace="
        for text, meant in (("True", True), ("true", True), ("1", True), ("False", False)):
            self.assertEqual(meant, "trace" in self.post(path + text, body, 200), text)

    def test_system_policies_cannot_be_deleted(self) -> None:
        for name in ("classification", "action"):
            self.refused(404, "DELETE", f"/v1/policies/{name}")

    def test_data_sources_have_a_policy_of_their_name(self) -> None:
        self.cloud()
        self.assertEqual({"name": "cloud1"}, self.get("/v1/policies/cloud1/status"))

    def test_messages_are_texts_in_an_error_object(self) -> None:
        self.assertIsInstance(self.refused(404, "GET", "/v1/policies/x")["message"], str)
