"""Tokens of a real Keystone, and who gets how far with them.

``script/services`` starts it and tells its URL. Without a URL a class is not made; in
CI that would hide it, so there a test fails instead.
"""

import os
import time
import unittest
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests

from congress.model.signature import signature_of
from tests.api import walk
from tests.functional import identity
from tests.functional.gate import Gate
from tests.functional.live_server import LiveServer
from tests.functional.system import wait_until

#: Who stands for whom, and in which scope.
PEOPLE = {
    walk.MEMBER: ("mo", "demo"),
    "reader of a project": ("pat", "demo"),
    walk.READER: ("ria", "system"),
    walk.ADMIN: ("admin", "admin"),
}


class KeystoneCase:
    """A server that asks the identity service, for all tests of the class."""

    url: ClassVar[str]
    server: ClassVar[LiveServer]
    http: ClassVar[requests.Session]
    tokens: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = LiveServer(identity.settings(cls.url), arguments=())
        cls.addClassCleanup(cls.server.close)  # type: ignore[attr-defined]
        cls.http = cls.enterClassContext(requests.Session())  # type: ignore[attr-defined]
        cls.http.trust_env = False
        cls.tokens = {who: identity.token(cls.url, *person) for who, person in PEOPLE.items()}
        cls.tokens[walk.BAD_TOKEN] = "gAAAAABnot-a-token"

    def send(self, method: str, path: str, who: str, body: object = None) -> requests.Response:
        """The answer to a request of somebody."""
        headers = {"X-Auth-Token": self.tokens[who]} if who in self.tokens else {}
        url = self.server.url + path
        return self.http.request(method, url, json=body, headers=headers, timeout=60)


class WalkSuite(KeystoneCase):
    """Every route of the API by everybody."""

    def refusal(self: Any, step: walk.Step, who: str) -> int | None:
        """The status with which a request is refused for want of rights, if it is."""
        body = {} if step.method in ("POST", "PUT", "PATCH") else None
        response = self.send(step.method, step.path, who, body)
        if response.status_code not in (401, 403):
            return None
        self.assertTrue(response.json()["error"]["diagnostics"])
        return int(response.status_code)

    def test_everybody_gets_exactly_as_far_as_he_may(self: Any) -> None:
        for who in (walk.NOBODY, walk.BAD_TOKEN, walk.MEMBER, walk.READER, walk.ADMIN):
            for step in walk.steps():
                with self.subTest(who=who, method=step.method, path=step.path):
                    self.assertEqual(step.status_for(who), self.refusal(step, who))

    def test_a_role_in_a_project_is_not_one_over_all(self: Any) -> None:
        for path in ("/v1/policies", "/v1/data-sources", "/v1/ledger"):
            self.assertEqual(403, self.send("GET", path, "reader of a project").status_code)

    def test_a_token_that_is_missing_is_asked_for(self: Any) -> None:
        response = self.send("GET", "/v1/policies", walk.NOBODY)
        self.assertEqual(f'Keystone uri="{self.url}"', response.headers["WWW-Authenticate"])
        self.assertRegex(response.headers["X-Openstack-Request-Id"], "^req-")

    def test_nobody_becomes_somebody_by_headers(self: Any) -> None:
        claimed = {
            "X-Identity-Status": "Confirmed",
            "X-User-Id": "admin",
            "X-Roles": "admin",
            "X-Project-Id": "p",
            "OpenStack-System-Scope": "all",
        }
        url = f"{self.server.url}/v1/policies"
        self.assertEqual(401, self.http.get(url, headers=claimed, timeout=60).status_code)
        claimed["X-Auth-Token"] = self.tokens[walk.MEMBER]
        self.assertEqual(403, self.http.get(url, headers=claimed, timeout=60).status_code)

    def test_what_is_done_is_done_in_the_callers_name(self: Any) -> None:
        made = self.send("POST", "/v1/policies", walk.ADMIN, {"name": "audited"})
        self.assertEqual(201, made.status_code)
        seen = self.send("GET", "/v1/policies/audited", walk.READER)
        self.assertEqual("audited", seen.json()["name"])
        for who in (walk.MEMBER, walk.READER):
            self.assertEqual(403, self.send("DELETE", "/v1/policies/audited", who).status_code)
        gone = self.send("DELETE", "/v1/policies/audited", walk.ADMIN)
        self.assertEqual(200, gone.status_code)

    def test_a_signed_webhook_needs_no_token(self: Any) -> None:
        secret = "a secret of the sender"
        source = {"name": "hooked", "driver": "push", "config": {"webhook_secret": secret}}
        made = self.send("POST", "/v1/data-sources", walk.ADMIN, source)
        self.assertEqual(201, made.status_code, made.text)
        body, now = '{"table": "t", "rows": [["x"]]}', str(int(time.time()))
        path = "/v1/data-sources/hooked/webhook"

        def post(signature: str) -> requests.Response:
            headers = {
                "Content-Type": "application/json",
                "X-Congress-Timestamp": now,
                "X-Congress-Signature": f"sha256={signature}",
            }
            return self.http.post(self.server.url + path, data=body, headers=headers, timeout=60)

        self.assertEqual(401, self.send("POST", path, walk.NOBODY, {}).status_code)
        self.assertEqual(401, post(signature_of("another secret", now, body)).status_code)
        self.assertEqual(200, post(signature_of(secret, now, body)).status_code)
        rows = self.send("GET", "/v1/data-sources/hooked/tables/t/rows", walk.READER).json()
        self.assertEqual([{"data": ["x"]}], rows["results"])

    def test_no_token_gets_into_the_log(self: Any) -> None:
        log = self.server.log()
        for token in self.tokens.values():
            self.assertNotIn(token, log)


class OutageSuite(KeystoneCase):
    """A Keystone that cannot be reached at first."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.gate = Gate(urlsplit(cls.url).port or 0)
        cls.addClassCleanup(cls.gate.shut)  # type: ignore[attr-defined]
        cls.url = f"http://127.0.0.1:{cls.gate.port}/v3"
        super().setUpClass()

    gate: ClassVar[Gate]

    def test_without_the_identity_service_nobody_gets_in(self: Any) -> None:
        self.gate.shut()
        response = self.send("GET", "/v1/policies", walk.ADMIN)
        self.assertEqual(503, response.status_code, response.text)
        self.assertIn("Retry-After", response.headers)
        self.assertEqual("unavailable", response.json()["error"]["diagnostics"][0]["code"])
        self.assertEqual(200, self.send("GET", "/", walk.NOBODY).status_code)
        self.gate.reopen()
        wait_until(
            lambda: self.send("GET", "/v1/policies", walk.ADMIN).ok, "tokens are confirmed again"
        )


class MissingServer:
    """Stands in CI for the tests of a server that is not there."""

    def test_the_url_is_set(self: Any) -> None:
        self.assertIn(identity.VARIABLE, os.environ, "start the server with script/services")


def make_tests() -> None:
    """Add the classes, or in CI one that fails if the server cannot be reached."""
    url = os.environ.get(identity.VARIABLE, "")
    if url:
        suites: tuple[type, ...] = (WalkSuite, OutageSuite)
    else:
        suites = (MissingServer,) if os.environ.get("CI") else ()
    for suite in suites:
        name = f"Keystone{suite.__name__}".replace("Suite", "Test")
        names = {"url": url, "__module__": __name__}
        globals()[name] = type(name, (suite, unittest.TestCase), names)


make_tests()
