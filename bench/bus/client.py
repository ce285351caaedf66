"""What the benchmark asks of the API, and how it hears of rows.

May import the standard library only.
"""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

#: Seconds that rows may take to be heard of.
PATIENCE = 120.0

TABLE = "/v1/policies/classification/tables/error"


class Client:
    """The API of a node, or of several behind a balancer."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and body of an answer; status 0 if there is none."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            found = answer.read()
            return answer.status, json.loads(found) if found.strip() else None
        except OSError:
            return 0, None
        finally:
            connection.close()

    def put_right(self, method: str, path: str, body: Any) -> None:
        """Have something done, again while a node that it takes is not found."""
        deadline = time.monotonic() + PATIENCE
        status, answer = self.ask(method, path, body)
        while status in (0, 503) and time.monotonic() < deadline:
            time.sleep(0.05)
            status, answer = self.ask(method, path, body)
        if status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {status} {answer}")

    def push(self, rows: list[list[str]], method: str = "POST") -> None:
        """Give the data source rows of its table, beside those it has, or (PUT) instead."""
        self.put_right(method, "/v1/data-sources/cloud/tables/server/rows", rows)

    def count(self) -> int:
        """How many violations there are."""
        status, answer = self.ask("GET", f"{TABLE}/rows?count_only=1")
        return int(answer["count"]) if status == 200 else -1

    def standing(self) -> dict[str, Any]:
        """What the engine of the node knows of the table that is pushed."""
        status, answer = self.ask("GET", "/v1/system/status")
        engine = (answer["nodes"][0]["engine"] if status == 200 else None) or {}
        sources: dict[str, Any] = engine.get("sources", {})
        return dict(sources.get("cloud", {}).get("server", {}))


class Watcher:
    """Hears the violations of one engine as they come, and notes when."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._connection = http.client.HTTPConnection(client.host, client.port)
        self._heard: dict[str, float] = {}
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Watcher":
        headers = {"Accept": "text/event-stream"}
        self._connection.request("GET", f"{TABLE}/changes", headers=headers)
        self._answer = self._connection.getresponse()
        if self._answer.status != 200:
            raise RuntimeError(f"changes: {self._answer.status} {self._answer.read()!r}")
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._connection.sock:
            self._connection.sock.close()
        self._connection.close()

    def when(self, row: str) -> float:
        """When a row was heard of."""
        self._await(lambda: row in self._heard, row)
        return self._heard[row]

    def when_number(self, number: int) -> float:
        """When the last of so many rows was heard of."""
        self._await(lambda: len(self._heard) >= number, f"{number} rows")
        return max(self._heard.values())

    def _await(self, condition: Any, what: str) -> None:
        with self._change:
            if not self._change.wait_for(condition, PATIENCE):
                raise RuntimeError(f"{what} not heard of within {PATIENCE:g} s")

    def _listen(self) -> None:
        try:
            for event in self._events():
                now = time.monotonic()
                with self._change:
                    for row in event["added"]:
                        self._heard.setdefault(str(row[0]), now)
                    self._change.notify_all()
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            return  # it was closed

    def _events(self) -> Iterator[dict[str, Any]]:
        kind = b""
        for line in self._answer:
            if line.startswith(b"event: "):
                kind = line[7:].strip()
            elif line.startswith(b"data: ") and kind == b"change":
                yield json.loads(line[6:])
