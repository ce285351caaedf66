"""The load balancer's sample file, in front of two nodes."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from pathlib import Path

import requests

from tests.functional.system import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "etc/haproxy/congress.cfg"
SERVER = Path(sysconfig.get_path("scripts")) / "congress-server"
PATHS = os.environ["PATH"] + ":/usr/sbin"
NODES = ("pe-1", "pe-2")

#: Each node has all roles: the balancer sees no difference, and no broker is needed.
CONFIG = """[DEFAULT]
bind_host = 127.0.0.1
bind_port = {port}
auth_strategy = noauth
state_path = {folder}/{name}
[node]
id = {name}
[healthcheck]
disable_by_file_path = {folder}/{name}.out
"""


class SampleTest(unittest.TestCase):
    def test_it_is_valid_as_it_is(self) -> None:
        done = subprocess.run(
            ["haproxy", "-c", "-f", SAMPLE],
            env={"PATH": PATHS},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertNotIn("WARNING", done.stderr)


class BalancerTest(unittest.TestCase):
    """The sample with other addresses; everything else is as shipped."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.http = self.enterContext(requests.Session())
        self.http.trust_env = False
        port, ports = free_port(), {}
        for name in NODES:
            ports[name] = free_port()
            file = self.folder / f"{name}.conf"
            file.write_text(CONFIG.format(port=ports[name], folder=self.folder, name=name))
            self.start(name, sys.executable, str(SERVER), "--config-file", str(file))
        text = SAMPLE.read_text().replace("bind :1789", f"bind 127.0.0.1:{port}")
        text = text.replace("/run/haproxy-congress.sock", f"{self.folder}/control")
        text = re.sub(
            r"192\S+ cookie (\S+)", lambda one: f"127.0.0.1:{ports[one[1]]} cookie {one[1]}", text
        )
        (self.folder / "haproxy.cfg").write_text(text)
        self.start("haproxy", "haproxy", "-db", "-f", str(self.folder / "haproxy.cfg"))
        self.url = f"http://127.0.0.1:{port}/v1/policies"
        wait_until(lambda: self.nodes_in_use() == set(NODES), "both nodes are in use")

    def start(self, name: str, *command: str) -> None:
        log = self.enterContext((self.folder / f"{name}.log").open("wb"))
        self.processes[name] = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": PATHS, "PYTHONWARNINGS": "ignore"},
        )
        self.addCleanup(self.end, name)

    def end(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def ask(self, cookie: str = "") -> tuple[int, str]:
        """Status of one request, and the node whose cookie the client has afterwards."""
        self.http.cookies.clear()
        headers = {"Cookie": f"CONGRESS_NODE={cookie}"} if cookie else {}
        try:
            answer = self.http.get(self.url, headers=headers, timeout=30)
        except requests.ConnectionError:
            return 0, ""
        return answer.status_code, answer.cookies.get("CONGRESS_NODE") or cookie

    def nodes_in_use(self) -> set[str]:
        """The nodes that requests without a cookie come to."""
        return {node for status, node in (self.ask() for _ in range(4)) if status == 200}

    def test_a_client_stays_with_its_node(self) -> None:
        for node in NODES:
            for _ in range(4):
                self.assertEqual((200, node), self.ask(node))

    def test_no_request_fails_when_a_node_is_killed(self) -> None:
        self.processes["pe-1"].send_signal(signal.SIGKILL)
        self.processes["pe-1"].wait()
        self.assertEqual([(200, "pe-2")] * 8, [self.ask("pe-1") for _ in range(8)])

    def test_a_node_is_taken_out_of_service_and_back(self) -> None:
        out = self.folder / "pe-1.out"
        out.touch()
        wait_until(lambda: self.ask("pe-1") == (200, "pe-2"), "its clients go to the other node")
        self.assertEqual({"pe-2"}, self.nodes_in_use())
        self.processes["pe-1"].terminate()
        self.assertEqual(0, self.processes["pe-1"].wait(60))
        self.assertEqual({"pe-2"}, self.nodes_in_use())

    def test_a_node_comes_back_when_the_file_is_gone(self) -> None:
        out = self.folder / "pe-1.out"
        out.touch()
        wait_until(lambda: self.nodes_in_use() == {"pe-2"}, "only the other is in use")
        out.unlink()
        wait_until(lambda: self.nodes_in_use() == set(NODES), "both are in use again")
