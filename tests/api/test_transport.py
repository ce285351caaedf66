"""How the API speaks HTTP: discovery, health, methods, media types, limits, headers."""

import pathlib
import re
import tempfile
from unittest import mock

from congress.interfaces.storage import StorageError
from congress.model.status import Health, State
from tests.api.case import BASE, ApiTestCase


class DiscoveryTest(ApiTestCase):
    def test_the_root_needs_no_credentials(self) -> None:
        for method in ("GET", "POST", "DELETE"):
            response = self.client.open("/", method=method, base_url="http://policy.example")
            self.assertEqual(200, response.status_code)
            [version] = response.get_json()["versions"]
            self.assertEqual(("v1", "CURRENT"), (version["id"], version["status"]))
            self.assertIn("updated", version)
            self.assertEqual("http://policy.example/v1/", version["links"][0]["href"])
            self.assertNotIn("X-Openstack-Request-Id", response.headers)

    def test_other_paths_offer_the_choice(self) -> None:
        for path in ("/nope/x", "/v2", "/v10/policies"):
            body = self.expect(300, "GET", path)
            self.assertEqual(f"{BASE}/v1{path}", body["choices"][0]["links"][0]["href"])

    def test_the_version(self) -> None:
        version = self.get("/v1")["version"]
        self.assertEqual("v1", version["id"])
        self.assertEqual(["self", "describedby"], [link["rel"] for link in version["links"]])


class HealthTest(ApiTestCase):
    def test_live_and_ready_are_told_apart(self) -> None:
        cases = [
            (State.OK, 200, 200),
            (State.DEGRADED, 200, 200),
            (State.NOT_READY, 200, 503),
            (State.FAILED, 503, 503),
        ]
        for state, live, ready in cases:
            with self.subTest(state=state):
                self.healths["policy-engine"] = Health(state, "database at mysql://u:p@h")
                self.assertEqual(live, self.send("GET", "/health/live").status_code)
                for path in ("/health/ready", "/healthcheck"):
                    response = self.send("GET", path)
                    self.assertEqual(ready, response.status_code)
                    self.assertEqual({"policy-engine": str(state)}, response.get_json()["services"])
                    self.assertNotIn("mysql", response.get_data(as_text=True))

    def test_a_node_can_be_taken_out_of_service_by_a_file(self) -> None:
        file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "out"
        self.get("/healthcheck")
        self.parts.conf.set_override("disable_by_file_path", str(file), group="healthcheck")
        self.get("/healthcheck")
        file.touch()
        for path, status in (("/healthcheck", 503), ("/health/ready", 503), ("/health/live", 200)):
            self.assertEqual(status, self.send("GET", path).status_code)


class MethodTest(ApiTestCase):
    def test_a_wrong_method_is_told_which_are_right(self) -> None:
        cases = [
            ("PUT", "/v1/policies", "GET, HEAD, OPTIONS, POST"),
            ("PATCH", "/v1/policies/classification/tables/t", "GET, HEAD, OPTIONS"),
            ("POST", "/v1/ledger", "GET, HEAD, OPTIONS"),
            ("DELETE", "/v1", "GET, HEAD, OPTIONS"),
        ]
        for method, path, allowed in cases:
            with self.subTest(method=method, path=path):
                response = self.send(method, path)
                self.assertEqual(405, response.status_code)
                self.assertEqual(allowed, response.headers["Allow"])
                self.assertIn("error", response.get_json())

    def test_head_is_get_without_a_body(self) -> None:
        for path in ("/v1/policies", "/", "/health/ready"):
            response = self.send("HEAD", path)
            self.assertEqual((200, b""), (response.status_code, response.data))

    def test_options(self) -> None:
        response = self.send("OPTIONS", "/v1/policies")
        self.assertEqual((200, b""), (response.status_code, response.data))
        self.assertIn("POST", response.headers["Allow"])

    def test_slashes_make_no_difference(self) -> None:
        for path in ("/v1/", "/v1/policies/", "/v1//policies", "//v1/policies//classification/"):
            with self.subTest(path=path):
                response = self.client.open(
                    path="/", base_url=BASE, environ_overrides={"PATH_INFO": path}
                )
                self.assertEqual(200, response.status_code)

    def test_names_may_be_percent_encoded(self) -> None:
        self.assertEqual("classification", self.get("/v1/policies/cl%61ssification")["name"])
        self.refused(404, "GET", "/v1/policies/%C3%A9%20%22")

    def test_a_nul_in_the_path(self) -> None:
        self.refused(400, "GET", "/v1/policies/a%00b")

    def test_unknown_paths(self) -> None:
        for path in ("/v1/nosuch", "/v1/policies/p/nosuch", "/v1/policies/p/tables/t/rows/1"):
            self.assertEqual(404, self.refused(404, "GET", path)["error_code"])


class MediaTypeTest(ApiTestCase):
    def test_json_under_its_names(self) -> None:
        kinds = ("application/json", "APPLICATION/JSON; charset=UTF-8", "application/json; v=1")
        for number, kind in enumerate(kinds):
            with self.subTest(kind=kind):
                self.post("/v1/policies", {"name": f"p{number}"}, content_type=kind)

    def test_anything_else_is_refused(self) -> None:
        before = self.get("/v1/policies")
        kinds = ("application/x-www-form-urlencoded", "text/plain", "application/json; charset=l1")
        for kind in kinds:
            with self.subTest(kind=kind):
                self.refused(415, "POST", "/v1/policies", {"name": "p"}, content_type=kind)
        self.assertEqual(before, self.get("/v1/policies"))

    def test_answers_are_json_lines(self) -> None:
        for path in ("/v1/policies", "/v1", "/v1/policies/nosuch"):
            response = self.send("GET", path)
            self.assertEqual("application/json", response.headers["Content-Type"])
            self.assertTrue(response.data.endswith(b"}\n"))


class HeaderTest(ApiTestCase):
    def test_every_answer_below_v1_has_a_request_id_of_its_own(self) -> None:
        seen = set()
        for method, path in (("GET", "/v1"), ("GET", "/v1/nosuch"), ("PUT", "/v1/policies")):
            headers = {"X-Openstack-Request-Id": "req-00000000-0000-0000-0000-000000000000"}
            response = self.send(method, path, headers=headers)
            seen.add(response.headers["X-Openstack-Request-Id"])
        self.assertEqual(3, len(seen))
        self.assertTrue(all(re.fullmatch(r"req-[0-9a-f-]{36}", found) for found in seen))

    def test_the_request_id_reaches_the_role(self) -> None:
        response = self.send("POST", "/v1/policies", {"name": "p"})
        _service, _method, args = self.behind.bus.calls[-1]
        self.assertEqual(response.headers["X-Openstack-Request-Id"], args["request_id"])
        self.assertEqual("noauth", args["actor"])

    def test_answers_about_policy_carry_its_revision(self) -> None:
        response = self.send("POST", "/v1/policies", {"name": "p"})
        revision = response.headers["X-Congress-Policy-Revision"]
        self.assertEqual(str(self.behind.engine.revision), revision)
        headers = {"X-Congress-Policy-Revision": revision}
        read = self.send("GET", "/v1/policies/p", headers=headers)
        self.assertEqual(revision, read.headers["X-Congress-Policy-Revision"])

    def test_rows_come_with_the_revision_they_are_of(self) -> None:
        self.post("/v1/policies", {"name": "p"})
        self.behind.engine.rows["p", "t"] = [["a", 1]]
        self.post("/v1/policies/p/rules", {"rule": "t(x, y)"})
        self.behind.bus.calls.clear()
        read = self.send("GET", "/v1/policies/p/tables/t/rows")
        self.assertEqual(
            str(self.behind.engine.revision), read.headers["X-Congress-Policy-Revision"]
        )
        self.assertEqual(["row_list"], [method for _, method, _ in self.behind.bus.calls])

    def test_what_was_done_is_told_when_the_database_is_away_by_then(self) -> None:
        away = StorageError("the database is away")
        with mock.patch("congress.api.backend.Backend.revision", side_effect=away):
            response = self.send("POST", "/v1/policies", {"name": "p"})
        self.assertEqual(201, response.status_code)
        self.assertNotIn("X-Congress-Policy-Revision", response.headers)

    def test_a_revision_that_cannot_be(self) -> None:
        for wrong in ("999", "x", "-1", "1" * 30):
            headers = {"X-Congress-Policy-Revision": wrong}
            self.refused(400, "GET", "/v1/policies", headers=headers)

    def test_hrefs_follow_trusted_proxies_only(self) -> None:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "policy.example"}
        [version] = self.get("/", headers=headers)["versions"]
        self.assertEqual(f"{BASE}/v1/", version["links"][0]["href"])
        conf = self.parts.conf
        conf.set_override("enable_proxy_headers_parsing", True, group="oslo_middleware")
        self.serve()
        [version] = self.get("/", headers=headers)["versions"]
        self.assertEqual("https://policy.example/v1/", version["links"][0]["href"])


class LimitTest(ApiTestCase):
    def test_a_large_body(self) -> None:
        self.behind.conf.set_override("max_request_bytes", 1024, group="api")
        body = {"name": "p", "description": "x" * 2000}
        self.assertEqual(413, self.refused(413, "POST", "/v1/policies", body)["error_code"])
        self.refused(404, "GET", "/v1/policies/p")


class DegradedTest(ApiTestCase):
    def test_without_an_engine(self) -> None:
        del self.behind.bus.services["policy-engine"]
        for method, path, body in (
            ("GET", "/v1/policies", ...),
            ("DELETE", "/v1/policies/p", ...),
            ("POST", "/v1/policies", {"name": "p"}),
            ("GET", "/v1/policies/p/tables/t/rows", ...),
        ):
            response = self.send(method, path, body)
            self.assertEqual(503, response.status_code)
            self.assertTrue(response.headers["Retry-After"].isdigit())
        self.get("/v1/data-sources")
        self.get("/v1/system/drivers")

    def test_without_a_manager(self) -> None:
        del self.behind.bus.services["datasources"]
        self.refused(503, "POST", "/v1/data-sources", {"name": "c", "driver": "cloud"})

    def test_without_storage(self) -> None:
        def fail(*_args: object) -> None:
            raise StorageError("mysql://user:secret@host is away")

        self.behind.storage.read = fail
        error = self.refused(503, "GET", "/v1/data-sources")
        self.assertNotIn("secret", str(error))

    def test_a_fault_gives_nothing_away(self) -> None:
        def fail() -> None:
            raise KeyError("/srv/secret/path")

        self.behind.engine.policy_list = fail
        with self.assertLogs("congress.api.errors", "ERROR"):
            error = self.refused(500, "GET", "/v1/policies")
        self.assertNotIn("secret", str(error))
