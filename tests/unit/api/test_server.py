"""The HTTP server on real sockets: serves, refuses in JSON, drains, and says why it cannot."""

import http.client
import json
import socket
import threading
import unittest
from typing import Any

from congress.api.server import HttpServer
from congress.kernel.clock import SystemClock
from congress.kernel.threads import SystemThreads
from congress.model.diagnostic import Refused
from tests.ports import deaf_port


class ServerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = SystemClock()
        self.entered = threading.Event()
        self.release = threading.Event()

    def app(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            self.entered.set()
            self.release.wait(10)
        body = b'{"ok": true}'
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def serve(self, port: int = 0) -> HttpServer:
        threads = SystemThreads(self.clock)
        server = HttpServer(self.app, "127.0.0.1", port, threads=threads, clock=self.clock)
        self.addCleanup(server.stop, 1)
        server.start(2, 1024, 4096)
        return server

    def connect(self, server: HttpServer) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        self.addCleanup(connection.close)
        return connection

    def test_it_serves(self) -> None:
        connection = self.connect(self.serve())
        for _ in range(2):
            connection.request("GET", "/")
            self.assertEqual(b'{"ok": true}', connection.getresponse().read())

    def test_what_is_not_http_is_refused_in_json(self) -> None:
        server = self.serve()
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            raw.sendall(b"nonsense\r\n\r\n")
            answer = raw.makefile("rb").read()
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertIn(b" 400 ", head)
        self.assertEqual(400, json.loads(body)["error"]["error_code"])

    def test_a_huge_body_is_refused_in_json(self) -> None:
        connection = self.connect(self.serve())
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(1 << 40))
        connection.endheaders()
        response = connection.getresponse()
        self.assertEqual(413, response.status)
        self.assertEqual(
            "too-large", json.loads(response.read())["error"]["diagnostics"][0]["code"]
        )

    def test_a_huge_head_is_refused_in_json(self) -> None:
        for size, status in ((3000, 200), (5000, 431)):
            connection = self.connect(self.serve())
            connection.request("GET", "/", headers={"X-Auth-Token": "t" * size})
            response = connection.getresponse()
            self.assertEqual(status, response.status)
            body = json.loads(response.read())
        self.assertEqual("too-large", body["error"]["diagnostics"][0]["code"])

    def test_stopping_answers_what_has_arrived(self) -> None:
        server = self.serve(deaf_port(self))
        connection = self.connect(server)
        connection.request("GET", "/slow")
        self.assertTrue(self.entered.wait(10))
        stopper = threading.Thread(target=server.stop, args=(10,))
        stopper.start()
        self.release.set()
        self.assertEqual(200, connection.getresponse().status)
        stopper.join(10)
        self.assertFalse(stopper.is_alive())
        self.assertFalse(server.alive())
        with self.assertRaises(ConnectionRefusedError):
            self.connect(server).connect()

    def test_a_request_that_does_not_end_is_abandoned(self) -> None:
        server = self.serve()
        self.connect(server).request("GET", "/slow")
        self.assertTrue(self.entered.wait(10))
        self.assertFalse(server.stop(0.2))
        self.release.set()

    def test_a_port_in_use(self) -> None:
        first = self.serve()
        with self.assertRaises(Refused) as caught:
            self.serve(int(first.url.rsplit(":", 1)[1]))
        self.assertEqual("bad-configuration", caught.exception.code)
        self.assertIn("bind_port", caught.exception.diagnostics[0].hint)
