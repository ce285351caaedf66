"""Drivers against the real thing: this machine, real files, a real HTTP server."""

import contextlib
import getpass
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from congress.interfaces.datasource import DriverError
from congress.interfaces.plugin import Scope
from congress.model.action import ActionCall
from congress.plugins.datasource.file import FileDriver
from congress.plugins.datasource.host import HostDriver
from congress.plugins.datasource.notify import NotifyDriver
from congress.testing.datasource import (
    DatasourceSuite,
    PollSuite,
    complete_config,
    make_context,
    read_all,
)


class HostConformanceTest(PollSuite, DatasourceSuite, unittest.TestCase):
    driver_class = HostDriver
    steady = False


class HostLiveTest(unittest.TestCase):
    def setUp(self):
        self.probe = make_context()
        self.driver = HostDriver(complete_config(HostDriver, {}), self.probe.context)

    def rows(self, table, **wanted):
        """Rows of a table with the wanted values, as dictionaries."""
        found, done = read_all(self.driver, self.probe, [table])
        self.assertTrue(done.complete, done.failed)
        names = self.driver.schema().tables[table].column_names
        rows = [dict(zip(names, row, strict=True)) for row in found[table]]
        return [row for row in rows if all(row[key] == value for key, value in wanted.items())]

    def test_listener_comes_and_goes(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            self.assertEqual([], self.rows("listeners", protocol="tcp", port=port))
            listener.listen()
            (row,) = self.rows("listeners", protocol="tcp", port=port)
            self.assertEqual(("127.0.0.1", os.getpid()), (row["address"], row["pid"]))
            self.assertEqual((getpass.getuser(), os.geteuid()), (row["username"], row["uid"]))
        self.assertEqual([], self.rows("listeners", protocol="tcp", port=port))

    def test_listener_on_ipv6(self):
        with socket.socket(socket.AF_INET6) as listener:
            listener.bind(("::1", 0))
            listener.listen()
            (row,) = self.rows("listeners", port=listener.getsockname()[1], family="ipv6")
        self.assertEqual("::1", row["address"])

    def test_datagram_socket(self):
        with socket.socket(type=socket.SOCK_DGRAM) as bound:
            bound.bind(("127.0.0.1", 0))
            (row,) = self.rows("listeners", protocol="udp", port=bound.getsockname()[1])
        self.assertEqual(os.getpid(), row["pid"])

    def test_connection(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)) as client:
                (row,) = self.rows("connections", remote_port=port, status="established")
                self.assertEqual(client.getsockname()[1], row["local_port"])

    def test_process_comes_and_goes(self):
        command = [sys.executable, "-c", "import sys; sys.stdin.read()", "Ä-mark"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
            (row,) = self.rows("processes", pid=child.pid)
            self.assertEqual((os.getpid(), "alive"), (row["ppid"], row["status"]))
            (usage,) = self.rows("process_usage", pid=child.pid)
            self.assertGreaterEqual(usage["threads"], 1)
            child.stdin.close()
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            (row,) = self.rows("processes", pid=child.pid)
            self.assertEqual("zombie", row["status"])
        self.assertEqual([], self.rows("processes", pid=child.pid))

    def test_machine_as_a_whole(self):
        (host,) = self.rows("host")
        self.assertEqual(os.uname().nodename, host["hostname"])
        self.assertEqual("Linux", host["system"])
        self.assertEqual([0], [row["uid"] for row in self.rows("users", name="root")])
        (loopback,) = self.rows("addresses", address="127.0.0.1")
        self.assertTrue(self.rows("interfaces", interface=loopback["interface"]))
        self.assertTrue(self.rows("mounts", mount="/"))


class FileLiveTest(unittest.TestCase):
    def test_atomic_replacement_under_the_driver(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            settings = complete_config(FileDriver, {"roots": [name]}, Scope.NODE)
            probe = make_context(settings=settings)
            config = complete_config(FileDriver, {"path": name})
            driver = FileDriver(config, probe.context)
            driver.open()
            self.addCleanup(driver.close)
            for number in range(20):
                fresh = folder / "fresh.tmp"
                fresh.write_text(f"x\n{number}\n")
                fresh.replace(folder / "a.csv")
                found, done = read_all(driver, probe)
                self.assertEqual(({"a": {(number,)}}, True), (found, done.complete))


class Receiver(http.server.ThreadingHTTPServer):
    """Answers what it is told, and keeps what it got."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.received = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request, client_address):
        """A client that hung up is part of the test."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        answer = self.server.answers.pop(0) if self.server.answers else 200
        if callable(answer):
            answer(self)
            return
        status, location = answer if isinstance(answer, tuple) else (answer, None)
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()

    def log_message(self, *_):
        pass


def hang_up(handler):
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


class WebhookLiveTest(unittest.TestCase):
    @contextlib.contextmanager
    def receiver(self, *answers):
        with Receiver(*answers) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield server
            finally:
                server.shutdown()
                thread.join()

    def send(self, server, path="/hook", payload=None, **config):
        settings = complete_config(NotifyDriver, {"allowed_urls": [server.url]}, Scope.NODE)
        probe = make_context(settings=settings)
        driver = NotifyDriver(complete_config(NotifyDriver, config), probe.context)
        named = {"url": server.url + path, "payload": payload}
        call = ActionCall("webhook", tuple(named.values()), named, "key-1")
        return driver.execute(call, probe.clock.monotonic() + 60)

    def test_delivery(self):
        with self.receiver() as server:
            result = self.send(server, "/hook?a=b", {"text": "Ä☕"}, headers={"X-Token": "t"})
        self.assertEqual(200, result.value["status"])
        ((path, headers, body),) = server.received
        self.assertEqual("/hook?a=b", path)
        self.assertEqual({"text": "Ä☕"}, json.loads(body))
        self.assertEqual(("key-1", "t"), (headers["Idempotency-Key"], headers["X-Token"]))

    def test_retry_carries_the_same_key(self):
        with self.receiver(503, 429, 204) as server:
            result = self.send(server)
        self.assertEqual({"status": 204, "attempts": 3}, result.value)
        self.assertEqual(
            {"key-1"}, {headers["Idempotency-Key"] for _, headers, _ in server.received}
        )

    def test_redirect_to_another_host_is_not_followed(self):
        with self.receiver() as other, self.receiver((302, other.url + "/")) as server:
            with self.assertRaisesRegex(DriverError, "redirects are not followed"):
                self.send(server)
            self.assertEqual([], other.received)

    def test_connection_that_breaks_after_the_request(self):
        with self.receiver(hang_up) as server:
            with self.assertRaisesRegex(DriverError, "may or may not have arrived"):
                self.send(server)
            self.assertEqual(1, len(server.received))
        with self.receiver(hang_up, 200) as server:
            result = self.send(server, delivery="at_least_once")
            self.assertEqual(2, result.value["attempts"])

    def test_server_that_never_answers(self):
        free = threading.Event()
        with self.receiver(lambda _: free.wait(10)) as server:
            try:
                with self.assertRaisesRegex(DriverError, "may or may not have arrived"):
                    self.send(server, timeout=0.2)
            finally:
                free.set()

    def test_nobody_listens(self):
        with self.receiver() as server:
            pass
        with self.assertRaisesRegex(DriverError, r"cannot connect \(2 attempts\)"):
            self.send(server, attempts=2)

    def test_endless_answer_is_not_read(self):
        def flood(handler):
            handler.send_response(200)
            handler.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    handler.wfile.write(b"x" * 65536)

        with self.receiver(flood) as server:
            self.assertEqual(200, self.send(server).value["status"])
