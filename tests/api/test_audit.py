"""The audit trail: every write leaves one record, whatever becomes of it."""

from typing import Any

from congress.interfaces.auth import CALLER_KEY, Caller
from congress.interfaces.storage import AuditRecord, StorageError
from tests.api.case import ApiTestCase

MEMBER = Caller("u1", "mia", roles=("member",))


class RecordTest(ApiTestCase):
    def records(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/v1/audit" + query)["results"]
        return found

    def outcomes(self) -> list[tuple[str, str, str]]:
        return [(each["verb"], each["target"], each["outcome"]) for each in self.records()]

    def test_what_no_role_records(self) -> None:
        self.cloud()
        path = "/v1/data-sources/cloud1/tables/pushed/rows"
        sent = self.send("PUT", path, [["a", 1]])
        (record,) = self.records("?verb=datasource:row:replace")
        self.assertEqual("data-sources/cloud1/tables/pushed/rows", record["target"])
        self.assertEqual("ok", record["outcome"])
        self.assertEqual(sent.headers["X-Openstack-Request-Id"], record["request_id"])
        self.assertEqual("noauth", record["actor"])

    def test_what_a_role_records_is_left_to_it(self) -> None:
        self.post("/v1/policies", {"name": "p"})
        self.assertEqual([], self.records())

    def test_refusals(self) -> None:
        self.expect(404, "DELETE", "/v1/policies/nosuch")
        self.expect(400, "POST", "/v1/policies", {"name": "a b"})
        self.assertEqual(
            [
                ("policy:create", "policies", "refused"),
                ("policy:delete", "policies/nosuch", "refused"),
            ],
            self.outcomes(),
        )

    def test_failures(self) -> None:
        self.behind.bus.services.pop("policy-engine")
        self.expect(503, "DELETE", "/v1/policies/p")
        self.assertEqual([("policy:delete", "policies/p", "failed")], self.outcomes())

    def test_denials(self) -> None:
        def as_member(environ: Any, start_response: Any) -> Any:
            environ[CALLER_KEY] = MEMBER
            return self.app(environ, start_response)

        served, self.client.application = self.client.application, as_member
        self.refused(403, "DELETE", "/v1/policies/p")
        self.refused(403, "GET", "/v1/policies")
        self.client.application = served
        (record,) = self.records("?outcome=denied")
        self.assertEqual(("mia", "policy:delete"), (record["actor"], record["verb"]))
        self.assertEqual({"status": 403}, record["details"])

    def test_what_only_asks_leaves_none(self) -> None:
        self.post("/v1/policies", {"name": "p"})
        body = {"query": "p(x)", "sequence": "", "action_policy": "action"}
        self.post("/v1/policies/p?action=simulate", body, 200)
        self.expect(404, "GET", "/v1/policies/nosuch")
        self.expect(400, "POST", "/v1/policies/p?action=nosuch", {})
        self.expect(405, "PUT", "/v1/ledger", {})
        self.assertEqual([], self.records())

    def test_strangers_leave_none(self) -> None:
        self.client.application = self.app
        self.refused(401, "DELETE", "/v1/policies/p")
        self.client.application = self.served
        self.assertEqual([], self.records())

    def test_no_answer_is_lost_because_storage_is_away(self) -> None:
        def away(work: Any, **more: Any) -> Any:
            raise StorageError("away")

        self.cloud()
        self.behind.storage.run = away
        with self.assertLogs("congress.api.audit", "WARNING"):
            self.send("PUT", "/v1/data-sources/cloud1/tables/pushed/rows", [["a", 1]])


class ListTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        for number in range(3):
            record = AuditRecord(
                1_700_000_000.0 + number, f"u{number}", "v", f"t{number}", "ok", f"r{number}"
            )
            self.behind.storage.run(lambda tx, record=record: tx.audit.add(record))

    def actors(self, query: str = "") -> list[str]:
        return [each["actor"] for each in self.get("/v1/audit" + query)["results"]]

    def test_the_newest_first_and_on_from_a_marker(self) -> None:
        self.assertEqual(["u2", "u1", "u0"], self.actors())
        self.assertEqual(["u2", "u1"], self.actors("?limit=2"))
        marker = self.get("/v1/audit?limit=2")["results"][-1]["id"]
        self.assertEqual(["u0"], self.actors(f"?limit=2&marker={marker}"))

    def test_filters(self) -> None:
        self.assertEqual(["u1"], self.actors("?actor=u1"))
        self.assertEqual(["u1"], self.actors("?target=t1&verb=v&request_id=r1&outcome=ok"))
        self.assertEqual(["u2", "u1"], self.actors("?since=2023-11-14T22:13:21Z"))
        self.assertEqual(["u0"], self.actors("?until=2023-11-14T22:13:21"))
        self.assertEqual([], self.actors("?actor=nobody"))

    def test_bad_times(self) -> None:
        for text in ("yesterday", "", "2026-13-01"):
            self.refused(400, "GET", f"/v1/audit?since={text}")
