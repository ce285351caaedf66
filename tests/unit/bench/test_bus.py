"""Tests of bench.bus: what it asks and hears, and how figures are told."""

import http.server
import threading
import time
import unittest

from bench.bus.client import Client, Watcher
from bench.bus.nodes import await_true
from bench.bus.run import PIECE, report, rows

EVENTS = (
    b"retry: 2000\n\n"
    b'event: columns\ndata: ["a"]\n\n'
    b'event: change\ndata: {"transaction": 1, "removed": [], "added": [["r1"], ["r2"]]}\n\n'
    b'event: mark\ndata: {"transaction": 1, "coverage": []}\n\n'
)


class Handler(http.server.BaseHTTPRequestHandler):
    """An API of which two answers are known."""

    def do_GET(self) -> None:
        """Answer."""
        stream = self.path.endswith("/changes")
        known = {"/v1/policies/classification/tables/error/rows?count_only=1": b'{"count": 2}'}
        body = EVENTS if stream else known.get(self.path, b"")
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.client = Client("127.0.0.1", self.server.server_port)

    def test_violations_are_heard_of_with_the_moment(self) -> None:
        begun = time.monotonic()
        with Watcher(self.client) as watcher:
            self.assertGreaterEqual(watcher.when("r2"), begun)
            self.assertGreaterEqual(watcher.when_number(2), watcher.when("r1"))

    def test_what_is_refused_is_told(self) -> None:
        self.assertEqual(2, self.client.count())
        with self.assertRaisesRegex(RuntimeError, "GET /nowhere: 404"):
            self.client.put_right("GET", "/nowhere", None)
        self.assertEqual({}, self.client.standing())

    def test_what_never_comes_is_told(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "a miracle"):
            await_true(lambda: False, "a miracle", 0.05)


class ReportTest(unittest.TestCase):
    def test_figures_stand_under_their_names(self) -> None:
        way = {"rows_per_second": 1234.5, "p50": 0.012, "p99": 0.1}
        query = {"queries_per_second": 900.0, "p50": 0.004, "p99": 0.05}
        start = {"engine": 4.25, "datasource_node": 3.0}
        text = "\n".join(report({"inproc": way}, {"1 engine": query}, {"10000 rows": start}))
        self.assertRegex(text, r"inproc +1234 +12\.0 +100\.0")
        self.assertRegex(text, r"1 engine +900 +4\.0 +50\.0")
        self.assertRegex(text, r"10000 rows +4\.2 +3\.0")
        self.assertEqual("", "\n".join(report({}, {}, {})))

    def test_rows_are_unique(self) -> None:
        made = rows(0, PIECE) + rows(PIECE, PIECE)
        self.assertEqual(2 * PIECE, len({row[0] for row in made}))
