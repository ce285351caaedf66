"""The API served by further processes: those of ``api_workers``, and another WSGI server."""

import os
import signal
import subprocess
import sys

from tests.functional.nodes import DEADLINE, NodesCase
from tests.functional.system import free_port, wait_until

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


class WorkersTest(NodesCase):
    def options(self) -> str:
        self.port = free_port()
        return f"bind_port = {self.port}\napi_workers = 3"

    def setUp(self) -> None:
        super().setUp()
        self.node = self.spawn("one")
        self.banner(self.node)
        self.url = f"http://127.0.0.1:{self.port}"
        self.workers = wait_until(lambda: children(self.node), "the workers run")
        self.assertEqual(2, len(self.workers))
        wait_until(self.served, "the workers serve")

    def served(self) -> bool:
        return self.errors().count("the API listens") == 3

    def test_requests_are_answered_by_all(self) -> None:
        self.expect(lambda: self.call("/v1/policies", {"name": "p"})[0] in (201, 409), "a policy")
        for _ in range(40):
            self.expect(lambda: self.call("/v1/policies/p")[0] == 200, "the policy")
        self.assertIn("node one-api-1 starts", self.errors())
        self.assertIn("node one-api-2 starts", self.errors())
        self.assertEqual(1, self.errors().count("policy-engine"), "there is one engine")

    def test_one_that_ends_is_started_anew(self) -> None:
        os.kill(self.workers[0], signal.SIGKILL)
        wait_until(
            lambda: len(set(children(self.node)) - {self.workers[0]}) == 2, "it is started anew"
        )
        self.assertIn("it is started anew", self.errors())

    def test_they_end_with_the_server(self) -> None:
        self.node.terminate()
        self.assertEqual(0, self.node.wait(DEADLINE), self.errors())
        self.assertEqual([], [pid for pid in self.workers if alive(pid)])
        self.assertNotIn("Traceback", self.errors())

    def test_they_end_when_the_server_is_killed(self) -> None:
        self.node.kill()
        self.node.wait()
        wait_until(lambda: not any(map(alive, self.workers)), "the workers have ended")


class OtherServerTest(NodesCase):
    def test_another_wsgi_server_serves_the_api(self) -> None:
        self.banner(self.spawn("pe", "--policy-engine"))
        self.spawned.add("wsgi")
        with (self.folder / "wsgi").open("w") as errors:
            server = subprocess.Popen(
                [sys.executable, "-c", SERVER],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**self.environment, "CONGRESS_CONFIG_FILES": f"{self.folder}/congress.conf"},
                text=True,
            )
        self.addCleanup(self.clear_away, server)
        self.url = self.banner(server).rpartition(" ")[2]
        self.expect(lambda: self.call("/v1/policies", {"name": "p"})[0] in (201, 409), "a policy")
        self.assertEqual(200, self.call("/v1/policies/p")[0])
        self.assertEqual(200, self.call("/health/ready")[0])
        self.assertIn(f"-wsgi-{server.pid} starts", self.errors())
