"""``kill -9`` in the middle of a webhook: an operator decides what becomes of it."""

import http.server
import json
import threading
import unittest
from typing import Any

from tests.functional.system import System, wait_until


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps the idempotency key of each call, and answers none before the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.keys: list[str | None] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is part of the test."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Take a call."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.append(self.headers["Idempotency-Key"])
        self.server.gate.wait(30)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class LedgerDecisionTest(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.receiver = Receiver()
        serving = threading.Thread(target=self.receiver.serve_forever)
        serving.start()
        self.addCleanup(serving.join)
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)
        self.addCleanup(self.receiver.gate.set)
        url = f"http://127.0.0.1:{self.receiver.server_port}/hook"
        self.system = System(self, f"[driver_notify]\nallowed_urls = {url}\n")
        self.system.start()
        self.system.create("/v1/data-sources", name="notify", driver="notify")
        config = {"tables": {"t": ["a"]}, "persist_data": True}
        self.system.create("/v1/data-sources", name="box", driver="push", config=config)
        rule = f'execute[notify:webhook("{url}", x)] :- box:t(x)'
        self.system.create("/v1/policies/classification/rules", rule=rule)
        self.put_in_doubt()

    def put_in_doubt(self) -> None:
        """Kill the server while the webhook has been called and has not answered."""
        rows = f"{self.system.url}/v1/data-sources/box/tables/t/rows"
        wait_until(
            lambda: self.system.http.put(rows, json=[["vm1"]], timeout=30).ok, "the row is taken"
        )
        wait_until(lambda: self.receiver.keys, "the webhook is called")
        self.system.kill()
        self.receiver.gate.set()
        self.system.start()
        wait_until(lambda: self.entry()["state"] == "in_doubt", "it is in doubt")

    def entry(self) -> dict[str, Any]:
        (found,) = json.loads(self.system.congress("ledger", "list", "--long", "-f", "json").stdout)
        return dict(found)

    def test_it_is_executed_again_with_the_same_key(self) -> None:
        number = self.entry()["id"]
        self.system.congress("ledger", "retry", number)
        wait_until(lambda: self.entry()["state"] == "done", "it has been executed")
        self.assertEqual([number, number], self.receiver.keys)
        self.assertEqual(2, self.entry()["attempts"])

    def test_it_is_marked_as_done_and_never_executed_again(self) -> None:
        number = self.entry()["id"]
        self.system.congress("ledger", "mark", "done", number)
        late = self.system.congress("ledger", "retry", number, check=False)
        self.assertEqual(1, late.returncode)
        self.assertIn("this one is done", late.stderr)
        self.system.kill()
        self.system.start()
        rows = f"{self.system.url}/v1/data-sources/box/tables/t/rows"
        after = [["vm1"], ["vm2"]]
        wait_until(
            lambda: self.system.http.put(rows, json=after, timeout=30).ok, "the rows are taken"
        )
        wait_until(lambda: len(self.receiver.keys) == 2, "the next action is executed")
        self.assertEqual(1, self.receiver.keys.count(number))
