"""The strategy ``noauth``: this machine may do all, web pages and the network nothing."""

import json
import unittest
from typing import Any

from werkzeug.test import Client, TestResponse

from congress.interfaces.auth import CALLER_KEY, AuthContext, Caller
from congress.plugins.auth.noauth import NoAuth, is_loopback


class NoAuthTest(unittest.TestCase):
    def setUp(self) -> None:
        self.callers: list[Caller] = []

    def app(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.callers.append(environ[CALLER_KEY])
        start_response("200 OK", [])
        return [b""]

    def send(
        self, method: str = "GET", *, bind: str = "127.0.0.1", remote: bool = False, **more: Any
    ) -> TestResponse:
        strategy = NoAuth({"allow_remote": remote}, AuthContext(None, bind))
        more.setdefault("base_url", "http://127.0.0.1:1789")
        more.setdefault("environ_overrides", {"REMOTE_ADDR": "127.0.0.1"})
        return Client(strategy.wrap(self.app)).open("/v1", method=method, **more)

    def assert_refused(self, status: int, response: TestResponse) -> None:
        self.assertEqual(status, response.status_code)
        body = json.loads(response.data)
        self.assertEqual(status, body["error"]["error_code"])
        self.assertTrue(body["error"]["diagnostics"][0]["message"])
        self.assertEqual([], self.callers)

    def test_everybody_is_the_administrator(self) -> None:
        self.assertEqual(200, self.send().status_code)
        self.assertEqual(("admin",), self.callers[0].roles)

    def test_loopback_hosts_pass(self) -> None:
        for host in ("localhost:1789", "127.0.0.1", "127.9.9.9:1", "[::1]:1789", "LOCALHOST"):
            with self.subTest(host=host):
                response = self.send(headers={"Host": host})
                self.assertEqual(200, response.status_code)

    def test_other_hosts_do_not(self) -> None:
        for host in ("evil.example", "10.0.0.1:1789", "localhost.evil.example", "[", "", "0.0.0.0"):
            with self.subTest(host=host):
                self.assert_refused(403, self.send(headers={"Host": host}))

    def test_senders_elsewhere_are_refused_whoever_serves(self) -> None:
        for address in ("192.0.2.7", "::", "2001:db8::1", "", "unix:", "127.0.0.1.example"):
            with self.subTest(address=address):
                sender = {"REMOTE_ADDR": address}
                self.assert_refused(403, self.send(environ_overrides=sender))
        self.assert_refused(403, self.send(environ_overrides={}))
        self.assertEqual(200, self.send(environ_overrides={"REMOTE_ADDR": "::1"}).status_code)

    def test_foreign_origins_are_refused(self) -> None:
        for origin in (
            "http://evil.example",
            "null",
            "http://127.0.0.1:8080",
            "https://127.0.0.1:1789",
        ):
            with self.subTest(origin=origin):
                self.assert_refused(403, self.send("POST", headers={"Origin": origin}))
        own = self.send("POST", headers={"Origin": "http://127.0.0.1:1789"})
        self.assertEqual(200, own.status_code)

    def test_a_body_must_be_declared_as_json(self) -> None:
        for kind in ("text/plain", "application/x-www-form-urlencoded", None):
            with self.subTest(kind=kind):
                self.assert_refused(415, self.send("POST", data=b"{}", content_type=kind))
        for kind in ("application/json", "Application/JSON; charset=utf-8"):
            response = self.send("POST", data=b"{}", content_type=kind)
            self.assertEqual(200, response.status_code)

    def test_no_body_needs_no_declaration(self) -> None:
        self.assertEqual(200, self.send("POST").status_code)

    def test_other_addresses_answer_what_to_set(self) -> None:
        response = self.send(bind="0.0.0.0")
        self.assert_refused(503, response)
        self.assertIn("allow_remote", response.get_data(as_text=True))
        self.assertIn("Retry-After", response.headers)

    def test_unless_they_are_allowed(self) -> None:
        response = self.send(
            bind="0.0.0.0",
            remote=True,
            headers={"Host": "policy.example"},
            environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
        )
        self.assertEqual(200, response.status_code)
        refused = self.send(
            bind="0.0.0.0",
            remote=True,
            headers={"Host": "policy.example", "Origin": "http://evil.example"},
        )
        self.assertEqual(403, refused.status_code)

    def test_loopback(self) -> None:
        self.assertTrue(all(map(is_loopback, ("127.0.0.1", "::1", "localhost"))))
        self.assertFalse(any(map(is_loopback, ("0.0.0.0", "::", "", "host", "192.168.0.1"))))

    def test_it_describes_itself(self) -> None:
        [option] = NoAuth.describe().options
        self.assertEqual(("allow_remote", False), (option.name, option.default))
