"""The strategy ``keystone``: who passes, and what everybody else is told."""

import json
import unittest
from collections.abc import Mapping
from typing import Any
from unittest import mock

import requests_mock
from oslo_config import cfg
from werkzeug.test import Client, TestResponse

from congress.interfaces.auth import CALLER_KEY, AuthContext, Caller
from congress.plugins.auth.keystone import KeystoneAuth

URL = "http://keystone.example/v3"

_TOKEN = {
    "token": {
        "methods": ["password"],
        "user": {"id": "u1", "name": "ada", "domain": {"id": "d", "name": "D"}},
        "project": {"id": "p1", "name": "proj", "domain": {"id": "d", "name": "D"}},
        "roles": [{"id": "r1", "name": "admin"}, {"id": "r2", "name": "reader"}],
        "expires_at": "2999-01-01T00:00:00.000000Z",
        "issued_at": "2020-01-01T00:00:00.000000Z",
        "audit_ids": ["a"],
    }
}


class KeystoneTest(unittest.TestCase):
    def setUp(self) -> None:
        self.callers: list[Caller] = []

    def app(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.callers.append(environ[CALLER_KEY])
        start_response("200 OK", [])
        return [b"ok"]

    def client(self, settings: Mapping[str, str]) -> Client:
        """A client of the application behind the strategy, configured so."""
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[])
        strategy = KeystoneAuth({}, AuthContext(conf, "0.0.0.0"))
        if settings:
            from keystoneauth1 import loading
            from keystonemiddleware.auth_token import _opts

            for group, options in _opts.list_opts():
                conf.register_opts(options, group=group)
            plugin = loading.get_auth_plugin_conf_options("password")
            conf.register_opts(plugin, group="keystone_authtoken")
            for name, value in settings.items():
                conf.set_override(name, value, group="keystone_authtoken")
        return Client(strategy.wrap(self.app))

    def configured(self) -> Client:
        return self.client(
            {
                "auth_type": "password",
                "auth_url": URL,
                "username": "congress",
                "password": "pw",
                "www_authenticate_uri": URL,
            }
        )

    def keystone(self, mocked: requests_mock.Mocker) -> None:
        """An identity service that knows the token ``good``."""
        version = {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": URL}]}
        mocked.get(URL, json={"version": version})
        endpoint = {"interface": "internal", "region": "r", "region_id": "r", "id": "e", "url": URL}
        catalog = [{"type": "identity", "id": "i", "name": "k", "endpoints": [endpoint]}]
        own = {"token": {**_TOKEN["token"], "catalog": catalog}}
        mocked.post(
            f"{URL}/auth/tokens", json=own, headers={"X-Subject-Token": "own"}, status_code=201
        )
        mocked.get(f"{URL}/auth/tokens", json=self._validate)

    @staticmethod
    def _validate(request: Any, context: Any) -> Any:
        if request.headers.get("X-Subject-Token") == "good":
            return _TOKEN
        context.status_code = 404
        return {"error": {"code": 404, "message": "no such token"}}

    def error(self, response: TestResponse) -> Any:
        return json.loads(response.data)["error"]

    def test_unconfigured_it_says_what_to_set(self) -> None:
        with self.assertLogs("congress.plugins.auth.keystone", "ERROR"):
            response = self.client({}).get("/v1")
        self.assertEqual(503, response.status_code)
        self.assertIn("[keystone_authtoken]", self.error(response)["message"])
        self.assertIn("Retry-After", response.headers)

    def test_half_configured_it_says_what_is_missing(self) -> None:
        with self.assertLogs("congress.plugins.auth.keystone", "ERROR"):
            response = self.client({"auth_type": "password"}).get("/v1")
        self.assertEqual(503, response.status_code)
        self.assertIn("auth_url", self.error(response)["message"])

    @requests_mock.Mocker()
    def test_a_good_token(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        response = self.configured().get("/v1", headers={"X-Auth-Token": "good"})
        self.assertEqual((200, b"ok"), (response.status_code, response.data))
        [caller] = self.callers
        self.assertEqual(("u1", "ada", "p1"), (caller.user_id, caller.user_name, caller.project_id))
        self.assertEqual(("admin", "reader"), caller.roles)
        self.assertEqual(["admin", "reader"], caller.credentials["roles"])

    @requests_mock.Mocker()
    def test_no_token_and_a_bad_one(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        client = self.configured()
        for headers in ({}, {"X-Auth-Token": "bad"}):
            response = client.get("/v1", headers=headers)
            self.assertEqual(401, response.status_code)
            self.assertEqual(f'Keystone uri="{URL}"', response.headers["WWW-Authenticate"])
            self.assertEqual(401, self.error(response)["error_code"])
        self.assertEqual([], self.callers)

    @requests_mock.Mocker()
    def test_nobody_can_claim_to_be_confirmed(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        headers = {"X-Identity-Status": "Confirmed", "X-Roles": "admin", "X-User-Id": "root"}
        self.assertEqual(401, self.configured().get("/v1", headers=headers).status_code)
        self.assertEqual([], self.callers)

    @requests_mock.Mocker()
    def test_an_identity_service_that_is_away(self, mocked: requests_mock.Mocker) -> None:
        mocked.register_uri(requests_mock.ANY, requests_mock.ANY, status_code=503)
        with mock.patch("time.sleep"):
            response = self.configured().get("/v1", headers={"X-Auth-Token": "good"})
        self.assertEqual(503, response.status_code)
        self.assertEqual("unavailable", self.error(response)["diagnostics"][0]["code"])
        self.assertEqual([], self.callers)
