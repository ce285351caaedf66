"""The end of the HTTP server, on real sockets: who is waited for, and who is not."""

import socket
import threading
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

from congress.api import server as module
from congress.api.server import HttpServer
from congress.kernel.clock import SystemClock
from congress.kernel.threads import SystemThreads

#: More than all the buffers between two ends of a connection hold.
MUCH = 64 * 1024 * 1024
#: Seconds within which everything here has happened, unless it never does.
DEADLINE = 20
#: Seconds that the server may take to end, which nothing here waits for.
FOR_EVER = 3600.0


class EndingTest(unittest.TestCase):
    """``/slow`` is answered when the test says so, ``/much`` with more than fits anywhere."""

    def setUp(self) -> None:
        clock = SystemClock()
        self.entered, self.release = threading.Event(), threading.Event()
        self.addCleanup(self.release.set)
        self.server = HttpServer(
            self.app, "127.0.0.1", 0, threads=SystemThreads(clock), clock=clock
        )
        self.server.start(4, 1024, 4096)
        self.addCleanup(self.server.stop, 1)
        self.ended: list[bool] = []

    def app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = b"x" * (MUCH if environ["PATH_INFO"] == "/much" else 4)
        self.entered.set()
        if environ["PATH_INFO"] == "/slow":
            self.release.wait(DEADLINE)
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def connect(self) -> socket.socket:
        host, port = self.server.url.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)), timeout=DEADLINE)
        self.addCleanup(connection.close)
        return connection

    def ask(self, path: str, version: str = "1.1") -> socket.socket:
        """A connection with a request that is being handled."""
        connection = self.connect()
        self.entered.clear()
        connection.sendall(
            f"GET {path} HTTP/{version}\r\nHost: h\r\nConnection: keep-alive\r\n\r\n".encode()
        )
        self.assertTrue(self.entered.wait(DEADLINE))
        return connection

    def stop(self) -> threading.Thread:
        """Begin to stop the server."""
        stopper = threading.Thread(target=lambda: self.ended.append(self.server.stop(FOR_EVER)))
        stopper.start()
        self.addCleanup(stopper.join, DEADLINE)
        return stopper

    def assert_ended(self, stopper: threading.Thread) -> None:
        stopper.join(DEADLINE)
        self.assertEqual([True], self.ended)

    def test_who_waits_for_an_answer_gets_it_and_is_told_to_come_no_more(self) -> None:
        waiting = [self.ask("/slow", version) for version in ("1.1", "1.0")]
        idle = self.ask("/")
        while b"xxxx" not in idle.recv(4096):
            pass
        stopper = self.stop()
        self.assertEqual(b"", idle.recv(1), "who waits for nothing is let go at once")
        self.release.set()
        for connection in waiting:
            answer = connection.makefile("rb").read().decode()
            self.assertIn("200 OK", answer)
            self.assertIn("Connection: close", answer)
            self.assertNotIn("keep-alive", answer.lower())
        self.assert_ended(stopper)

    def test_who_reads_nothing_is_not_waited_for(self) -> None:
        with mock.patch.object(module, "STALLED", 0.1):
            self.ask("/much")
            self.assert_ended(self.stop())

    def test_who_sends_half_a_request_is_not_waited_for(self) -> None:
        with mock.patch.object(module, "STALLED", 0.1):
            self.connect().sendall(b"GET / HTTP/1.1\r\nHost: ")
            self.ask("/")
            self.assert_ended(self.stop())

    def test_who_reads_gets_all_of_it(self) -> None:
        connection = self.ask("/much")
        stopper = self.stop()
        size = sum(map(len, iter(lambda: connection.recv(1 << 20), b"")))
        self.assertGreater(size, MUCH)
        self.assert_ended(stopper)
