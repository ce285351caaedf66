"""Roles of a real node fail, and are made anew while the others go on."""

import json
import logging
import select
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from congress.bus import make_bus
from congress.cli.server import parse
from congress.interfaces.role import Service
from congress.kernel.node import Node
from congress.model.status import Health, State

DEADLINE = 30.0
CONFIGURATION = """
[DEFAULT]
state_path = {folder}
bind_port = 0
auth_strategy = noauth
[storage]
backend = memory
[node]
id = n
restart_delay = 0.05
supervision_interval = 0.05
"""


class RestartTest(unittest.TestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        file = Path(folder) / "congress.conf"
        file.write_text(CONFIGURATION.format(folder=folder))
        self.node = Node(parse(["--config-file", str(file)]), make_bus=make_bus)
        self.addCleanup(self.node.stop, DEADLINE)
        self.node.start()

    def expect(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            select.select([], [], [], 0.02)

    def call(self, path: str, body: Any = None) -> Any:
        (url,) = [url for one in self.node.services() if (url := getattr(one, "url", ""))]
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return json.load(answer)

    def is_open(self) -> bool:
        """Whether the data source is served; a node that takes it up anew needs a moment."""
        try:
            status = self.call("/v1/data-sources/s/status")
        except urllib.error.HTTPError as error:
            error.close()
            self.assertEqual(503, error.code)
            return False
        return bool(status["initialized"] == "True")

    def fail_once(self, service: Service) -> None:
        """Let a service say that it failed, and wait for its successor."""
        service.health = lambda: Health(State.FAILED, "a fault of the test")  # type: ignore[method-assign]
        name = service.name
        self.expect(
            lambda: any(
                one.name == name and one is not service and one.health().state is State.OK
                for one in self.node.services()
            ),
            f"{name} runs again",
        )

    def test_each_role_comes_back_with_all_it_knew(self) -> None:
        self.call("/v1/policies", {"name": "p"})
        self.call("/v1/policies/p/rules", {"rule": "q(x) :- s:t(x)"})
        columns = {"tables": {"t": ["x"]}}
        self.call("/v1/data-sources", {"name": "s", "driver": "push", "config": columns})
        for service in list(self.node.services()):
            with self.subTest(service.name):
                self.fail_once(service)
                self.assertIn("p", [one["name"] for one in self.call("/v1/policies")["results"]])
                self.expect(self.is_open, "the data source is open")
        self.node.stop(DEADLINE)
        self.assertEqual({}, self.node.threads.failures())  # type: ignore[attr-defined]
