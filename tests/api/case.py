"""The test case of the API tests: the whole application as it is served, on fakes."""

import json
import unittest
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.test import Client, TestResponse

from congress.api.app import create_app
from congress.api.backend import Backend
from congress.api.front import compose
from congress.interfaces.auth import AuthContext, WsgiApp
from congress.model.status import Health
from congress.plugins.auth.noauth import NoAuth
from tests.api.fake_datasources import FakeSource
from tests.api.fakes import make_parts

BASE = "http://127.0.0.1:1789"


def from_here(app: WsgiApp) -> WsgiApp:
    """The application, whose requests come from this machine unless they say otherwise."""

    def called(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ.setdefault("REMOTE_ADDR", "127.0.0.1")
        return app(environ, start_response)

    return called


class ApiTestCase(unittest.TestCase):
    """Sends requests through everything but the network."""

    def setUp(self) -> None:
        self.healths: dict[str, Health] = {}
        self.parts, self.behind = make_parts(health=lambda: self.healths)
        self.strategy = NoAuth({"allow_remote": False}, AuthContext(self.parts.conf, "127.0.0.1"))
        self.app = create_app(Backend(self.parts))
        self.serve()

    def serve(self, wrap: Callable[[WsgiApp], WsgiApp] | None = None) -> None:
        """Serve the application from now on behind ``wrap``, or everybody on this machine."""
        self.served = from_here(compose(self.app, wrap or self.strategy.wrap, self.parts.conf))
        self.client = Client(self.served)

    def send(self, method: str, path: str, body: object = ..., **more: Any) -> TestResponse:
        """A request with a JSON body, if one is given."""
        if body is not ...:
            more.setdefault("data", json.dumps(body))
            more.setdefault("content_type", "application/json")
        return self.client.open(path, method=method, base_url=BASE, **more)

    def get(self, path: str, **more: Any) -> Any:
        """The body of an answer that must be 200."""
        return self.expect(200, "GET", path, **more)

    def post(self, path: str, body: object = ..., status: int = 201, **more: Any) -> Any:
        """The body of an answer that must be 201, or what is said."""
        return self.expect(status, "POST", path, body, **more)

    def expect(self, status: int, method: str, path: str, body: object = ..., **more: Any) -> Any:
        """The JSON body of an answer that must have a status; ``None`` for an empty one."""
        response = self.send(method, path, body, **more)
        self.assertEqual(status, response.status_code, response.get_data(as_text=True))
        text = response.get_data(as_text=True)
        return json.loads(text) if text else None

    def refused(
        self, status: int, method: str, path: str, body: object = ..., **more: Any
    ) -> dict[str, Any]:
        """The error object of an answer that must be a refusal with the one error body."""
        found = self.expect(status, method, path, body, **more)
        self.assertEqual(["error"], list(found))
        error: dict[str, Any] = found["error"]
        self.assertEqual(["message", "error_code", "error_data", "diagnostics"], list(error), error)
        self.assertIsInstance(error["message"], str)
        self.assertIsInstance(error["error_code"], int)
        self.assertTrue(error["diagnostics"])
        self.assertNotIn("Traceback", error["message"])
        return error

    def cloud(self, name: str = "cloud1") -> FakeSource:
        """A data source with a secret, running."""
        config = {"url": "http://x", "password": "s3cret"}
        self.post("/v1/data-sources", {"name": name, "driver": "cloud", "config": config})
        source: FakeSource = self.behind.bus.services[f"datasource/{name}"]
        return source
