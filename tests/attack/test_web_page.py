"""A web page that the user looks at, against a server on the same machine without login."""

from werkzeug.test import TestResponse

from tests.api.case import BASE, ApiTestCase

RULE = b'{"rule": "error(1)"}'
RULES = "/v1/policies/classification/rules"


class WebPageTest(ApiTestCase):
    """What a page can make a browser send without asking the server first."""

    def tearDown(self) -> None:
        self.assertEqual({}, self.behind.engine.rules["classification"])

    def assert_shut(self, response: TestResponse) -> None:
        """Refused, and unreadable for the page."""
        self.assertIn(response.status_code, (403, 415), response.get_data(as_text=True))
        self.assertNotIn("Access-Control-Allow-Origin", response.headers)

    def test_a_form_that_posts(self) -> None:
        kinds = (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=b",
        )
        for kind in kinds:
            self.assert_shut(self.send("POST", RULES, data=RULE, content_type=kind))

    def test_a_script_that_posts_blindly(self) -> None:
        for kind in (None, "", "text/plain;application/json", "application/json-patch+json"):
            self.assert_shut(self.send("POST", RULES, data=RULE, content_type=kind))

    def test_a_script_that_asks_first(self) -> None:
        headers = {
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        response = self.send("OPTIONS", RULES, headers=headers)
        self.assertFalse([name for name, _ in response.headers if name.startswith("Access-")])
        headers = {"Origin": "https://evil.example"}
        self.assert_shut(self.send("POST", RULES, {"rule": "error(1)"}, headers=headers))

    def test_a_request_without_a_body(self) -> None:
        self.cloud()
        for origin in ("https://evil.example", "null", "http://127.0.0.1:8080", "file://"):
            headers = {"Origin": origin}
            for path in (
                "/v1/data-sources/cloud1?action=request-refresh",
                "/v1/librarypolicies/load",
            ):
                self.assert_shut(self.send("POST", path, headers=headers))
        self.assertEqual(0, self.behind.bus.services["datasource/cloud1"].refreshed)

    def test_a_name_that_is_made_to_point_here(self) -> None:
        for host in (
            "evil.example:1789",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "[::1",
        ):
            self.assert_shut(self.send("GET", "/v1/policies", headers={"Host": host}))

    def test_headers_that_pretend_to_come_by_a_proxy(self) -> None:
        headers = {"X-Forwarded-Host": "127.0.0.1:1789", "Host": "evil.example"}
        self.assert_shut(self.send("GET", "/v1/policies", headers=headers))

    def test_another_machine_that_pretends_to_be_this_one(self) -> None:
        elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
        for method, path in (("GET", "/v1/policies"), ("DELETE", "/v1/policies/classification")):
            self.assert_shut(self.send(method, path, environ_overrides=elsewhere))

    def test_the_user_himself_gets_through(self) -> None:
        self.get("/v1/policies", headers={"Origin": BASE})
