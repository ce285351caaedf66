"""Somebody who is told by webhooks, and keeps account of them.

Congress sends a webhook with an idempotency key, which stays the same when the webhook is
sent again. A receiver that honours it takes effect once per key, so what counts is how
many keys a payload came with.
"""

import http.server
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook. ``payload`` is as it was sent, read from JSON; ``at`` is monotonic."""

    key: str
    payload: Any
    path: str
    at: float


class Receiver(http.server.ThreadingHTTPServer):
    """Answers each webhook while ``gate`` is open, and lets it wait while it is shut."""

    daemon_threads = True

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.calls: list[Call] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.gate.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def effects(self) -> Counter[Any]:
        """How often each payload took effect."""
        keys = {(call.key, call.payload) for call in list(self.calls)}
        return Counter(payload for _, payload in keys)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is part of the test."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Take a webhook."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"] or ""
        self.server.calls.append(Call(key, json.loads(body), self.path, time.monotonic()))
        self.server.gate.wait()
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
