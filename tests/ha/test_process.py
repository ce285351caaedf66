"""A process is told to end or to reload while it works, or gets no more of what it needs."""

import itertools
import os
import resource
import signal
import threading
import unittest
from typing import Self

from tests.functional.system import System, wait_until
from tests.ha.node import Node, merged
from tests.ha.watch import TwoEnginesCase

#: Seconds that a node has to end.
LIMIT = 30
#: Seconds beyond it that the end of the process itself may take on a busy machine.
MARGIN = 10
POLICY = "/v1/policies/classification"


class Load:
    """Requests, one after the other, from several threads; entered, it goes on."""

    def __init__(self, *requests: tuple[Node, str, str, object]) -> None:
        self.answers: list[int] = []
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=request) for request in requests * 2
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        wait_until(lambda: self.answers.count(200) > len(self._threads), "requests are answered")
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, node: Node, method: str, path: str, body: object) -> None:
        while not self._ended.is_set():
            status = node.api.status(method, path, body)
            self.answers.append(status)
            if status == 0:
                self._ended.wait(0.05)


class ProcessTest(TwoEnginesCase):
    """Two engines and a datasource node, under load.

    Who ends in order says so; nobody is to be missed because the load is high.
    """

    settings = {
        "DEFAULT": {"shutdown_timeout": LIMIT},
        "dse": {"peer_timeout": 60, "leader_timeout": 60},
    }

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.one.api.create_source("many", "push", tables={"t": ["x"]})
        cls.one.api.create_rule("classification", "copy(x) :- many:t(x)")

    def setUp(self) -> None:
        self.cluster.start(*(node for node in self.cluster.nodes if not node.runs()))
        super().setUp()

    def load(self, node: Node) -> Load:
        """Reads and pushes through a node."""
        rows = [[row] for row in range(200)]
        return Load(
            (node, "GET", f"{POLICY}/tables/copy/rows", None),
            (node, "PUT", "/v1/data-sources/many/tables/t/rows", rows),
        )

    def end(self, node: Node) -> None:
        """SIGTERM; it ends by itself and in order, within its limit."""
        node.signal(signal.SIGTERM)
        self.assertEqual(0, node.wait(LIMIT + MARGIN), node.tail())

    def test_t21_an_engine_that_is_told_to_end_under_load(self) -> None:
        with self.load(self.one) as load:
            self.end(self.one)
        self.assertNotIn(500, load.answers)
        self.cluster.start(self.one)

    def test_t21_a_datasource_node_that_is_told_to_end_under_load(self) -> None:
        with self.load(self.one) as load:
            self.end(self.source)
            self.cluster.wait(lambda: 503 in load.answers[-4:], "pushes are refused for now")
        self.assertLessEqual(set(load.answers), {200, 503})
        self.cluster.start(self.source)
        self.write()
        self.await_all(self.one, self.two)

    def test_t21_options_are_read_again_under_load(self) -> None:
        with self.load(self.one) as load:
            for node in (self.one, self.source):
                before = node.reports("reloaded")
                node.configure(merged(node.settings, {"dse": {"heartbeat_interval": 0.2}}))
                node.signal(signal.SIGHUP)
                self.cluster.wait(
                    lambda node=node, before=before: node.reports("reloaded") > before,  # type: ignore[misc]
                    f"{node.name} has reloaded",
                )
                self.assertIn("1 options changed", node.tail())
        self.assertEqual({200}, set(load.answers))
        self.write()
        self.await_all(self.one, self.two)

    def test_t21_an_engine_that_may_open_nothing_more(self) -> None:
        """As when all its file descriptors are in use."""
        with Shortage(self.one):
            self.write()
            self.await_all(self.two)
        self.await_all(self.one, self.two)

    def test_t21_a_datasource_node_that_may_open_nothing_more(self) -> None:
        """It cannot even open the file that it reads."""
        with Shortage(self.source) as shortage:

            def noticed() -> bool:
                shortage.go_on()
                return self.two.api.rows("classification", "old") == [["seen"]]

            self.cluster.wait(noticed, "the rows are known to be old")
        self.write()
        self.await_all(self.one, self.two)


class Shortage:
    """A node has all the file descriptors that it may have; entered, it lasts."""

    def __init__(self, node: Node) -> None:
        assert node.process is not None
        self._number = node.process.pid
        self._before = resource.prlimit(self._number, resource.RLIMIT_NOFILE)

    def __enter__(self) -> Self:
        self.go_on()
        return self

    def __exit__(self, *exception: object) -> None:
        resource.prlimit(self._number, resource.RLIMIT_NOFILE, self._before)

    def go_on(self) -> None:
        """Take what was closed meanwhile, too: the limit is the first number not in use."""
        used = {int(name) for name in os.listdir(f"/proc/{self._number}/fd")}
        first = next(number for number in itertools.count() if number not in used)
        resource.prlimit(self._number, resource.RLIMIT_NOFILE, (first, self._before[1]))


class FullDiskTest(unittest.TestCase):
    """A Congress of one process, whose database is a file."""

    def setUp(self) -> None:
        self.system = System(self)
        self.system.start()

    def test_t21_a_full_disk_keeps_a_node_from_writing_and_from_nothing_else(self) -> None:
        """Its files may not grow; a full disk answers with another number, and no better."""
        process = self.system.process
        assert process is not None
        rules = f"{self.system.url}{POLICY}/rules"
        self.assertEqual(201, self.system.http.post(rules, json={"rule": "p(1)"}).status_code)
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1024, before[1]))
        self.assertEqual(503, self.system.http.post(rules, json={"rule": "q(1)"}).status_code)
        self.assertEqual([[1]], self.system.rows("classification", "p"))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
        self.assertEqual(201, self.system.http.post(rules, json={"rule": "q(1)"}).status_code)
        self.assertEqual(0, self.system.terminate())
