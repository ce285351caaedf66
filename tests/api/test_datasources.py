"""Data sources, drivers, actions and the ledger over HTTP."""

from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionState, DesiredAction
from tests.api.case import BASE, ApiTestCase


class DatasourceTest(ApiTestCase):
    def test_no_answer_shows_a_secret(self) -> None:
        config = {"url": "http://x", "password": "s3cret"}
        body = {"name": "c", "driver": "cloud", "config": config}
        response = self.send("POST", "/v1/data-sources", body)
        made = response.get_json()
        self.assertEqual(f"{BASE}/v1/data-sources/{made['id']}", response.headers["Location"])
        listed = self.get("/v1/data-sources")["results"][0]
        for shown in (made, listed, self.get("/v1/data-sources/c")):
            self.assertEqual({"url": "http://x", "password": "<hidden>"}, shown["config"])
            self.assertIsNone(shown["type"])
        self.assertEqual(made, self.get(f"/v1/data-sources/{made['id']}"))

    def test_nulls_count_as_absent(self) -> None:
        body = {"name": "c", "driver": "cloud", "config": None, "id": None, "description": None}
        self.assertTrue(self.post("/v1/data-sources", {**body, "enabled": None})["enabled"])

    def test_the_id_may_be_chosen(self) -> None:
        body = {"name": "c", "driver": "cloud", "id": "1f6f3b9c-aaaa-bbbb-cccc-0123456789ab"}
        self.assertEqual(body["id"], self.post("/v1/data-sources", body)["id"])
        self.refused(400, "POST", "/v1/data-sources", {**body, "name": "d", "id": "a b"})

    def test_a_source_whose_driver_is_gone_is_listed_all_the_same(self) -> None:
        self.cloud()
        self.parts.plugins.known = {}  # type: ignore[attr-defined]
        [listed] = self.get("/v1/data-sources")["results"]
        self.assertEqual("<hidden>", listed["config"]["password"])

    def test_deletion_answers_null(self) -> None:
        self.cloud()
        self.assertIsNone(self.expect(200, "DELETE", "/v1/data-sources/cloud1"))
        self.refused(404, "DELETE", "/v1/data-sources/cloud1")
        self.refused(404, "GET", "/v1/data-sources/cloud1/status")

    def test_sub_routes_by_name_and_by_id(self) -> None:
        self.cloud()
        made = self.get("/v1/data-sources/cloud1")
        for address in ("cloud1", made["id"]):
            path = f"/v1/data-sources/{address}"
            with self.subTest(address=address):
                status = self.get(f"{path}/status")
                self.assertEqual(
                    ("True", "0"), (status["initialized"], status["number_of_updates"])
                )
                self.assertEqual("None", status["last_error"])
                tables = self.get(f"{path}/schema")["tables"]
                self.assertEqual(["servers", "pushed"], [table["table_id"] for table in tables])
                self.assertEqual(tables[0], self.get(f"{path}/tables/servers/spec"))
                self.assertEqual(
                    [{"id": "servers"}, {"id": "pushed"}], self.get(f"{path}/tables")["results"]
                )
                self.assertEqual({"id": "servers"}, self.get(f"{path}/tables/servers"))
                rows = self.get(f"{path}/tables/servers/rows")["results"]
                self.assertEqual([{"data": ["a", 1]}], rows)

    def test_a_source_that_does_not_run_is_unavailable(self) -> None:
        self.cloud()
        del self.behind.bus.services["datasource/cloud1"]
        for path in ("status", "schema", "tables", "actions", "tables/servers/rows"):
            response = self.send("GET", f"/v1/data-sources/cloud1/{path}")
            self.assertEqual(503, response.status_code)
            self.assertTrue(response.headers["Retry-After"].isdigit())

    def test_pushing_replaces_the_table(self) -> None:
        source = self.cloud()
        path = "/v1/data-sources/cloud1/tables/pushed/rows"
        self.assertIsNone(self.expect(200, "PUT", path, [["a", 1], ["b", 2]]))
        self.assertEqual([["a", 1], ["b", 2]], source.tables_held["pushed"])
        self.expect(200, "PUT", path, [])
        self.assertEqual([], self.get(path)["results"])

    def test_an_idempotency_key_is_passed_on(self) -> None:
        self.cloud()
        path = "/v1/data-sources/cloud1/tables/pushed/rows"
        self.expect(200, "PUT", path, [], headers={"Idempotency-Key": "k1"})
        self.assertEqual("k1", self.behind.bus.calls[-1][2]["idempotency_key"])
        self.refused(400, "PUT", path, [], headers={"Idempotency-Key": "k" * 256})

    def test_too_many_rows(self) -> None:
        source = self.cloud()
        self.behind.conf.set_override("max_pushed_rows", 3, group="api")
        path = "/v1/data-sources/cloud1/tables/pushed/rows"
        self.refused(413, "PUT", path, [["a", 1]] * 4)
        self.assertEqual([], source.tables_held["pushed"])

    def test_webhook(self) -> None:
        self.cloud()
        self.assertIsNone(self.post("/v1/data-sources/cloud1/webhook", {"event": 1}, 200))
        self.refused(400, "POST", "/v1/data-sources/cloud1/webhook", {"other": 1})


class ActionTest(ApiTestCase):
    execute = {"name": "pause", "args": {"positional": ["vm1"], "named": {"force": True}}}

    def test_actions_are_listed_by_name(self) -> None:
        self.cloud()
        results = self.get("/v1/data-sources/cloud1/actions")["results"]
        self.assertEqual(["pause", "stop"], [action["name"] for action in results])

    def test_refresh_with_and_without_a_body(self) -> None:
        source = self.cloud()
        path = "/v1/data-sources/cloud1?action="
        self.assertIsNone(self.post(path + "request-refresh", {}, 200))
        self.assertIsNone(self.post(path + "request_refresh", status=200))
        self.assertEqual(2, source.refreshed)

    def test_execution_is_fire_and_forget_unless_asked_to_wait(self) -> None:
        source = self.cloud()
        path = "/v1/data-sources/cloud1?action=execute"
        self.assertEqual({}, self.post(path, self.execute, 200))
        done = self.post(path + "&wait=true", self.execute, 200)
        self.assertEqual({"state": "done", "result": 7, "message": "ok"}, done)
        self.assertEqual(
            [("pause", self.execute["args"], w) for w in (False, True)], source.executed
        )

    def test_execution_through_a_policy(self) -> None:
        source = self.cloud()
        path = "/v1/policies/nosuch?action=execute&delta=False&trace=False"
        self.assertEqual({}, self.post(path, {"name": "cloud1:stop"}, 200))
        self.assertEqual([("stop", {}, False)], source.executed)

    def test_numbers_of_refused_executions(self) -> None:
        self.cloud()
        cases = [
            (1016, {"name": "nosuch:stop"}),
            (1016, {"name": None}),
            (1016, {}),
            (1017, {"name": "stop"}),
            (1017, {"name": "a:b:c"}),
            (1018, {"name": "cloud1:stop", "args": [1]}),
        ]
        for code, body in cases:
            with self.subTest(body=body):
                error = self.refused(400, "POST", "/v1/policies/p?action=execute", body)
                self.assertEqual(code, error["error_code"])
        error = self.refused(404, "POST", "/v1/data-sources/x?action=execute", {"name": "a"})
        self.assertEqual(404, error["error_code"])

    def test_simulation(self) -> None:
        body = {"query": "p(x)", "sequence": "q+(1)", "action_policy": "action"}
        path = "/v1/policies/classification?action=simulate"
        self.assertEqual({"result": ["p(1)"]}, self.post(path, body, 200))
        self.assertEqual(["p+(1)"], self.post(path + "&delta=1", body, 200)["result"])
        self.assertIn("trace", self.post(path + "&delta=False&trace=True", body, 200))

    def test_numbers_of_refused_simulations(self) -> None:
        body = {"query": "p(x)", "sequence": "", "action_policy": "action"}
        path = "/v1/policies/classification?action=simulate"
        for name in body:
            error = self.refused(400, "POST", path, {**body, name: None})
            self.assertEqual(1004, error["error_code"])
        for change in ({"query": "p(!)"}, {"action_policy": "nosuch"}, {"query": ""}):
            with self.subTest(change=change):
                error = self.refused(400, "POST", path, {**body, **change})
                self.assertEqual(1007, error["error_code"])
        error = self.refused(404, "POST", "/v1/policies/nosuch?action=simulate", body)
        self.assertEqual(1020, error["error_code"])

    def test_explanations(self) -> None:
        path = "/v1/policies/classification?action=explain"
        found = self.post(path, {"query": 'p("a")', "limit": 3, "depth": 4}, 200)
        self.assertEqual('p("a")', found["atom"])
        self.assertTrue(found["holds"])
        bounds = self.behind.engine.bounds
        self.assertEqual((3, 4, None), tuple(bounds[n] for n in ("limit", "depth", "nodes")))

    def test_explanations_that_are_refused(self) -> None:
        path = "/v1/policies/classification?action=explain"
        for body, where in (({}, "query"), ({"query": None}, "query"), ({"query": 5}, "$.query")):
            with self.subTest(body=body):
                error = self.refused(400, "POST", path, body)
                self.assertEqual(where, error["diagnostics"][0]["where"])
        self.refused(400, "POST", path, {"query": "p(1)", "depth": 0})
        self.refused(400, "POST", path, {"query": "p(1)", "depth": "x"})
        self.assertEqual(1002, self.refused(400, "POST", path, {"query": "p(!)"})["error_code"])
        path = "/v1/policies/nosuch?action=explain"
        self.assertEqual(1020, self.refused(404, "POST", path, {"query": "p(1)"})["error_code"])

    def test_one_known_action_is_needed(self) -> None:
        for query in ("", "?action=", "?action=dance", "?action=execute&action=simulate"):
            with self.subTest(query=query):
                self.refused(400, "POST", f"/v1/policies/classification{query}", {})


class DriverTest(ApiTestCase):
    def test_drivers(self) -> None:
        [listed] = self.get("/v1/system/drivers")["results"]
        self.assertEqual({"id": "cloud", "description": "an imaginary cloud"}, listed)
        shown = self.get("/v1/system/drivers/cloud")
        self.assertEqual({"url": "required", "password": "(optional)"}, shown["config"])
        self.assertEqual(["password"], shown["secret"])
        [table] = shown["tables"]
        self.assertEqual("servers", table["table_id"])
        self.assertEqual([{"name": "id", "description": "the id"}], table["columns"])
        self.refused(404, "GET", "/v1/system/drivers/nosuch")
        self.refused(404, "GET", "/v1/system")


class LedgerTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.cloud()
        for number, state in enumerate((ActionState.DONE, ActionState.FAILED)):
            desired = DesiredAction("p", "r", "cloud1", "pause", (f"vm{number}", None))
            entry = LedgerEntry(desired.key, desired, 1, True, state, updated_at=1.7e9 + number)
            self.behind.storage.run(lambda tx, e=entry: tx.ledger.put(e, None))

    def test_the_newest_come_first(self) -> None:
        first, second = self.get("/v1/ledger")["results"]
        self.assertEqual(["vm1", None], first["arguments"])
        self.assertEqual("2023-11-14T22:13:20+00:00", second["updated_at"])
        self.assertIsNone(second["created_at"])

    def test_the_arguments_of_a_person_are_told_one_by_one(self) -> None:
        for text, shown in (
            ('{"positional": ["a", 1], "named": {"b": true}}', ["a", 1, "b=true"]),
            ("odd", ["odd"]),
        ):
            desired = DesiredAction("", "manual/1", "cloud1", "pause", (text,))
            entry = LedgerEntry(
                desired.key, desired, 1, False, ActionState.DONE, manual=True, updated_at=1.8e9
            )
            self.behind.storage.run(lambda tx, e=entry: tx.ledger.put(e, None))
            listed = self.get("/v1/ledger")["results"]
            self.assertIn(shown, [entry["arguments"] for entry in listed])

    def test_filters(self) -> None:
        self.assertEqual(1, len(self.get("/v1/ledger?state=failed")["results"]))
        self.assertEqual(2, len(self.get("/v1/ledger?state=failed,done")["results"]))
        self.assertEqual(1, len(self.get("/v1/ledger?datasource=cloud1&limit=1")["results"]))
        self.refused(404, "GET", "/v1/ledger?datasource=nosuch")
        self.assertIn("in_doubt", self.refused(400, "GET", "/v1/ledger?state=odd")["message"])
        self.refused(400, "GET", "/v1/ledger?limit=0")

    def test_a_decision_goes_to_the_data_source(self) -> None:
        entry = self.get("/v1/ledger?state=failed")["results"][0]
        key = DesiredAction("p", "r", "cloud1", "pause", ("vm1", None)).key
        answer = self.post(f"/v1/ledger/{entry['id']}?action=retry", status=200)
        self.assertEqual([(key, 1, "retry", "noauth")], self.source.decided)
        changed = {"state": "new", "message": "retry by noauth"}
        changed["updated_at"] = "2027-01-15T08:00:00+00:00"
        self.assertEqual({**entry, **changed}, answer)
        self.post(f"/v1/ledger/{entry['id']}?action=mark_done", status=200)
        self.assertEqual("mark-done", self.source.decided[-1][2])

    def test_a_decision_that_does_not_apply_is_a_conflict(self) -> None:
        entry = self.get("/v1/ledger?state=failed")["results"][0]["id"]
        self.refused(409, "POST", f"/v1/ledger/{entry}?action=cancel")
        self.refused(400, "POST", f"/v1/ledger/{entry}?action=forget")
        self.refused(400, "POST", f"/v1/ledger/{entry}")
        message = self.refused(404, "POST", "/v1/ledger/nosuch?action=retry")["diagnostics"]
        self.assertIn("ledger list --long", message[0]["hint"])

    def test_a_decision_needs_the_data_source_and_its_node(self) -> None:
        entry = self.get("/v1/ledger?state=failed")["results"][0]["id"]
        service = self.behind.bus.services.pop("datasource/cloud1")
        self.refused(503, "POST", f"/v1/ledger/{entry}?action=retry")
        self.behind.bus.services["datasource/cloud1"] = service
        self.expect(200, "DELETE", "/v1/data-sources/cloud1")
        self.refused(409, "POST", f"/v1/ledger/{entry}?action=retry")
