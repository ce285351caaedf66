"""The test case of tests on a real server with all roles, and what is on it."""

import json
import unittest
from typing import Any, ClassVar

import requests

from tests.functional.live_server import LiveServer
from tests.functional.system import wait_until

TABLES = {"servers": ["id", "size"], "events": {"columns": ["time", "type"], "key": ["time"]}}
SECRET = "a-secret-for-webhooks"

#: Every path with a GET that was answered with 200.
READABLE = (
    "/",
    "/v1",
    "/v1/",
    "/v1/policies",
    "/v1/policies/audit",
    "/v1/policies/audit/status",
    "/v1/policies/audit/rules",
    "/v1/policies/audit/rules/{rule}",
    "/v1/policies/audit/rules/{rule}/status",
    "/v1/policies/audit/tables",
    "/v1/policies/audit/tables/error",
    "/v1/policies/audit/tables/error/rows",
    "/v1/data-sources",
    "/v1/data-sources/cloud",
    "/v1/data-sources/cloud/schema",
    "/v1/data-sources/cloud/status",
    "/v1/data-sources/cloud/actions",
    "/v1/data-sources/cloud/tables",
    "/v1/data-sources/cloud/tables/servers",
    "/v1/data-sources/cloud/tables/servers/spec",
    "/v1/data-sources/cloud/tables/servers/rows",
    "/v1/librarypolicies",
    "/v1/librarypolicies/{library}",
    "/v1/system/drivers",
    "/v1/system/drivers/push",
)


class LiveCase(unittest.TestCase):
    """A server with a policy, a data source and a library policy."""

    server: ClassVar[LiveServer]
    ids: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = LiveServer()
        cls.addClassCleanup(cls.server.close)
        config = {"tables": TABLES, "webhook_secret": SECRET, "persist_data": "true"}
        rule = {"rule": "error(x) :-\n  cloud:servers(x, s), builtin:gt(s, 5)", "name": "big"}
        cls.ids = {
            "source": cls.send(
                "POST", "/v1/data-sources", {"name": "cloud", "driver": "push", "config": config}
            ).json()["id"],
            "policy": cls.send("POST", "/v1/policies", {"name": "audit"}).json()["id"],
            "rule": cls.send("POST", "/v1/policies/audit/rules", rule).json()["id"],
            "library": cls.send(
                "POST", "/v1/librarypolicies", {"name": "shelf", "rules": [{"rule": "p(1)"}]}
            ).json()["id"],
        }
        rows = [["vm1", 2], ["vm2", 8]]
        path = "/v1/data-sources/cloud/tables/servers/rows"
        wait_until(lambda: cls.send("PUT", path, rows).ok, "the data source takes rows")
        path = "/v1/policies/audit/tables/error/rows"
        wait_until(lambda: "vm2" in cls.send("GET", path).text, "they have been evaluated")

    @classmethod
    def send(cls, method: str, path: str, body: object = ..., **headers: str) -> requests.Response:
        """Send a request to the server."""
        data = None if body is ... else json.dumps(body)
        sent = {"Content-Type": "application/json", **headers} if data else headers
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, cls.server.url + path, data=data, headers=sent)

    def expect(self, status: int, method: str, path: str, body: object = ...) -> Any:
        """The JSON of an answer that must have a status."""
        response = self.send(method, path, body)
        self.assertEqual(status, response.status_code, f"{method} {path}: {response.text}")
        return response.json() if response.content else None

    def get(self, path: str) -> Any:
        return self.expect(200, "GET", path)

    def error(self, status: int, method: str, path: str, body: object = ...) -> dict[str, Any]:
        """The error object of a refusal, which must have the one form."""
        error: dict[str, Any] = self.expect(status, method, path, body)["error"]
        self.assertIsInstance(error["message"], str)
        self.assertIsInstance(error["error_code"], int)
        self.assertNotIn("Traceback", error["message"])
        self.assertNotIn("/congress/", error["message"])
        return error

    def policy(self, name: str, *rules: str) -> dict[str, Any]:
        """A policy with rules, deleted after the test."""
        body = {"name": name, "rules": [{"rule": rule} for rule in rules]}
        made: dict[str, Any] = self.expect(201, "POST", "/v1/policies", body)
        self.addCleanup(self.send, "DELETE", f"/v1/policies/{name}")
        return made
