"""The outermost layer: ids of requests, pages of other sites, faults outside the application."""

from typing import Any

from congress.interfaces.auth import WsgiApp
from tests.api.case import ApiTestCase
from tests.api.test_rights import by_token

SITE = "https://dashboard.example"


class OtherSitesTest(ApiTestCase):
    """Scripts of web pages, where the operator lets some in."""

    def setUp(self) -> None:
        super().setUp()
        self.parts.conf.set_override("allowed_origin", [SITE], group="cors")
        self.serve(by_token)

    def ask_first(self, origin: str, method: str = "POST", header: str = "x-auth-token") -> Any:
        """What a browser asks before it sends a request of a page."""
        return self.send(
            "OPTIONS",
            "/v1/policies",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": header,
            },
        ).headers.get("Access-Control-Allow-Origin")

    def test_a_site_that_is_let_in_may_ask(self) -> None:
        self.assertEqual(SITE, self.ask_first(SITE))
        self.assertEqual(SITE, self.ask_first(SITE, "PATCH", "if-match,idempotency-key"))

    def test_others_may_not(self) -> None:
        self.assertIsNone(self.ask_first("https://evil.example"))
        self.assertIsNone(self.ask_first(SITE, "TRACE"))
        self.assertIsNone(self.ask_first(SITE, header="x-roles"))

    def test_answers_say_whose_page_may_read_them(self) -> None:
        for token, status in (("admin", 200), ("nobody", 401)):
            headers = {"Origin": SITE, "X-Auth-Token": token}
            response = self.send("GET", "/v1/policies", headers=headers)
            self.assertEqual(status, response.status_code)
            self.assertEqual(SITE, response.headers["Access-Control-Allow-Origin"])
            exposed = response.headers["Access-Control-Expose-Headers"].split(",")
            self.assertIn("X-Congress-Policy-Revision", exposed)
        headers["Origin"] = "https://evil.example"
        response = self.send("GET", "/v1/policies", headers=headers)
        self.assertNotIn("Access-Control-Allow-Origin", response.headers)

    def test_without_authentication_no_site_is_let_in(self) -> None:
        self.serve()
        response = self.send("GET", "/v1/policies", headers={"Origin": SITE})
        self.assertEqual(403, response.status_code)


class ClosedTest(ApiTestCase):
    def test_unless_configured_no_page_of_another_site_may_read(self) -> None:
        self.serve(by_token)
        headers = {"Origin": SITE, "X-Auth-Token": "admin"}
        for method in ("GET", "OPTIONS"):
            response = self.send(method, "/v1/policies", headers=headers)
            self.assertEqual(
                [], [name for name, _ in response.headers if name.startswith("Access-")]
            )


class FaultTest(ApiTestCase):
    def test_a_fault_of_the_authentication_is_answered_like_all_others(self) -> None:
        def broken(_app: WsgiApp) -> WsgiApp:
            def fail(*_args: Any) -> Any:
                raise KeyError("/srv/secret/path")

            return fail

        self.serve(broken)
        with self.assertLogs("congress.api.front", "ERROR"):
            error = self.refused(500, "GET", "/v1/policies")
        self.assertEqual("internal", error["diagnostics"][0]["code"])
        self.assertNotIn("secret", str(error))
        with self.assertLogs("congress.api.front", "ERROR"):
            response = self.send("GET", "/v1/policies")
        self.assertRegex(response.headers["X-Openstack-Request-Id"], "^req-")
        self.get("/")
