"""Two servers and a RabbitMQ: policy and API here, datasources there, and the broker killed.

The broker is a private one, because it is killed. Made where ``script/services`` has
told of a RabbitMQ; the tests of the transport say so if it should and has not.
"""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Any

import requests

from tests.functional.private import PrivateBroker
from tests.functional.system import DEADLINE, SCRIPTS, wait_until
from tests.ports import free_port

CONFIG = """[DEFAULT]
transport_url = {broker}
auth_strategy = noauth
bind_host = 127.0.0.1
bind_port = {port}
state_path = {folder}
encryption_key_path = {folder}/keys
[database]
connection = sqlite:///{folder}/congress.db
"""


class Server:
    """A ``congress-server`` with some roles."""

    def __init__(self, case: unittest.TestCase, name: str, config: pathlib.Path) -> None:
        self.log = config.with_name(f"{name}.log")
        self._command = [sys.executable, str(SCRIPTS / "congress-server"), "--node-id", name]
        self._command += ["--config-file", str(config), "--log-file", str(self.log)]
        self._process: subprocess.Popen[bytes] | None = None
        case.addCleanup(self.kill)

    def start(self, *roles: str) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [*self._command, *roles],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """``kill -9``, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=DEADLINE)

    def reports(self, text: str) -> int:
        """How often it logged something."""
        return self.log.read_text().count(text) if self.log.exists() else 0


class TwoNodesCase(unittest.TestCase):
    def setUp(self) -> None:
        self.broker = self.enterContext(PrivateBroker())
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        port = free_port()
        config = folder / "congress.conf"
        config.write_text(CONFIG.format(broker=self.broker.url, port=port, folder=folder))
        self.url = f"http://127.0.0.1:{port}"
        self.http = self.enterContext(requests.Session())
        self.http.trust_env = False
        self.front = Server(self, "front", config)
        self.store = Server(self, "store", config)

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """An answer of the API; a failure if it takes long."""
        begun = time.monotonic()
        answer = self.http.request(method, self.url + path, json=body, timeout=60)
        self.assertLess(time.monotonic() - begun, 30.0, path)
        return answer

    def ready(self) -> bool:
        try:
            return self.ask("GET", "/health/ready").ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def push(self, *values: int) -> requests.Response:
        """The rows of the pushed table, all of them."""
        rows = [[value] for value in values]
        return self.ask("PUT", "/v1/data-sources/cloud/tables/seen/rows", rows)

    def await_reaction(self, *values: int) -> None:
        """Rows are evaluated on one node, and actions have run once each on the other."""

        def rows() -> list[int]:
            found = self.ask("GET", "/v1/policies/classification/tables/alarm/rows").json()
            return sorted(row["data"][0] for row in found["results"])

        def states() -> list[str]:
            return [entry["state"] for entry in self.ask("GET", "/v1/ledger").json()["results"]]

        wait_until(lambda: rows() == list(values), f"rows {values}")
        wait_until(lambda: states() == ["done"] * len(values), "actions are done")
        for value in values:
            self.assertEqual(1, self.store.reports(f"alarm raised {value}"))
            self.assertEqual(0, self.front.reports(f"alarm raised {value}"))


class TwoNodesTest(TwoNodesCase):
    def test_they_work_together_and_survive_the_end_of_the_broker(self) -> None:
        self.front.start("--api", "--policy-engine")
        self.store.start("--datasources")
        wait_until(self.ready, "the API is ready")
        self.create()
        wait_until(lambda: self.push(1).ok, "the data source takes rows")
        self.await_reaction(1)

        wait_until(lambda: self.broker.has_written_down("bus"), "queues are on disk")
        self.broker.kill()
        wait_until(lambda: self.push(1, 2).status_code == 503, "the API says it is unavailable")
        self.assertTrue(self.ask("GET", "/v1/policies/classification/rules").ok)
        self.broker.start()
        wait_until(lambda: self.push(1, 2).ok, "the data source takes rows again")
        self.await_reaction(1, 2)
        self.assertEqual([0, 0], [self.front.terminate(), self.store.terminate()])

    def create(self) -> None:
        """Data sources and a rule, through the API's node."""
        tables = {"tables": {"seen": ["what"]}}

        def created(path: str, body: Any) -> bool:
            """Whether it is there, maybe since an answer got lost."""
            answer = self.ask("POST", path, body)
            self.assertIn(answer.status_code, (201, 409, 503), answer.text)
            return answer.status_code != 503

        for path, body in (
            ("/v1/data-sources", {"name": "cloud", "driver": "push", "config": tables}),
            ("/v1/data-sources", {"name": "notify", "driver": "notify"}),
            ("/v1/policies/classification/rules", {"rule": "alarm(x) :- cloud:seen(x)"}),
            (
                "/v1/policies/classification/rules",
                {"rule": 'execute[notify:log("alarm raised", x)] :- alarm(x)'},
            ),
        ):
            wait_until(functools.partial(created, path, body), f"there is {body}")


if not os.environ.get("CONGRESS_TEST_RABBITMQ_URL"):
    del TwoNodesTest
