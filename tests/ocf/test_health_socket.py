"""``congress-server`` tells its health on a socket, from its first moment to its last."""

import json
import subprocess
from typing import Any

from congress.cli.server import parse
from congress.kernel.exit_codes import ExitCode
from tests.functional.test_server_process import DEADLINE, ServerTestCase


class HealthSocketTest(ServerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = self.folder / "health"
        self.flags = ["--node-health-socket", str(self.path)]

    def ask(self, question: str) -> tuple[int, Any]:
        """Asked as the documentation says."""
        url = f"http://localhost/health/{question}"
        done = subprocess.run(
            ["curl", "-s", "--unix-socket", self.path, "-w", "\n%{http_code}", url],
            capture_output=True,
            text=True,
            check=True,
            timeout=DEADLINE,
        )
        body, _, code = done.stdout.rpartition("\n")
        return int(code), json.loads(body)

    def test_a_node_that_starts_is_alive_and_not_ready(self) -> None:
        process = self.spawn(*self.with_role("slow"), *self.flags)
        self.assertEqual("starting", self.line(process))
        self.assertEqual(200, self.ask("live")[0])
        code, answer = self.ask("ready")
        self.assertEqual((503, process.pid), (code, answer["pid"]))
        self.assertIn("node: is starting", answer["message"])

    def test_a_node_that_serves_is_ready_and_takes_its_socket_along(self) -> None:
        process = self.spawn(*self.with_role("good"), *self.flags)
        self.line(process)
        code, answer = self.ask("ready")
        self.assertEqual((200, "n1"), (code, answer["node"]))
        self.assertNotIn("node", answer["services"])
        process.terminate()
        self.assertEqual(ExitCode.CLEAN, process.wait(DEADLINE))
        self.assertFalse(self.path.exists())

    def test_a_node_that_drains_still_tells(self) -> None:
        process = self.spawn(*self.with_role("clinging"), *self.flags)
        self.line(process)
        process.terminate()
        self.assertEqual("clinging", self.line(process))
        self.assertEqual(200, self.ask("live")[0])

    def test_a_place_that_cannot_be_keeps_the_node_from_starting(self) -> None:
        code, _, errors = self.ending(
            *self.with_role("good"), "--node-health-socket", f"{self.folder}/missing/health"
        )
        self.assertEqual(ExitCode.CONFIGURATION, code)
        self.assertIn("--node-health-socket", errors)

    def test_further_processes_of_the_api_leave_it_alone(self) -> None:
        self.assertEqual("", parse(["--api-worker=1", *self.flags]).node.health_socket)
