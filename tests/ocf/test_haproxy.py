"""The load balancer's sample file, in front of two nodes."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.functional.system import wait_until
from tests.ha.balancer import PATHS, SAMPLE, Balancer
from tests.ha.node import Node, Settings
from tests.ports import free_port

NODES = ("pe-1", "pe-2")


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
    """Each node has all roles: the balancer sees no difference, and no broker is needed."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.one, self.two = self.nodes = [self.start(name) for name in NODES]
        self.balancer = self.enterContext(Balancer(self.folder, *self.nodes))

    def start(self, name: str) -> Node:
        port = free_port()
        settings: Settings = {
            "DEFAULT": {
                "bind_host": "127.0.0.1",
                "bind_port": port,
                "auth_strategy": "noauth",
                "state_path": self.folder / name / "state",
            },
            "healthcheck": {"disable_by_file_path": self.folder / f"{name}.out"},
        }
        node = Node(name, self.folder / name, (), settings, port)
        self.addCleanup(node.kill)
        node.start()
        return node

    def test_a_client_stays_with_its_node(self) -> None:
        for name in NODES:
            for _ in range(4):
                self.assertEqual(name, self.balancer.answered_by(name))

    def test_no_request_fails_when_a_node_is_killed(self) -> None:
        self.one.kill()
        self.assertEqual(["pe-2"] * 8, [self.balancer.answered_by("pe-1") for _ in range(8)])

    def test_a_node_is_taken_out_of_service_and_back(self) -> None:
        out = self.folder / "pe-1.out"
        out.touch()
        wait_until(
            lambda: self.balancer.answered_by("pe-1") == "pe-2", "its clients go to the other"
        )
        self.assertEqual({"pe-2"}, self.balancer.in_use())
        self.assertEqual(0, self.one.terminate())
        self.assertEqual({"pe-2"}, self.balancer.in_use())

    def test_a_node_comes_back_when_the_file_is_gone(self) -> None:
        out = self.folder / "pe-1.out"
        out.touch()
        self.balancer.await_in_use(self.two)
        out.unlink()
        self.balancer.await_in_use(self.one, self.two)
