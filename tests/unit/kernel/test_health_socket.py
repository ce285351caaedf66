"""A node tells its health on a Unix socket, to its own user only."""

import http.client
import json
import os
import socket
import stat
import tempfile
import unittest
from pathlib import Path
from typing import Any

from congress.kernel.clock import SystemClock
from congress.kernel.health_socket import HealthSocket
from congress.kernel.threads import SystemThreads
from congress.model.diagnostic import Refused
from congress.model.status import Health, State

DEADLINE = 10.0


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=DEADLINE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(str(self._path))


class HealthSocketTest(unittest.TestCase):
    def setUp(self) -> None:
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "health"
        self.parts = {"bus": Health()}

    def open(self) -> HealthSocket:
        threads = SystemThreads(SystemClock())
        made = HealthSocket(str(self.path), "n1", lambda: self.parts, threads)
        self.addCleanup(made.stop)
        made.start()
        return made

    def ask(self, question: str) -> tuple[int, Any]:
        connection = _Connection(self.path)
        self.addCleanup(connection.close)
        connection.request("GET", question)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def test_every_answer_tells_the_health_of_its_moment(self) -> None:
        self.open()
        for state, alive, ready in (
            (State.OK, 200, 200),
            (State.DEGRADED, 200, 200),
            (State.NOT_READY, 200, 503),
            (State.FAILED, 503, 503),
        ):
            with self.subTest(state=state):
                self.parts = {"bus": Health(state, "a reason")}
                self.assertEqual(alive, self.ask("/health/live")[0])
                code, answer = self.ask("/health/ready")
                self.assertEqual(ready, code)
                self.assertEqual(
                    {"status": str(state), "message": "a reason"}, answer["services"]["bus"]
                )
                self.assertEqual(("n1", os.getpid()), (answer["node"], answer["pid"]))

    def test_the_verdict_names_what_failed(self) -> None:
        self.open()
        self.parts = {"bus": Health(State.FAILED, "gone")}
        answer = self.ask("/health/live")[1]
        self.assertEqual(("failed", "bus: gone"), (answer["status"], answer["message"]))

    def test_another_question_is_answered_with_those_there_are(self) -> None:
        self.open()
        self.assertEqual(
            (404, {"paths": ["/health/live", "/health/ready"]}), self.ask("/v1/policies")
        )

    def test_the_socket_is_its_owners_only(self) -> None:
        self.open()
        self.assertEqual(0o600, stat.S_IMODE(self.path.stat().st_mode))

    def test_what_a_killed_process_left_is_replaced(self) -> None:
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(self.path))
        self.open()
        self.assertEqual(200, self.ask("/health/live")[0])

    def test_who_asks_nothing_keeps_nobody_from_asking(self) -> None:
        self.open()
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(self.path))
            self.assertEqual(200, self.ask("/health/live")[0])

    def test_health_that_cannot_be_asked_ends_one_answer_only(self) -> None:
        self.open()
        good, self.parts = self.parts, None  # type: ignore[assignment]
        with self.assertRaises(http.client.RemoteDisconnected):
            self.ask("/health/live")
        self.parts = good
        self.assertEqual(200, self.ask("/health/live")[0])

    def test_after_the_end_there_is_no_socket(self) -> None:
        made = self.open()
        made.stop()
        self.assertFalse(self.path.exists())
        made.stop()

    def test_places_that_cannot_be_are_refused_with_the_option(self) -> None:
        folder = self.path.parent
        (folder / "file").write_text("precious")
        for path in (folder / "missing" / "health", folder / ("x" * 120), folder / "file"):
            with self.subTest(path=path):
                self.path = path
                with self.assertRaises(Refused) as caught:
                    self.open()
                self.assertEqual("bad-configuration", caught.exception.code)
                self.assertIn("[node] health_socket", str(caught.exception.diagnostics[0].render()))
        self.assertEqual("precious", (folder / "file").read_text())

    def test_without_a_path_there_is_nothing(self) -> None:
        quiet = HealthSocket("", "n1", dict, SystemThreads(SystemClock()))
        quiet.start()
        quiet.stop()
        self.assertEqual([], list(self.path.parent.iterdir()))
