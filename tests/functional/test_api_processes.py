"""The API served by further processes: those of ``api_workers``, and other WSGI servers.

With ``api_workers`` they find each other over a transport that needs nothing installed, and
over RabbitMQ, which ``script/services`` starts; without its URL that class is not made.
"""

import os
import signal
import subprocess
import sys
import uuid
from typing import Any

from tests.functional.nodes import DEADLINE, NodesCase
from tests.functional.system import wait_until
from tests.ports import free_port

VARIABLE = "CONGRESS_TEST_RABBITMQ_URL"

SERVER = """
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server
from congress.api.wsgi import application

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

with make_server("127.0.0.1", 0, application, Server) as server:
    print(f"is serving at http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
"""


def children(process: "subprocess.Popen[str]") -> list[int]:
    """The processes that a process started."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(pid) for pid in found.stdout.split()]


def alive(pid: int) -> bool:
    """Whether there is such a process; one that nobody waited for counts as gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class WorkersSuite:
    """What holds of the processes of ``api_workers``, over any transport."""

    def options(self: Any) -> str:
        self.port = free_port()
        return f"bind_port = {self.port}\napi_workers = 3"

    def setUp(self: Any) -> None:
        super().setUp()  # type: ignore[misc]
        self.node = self.spawn("one")
        self.banner(self.node)
        self.url = f"http://127.0.0.1:{self.port}"
        self.workers = wait_until(lambda: children(self.node), "the workers run")
        self.assertEqual(2, len(self.workers))
        wait_until(self.served, "the workers serve")

    def served(self: Any) -> bool:
        return self.errors().count("the API listens") == 3

    def test_requests_are_answered_by_all(self: Any) -> None:
        self.expect(lambda: self.call("/v1/policies", {"name": "p"})[0] in (201, 409), "a policy")
        for _ in range(40):
            self.expect(lambda: self.call("/v1/policies/p")[0] == 200, "the policy")
        self.assertIn("node one-api-1 starts", self.errors())
        self.assertIn("node one-api-2 starts", self.errors())
        self.assertEqual(1, self.errors().count("policy-engine"), "there is one engine")

    def test_one_that_ends_is_started_anew(self: Any) -> None:
        os.kill(self.workers[0], signal.SIGKILL)
        wait_until(
            lambda: len(set(children(self.node)) - {self.workers[0]}) == 2, "it is started anew"
        )
        self.assertIn("it is started anew", self.errors())

    def test_they_end_with_the_server(self: Any) -> None:
        self.node.terminate()
        self.assertEqual(0, self.node.wait(DEADLINE), self.errors())
        self.assertEqual([], [pid for pid in self.workers if alive(pid)])
        self.assertNotIn("Traceback", self.errors())

    def test_they_end_when_the_server_is_killed(self: Any) -> None:
        self.node.kill()
        self.node.wait()
        wait_until(lambda: not any(map(alive, self.workers)), "the workers have ended")


class WorkersTest(WorkersSuite, NodesCase):
    """Over sockets of this machine."""


if VARIABLE in os.environ:

    class RabbitWorkersTest(WorkersSuite, NodesCase):
        """Over a broker, each test on a bus of its own."""

        def options(self) -> str:
            lines = (f"transport_url = {os.environ[VARIABLE]}", super().options(), "[dse]")
            bus = f"transport = oslo\nbus_id = {uuid.uuid4().hex[:8]}"
            return "\n".join((*lines, bus))


class OtherServerTest(NodesCase):
    def setUp(self) -> None:
        super().setUp()
        self.banner(self.spawn("pe", "--policy-engine"))

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a server that loads the application."""
        self.spawned.add("wsgi")
        with (self.folder / "wsgi").open("w") as errors:
            server = subprocess.Popen(
                [sys.executable, *command],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**self.environment, "CONGRESS_CONFIG_FILES": f"{self.folder}/congress.conf"},
                text=True,
            )
        self.addCleanup(self.clear_away, server)
        return server

    def test_another_wsgi_server_serves_the_api(self) -> None:
        server = self.start("-c", SERVER)
        self.url = self.banner(server).rpartition(" ")[2]
        self.expect(lambda: self.call("/v1/policies", {"name": "p"})[0] in (201, 409), "a policy")
        self.expect(lambda: self.call("/v1/policies/p")[0] == 200, "the policy")
        self.expect(lambda: self.call("/health/ready")[0] == 200, "it is ready")
        self.assertIn(f"-wsgi-{server.pid} starts", self.errors())

    def test_gunicorn_serves_the_api_from_several_processes(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        where = ("--bind", f"127.0.0.1:{port}", "congress.api.wsgi:application")
        server = self.start("-m", "gunicorn", "--workers", "2", "--threads", "8", *where)
        workers = wait_until(lambda: len(children(server)) == 2 and children(server), "its workers")
        wait_until(lambda: "Booting worker" in self.errors(), "they serve")
        self.expect(lambda: self.call("/v1/policies", {"name": "p"})[0] in (201, 409), "a policy")
        found: set[str] = set()

        def all_found() -> bool:
            """Whether the node of each process has answered, and found the policy engine."""
            status, told = self.call("/v1/system/status")
            if status == 200 and "pe" in [one["node"] for one in told["nodes"] if one["answers"]]:
                found.add(told["node"].rpartition("-wsgi-")[2])
            return found >= {str(worker) for worker in workers}

        self.expect(all_found, "both find the policy engine")
        for _ in range(20):
            self.expect(lambda: self.call("/v1/policies/p")[0] == 200, "the policy")
        server.terminate()
        self.assertEqual(0, server.wait(DEADLINE), self.errors())
        self.assertNotIn("Traceback", self.errors())
