"""Webhooks: with a token, or with a signature instead of one."""

import json
from typing import Any

from werkzeug.test import TestResponse

from congress.model.signature import signature_of
from tests.api.case import BASE, ApiTestCase
from tests.api.fake_datasources import WEBHOOK_SECRET
from tests.api.test_rights import by_token

PATH = "/v1/data-sources/cloud1/webhook"
BODY = '{"event": "é"}'


class SignedWebhookTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud()
        self.serve(by_token)

    def sign(
        self,
        path: str = PATH,
        body: str = BODY,
        *,
        method: str = "POST",
        secret: str = WEBHOOK_SECRET,
        **headers: str,
    ) -> TestResponse:
        """The answer to a signed request; ``headers`` take the place of the right ones."""
        named = {
            "X-Congress-Timestamp": "1700000000",
            "X-Congress-Signature": f"sha256={signature_of(secret, '1700000000', body)}",
            "Content-Type": "application/json",
        }
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            path, method=method, base_url=BASE, data=body.encode(), headers=named
        )

    def assert_refused(self, status: int, response: TestResponse) -> Any:
        """The error object of a refusal."""
        self.assertEqual(status, response.status_code, response.get_data(as_text=True))
        return json.loads(response.data)["error"]

    def test_a_signature_takes_the_place_of_a_token(self) -> None:
        response = self.sign()
        self.assertEqual((200, b""), (response.status_code, response.data))
        self.assertRegex(response.headers["X-Openstack-Request-Id"], "^req-")
        _, method, args = self.behind.bus.calls[-1]
        self.assertEqual(("signed_webhook", BODY), (method, args["body"]))

    def test_without_either_nothing_goes(self) -> None:
        self.refused(401, "POST", PATH, {"event": 1})
        self.assertNotIn("webhook", [method for _, method, _ in self.behind.bus.calls])

    def test_a_token_does_not_mend_a_signature(self) -> None:
        self.assert_refused(401, self.sign(secret="some other secret", X_Auth_Token="admin"))

    def test_a_signature_opens_no_other_route(self) -> None:
        for method, path in (
            ("GET", "/v1/policies"),
            ("DELETE", "/v1/data-sources/cloud1"),
            ("POST", "/v1/data-sources/cloud1?action=execute"),
            ("PUT", "/v1/data-sources/cloud1/tables/servers/rows"),
            ("POST", "/v1/data-sources/cloud1/tables/x%2Fwebhook"),
            ("DELETE", "/v1/policies/webhook"),
        ):
            with self.subTest(method=method, path=path):
                self.assert_refused(401, self.sign(path, method=method))
        self.assert_refused(405, self.sign(method="DELETE"))

    def test_nobody_learns_which_data_sources_there_are(self) -> None:
        wrong = self.sign(secret="some other secret")
        unknown = self.sign("/v1/data-sources/nosuch/webhook")
        self.assert_refused(401, wrong)
        self.assertEqual(wrong.data, unknown.data)
        self.assertEqual(wrong.status, unknown.status)

    def test_malformed_headers(self) -> None:
        for headers in (
            {"X_Congress_Signature": "sha256=abc"},
            {"X_Congress_Signature": "md5=" + "0" * 64},
            {"X_Congress_Signature": ""},
            {"X_Congress_Signature": "sha256=" + "A" * 64},
            {"X_Congress_Timestamp": ""},
            {"X_Congress_Timestamp": "1" * 13},
        ):
            with self.subTest(headers=headers):
                error = self.assert_refused(401, self.sign(**headers))
                self.assertIn("X-Congress-Signature", error["message"])

    def test_a_body_that_cannot_be(self) -> None:
        self.assert_refused(400, self.sign(body="{"))
        self.assert_refused(400, self.sign(body=""))
        self.assert_refused(400, self.sign(body='{"event": "\\u0000"}'))
        self.assert_refused(415, self.sign(Content_Type="text/plain"))
        self.assert_refused(400, self.sign(body='{"other": 1}'))

    def test_strangers_may_send_less(self) -> None:
        self.parts.conf.set_override("max_webhook_bytes", 1024, group="api")
        large = json.dumps({"event": "x" * 2000})
        self.assert_refused(413, self.sign(body=large))
        response = self.send("POST", PATH, {"event": "x" * 2000}, headers={"X-Auth-Token": "admin"})
        self.assertEqual(200, response.status_code)
