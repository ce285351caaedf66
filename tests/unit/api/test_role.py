"""The role ``api`` as the kernel runs it: starts, serves, tells its health, stops."""

import json
import unittest
import urllib.error
import urllib.request
from collections.abc import Mapping

from congress.api.role import ApiRole, ApiService
from congress.kernel.clock import SystemClock
from congress.kernel.threads import SystemThreads
from congress.model.diagnostic import Refused
from congress.model.status import Health, State
from congress.plugins.auth.keystone import KeystoneAuth
from tests.api.fakes import make_parts


class RoleTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = SystemClock()
        self.parts, self.behind = make_parts(
            self.clock, SystemThreads(self.clock), self.node_health
        )
        self.parts.conf.set_override("bind_port", 0)

    def node_health(self) -> Mapping[str, Health]:
        return {"api": self.service.health()}

    def start(self) -> None:
        [service] = ApiRole(self.parts).services()
        assert isinstance(service, ApiService)
        self.service = service
        self.assertIs(State.NOT_READY, service.health().state)
        self.addCleanup(service.stop, 5)
        service.start()

    def get(self, path: str) -> tuple[int, object]:
        try:
            with urllib.request.urlopen(self.service.url + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def test_it_serves_until_it_is_stopped(self) -> None:
        self.start()
        self.assertEqual(200, self.get("/v1/policies")[0])
        self.assertEqual(
            (200, {"status": "ok", "services": {"api": "ok"}}), self.get("/healthcheck")
        )
        self.service.stop(5)
        self.assertIs(State.FAILED, self.service.health().state)

    def test_without_authentication_it_stays_on_loopback(self) -> None:
        self.start()
        self.assertTrue(self.service.url.startswith("http://127.0.0.1:"))

    def test_keystone_unconfigured_closes_v1_and_nothing_else(self) -> None:
        plugins = self.parts.plugins
        plugins.known = {**plugins.known, ("auth", "keystone"): KeystoneAuth}  # type: ignore[attr-defined]
        self.parts.conf.set_override("auth_strategy", "keystone")
        self.parts.conf.set_override("bind_host", "127.0.0.1")
        with self.assertLogs("congress.plugins.auth.keystone", "ERROR"):
            self.start()
        self.assertEqual(503, self.get("/v1/policies")[0])
        self.assertEqual(200, self.get("/")[0])
        self.assertEqual(200, self.get("/health/ready")[0])

    def test_a_strategy_that_does_not_exist(self) -> None:
        self.parts.conf.set_override("auth_strategy", "nosuch")
        with self.assertRaises(Refused) as caught:
            self.start()
        self.assertEqual("plugin", caught.exception.code)
