"""Rows that others push: what was acknowledged is kept, and what is repeated changes nothing."""

import json
import threading
import time
from typing import Any

from congress.model.signature import signature_of
from tests.ha.api import Api
from tests.ha.balancer import Balancer
from tests.ha.case import HACase

ROWS = "/v1/data-sources/box/tables/t/rows"
WEBHOOK = "/v1/data-sources/box/webhook"
SECRET = "known to the sender and nobody else"


class Sender(threading.Thread):
    """Adds rows, each with a key of its own, and sends each until it is acknowledged."""

    def __init__(self, api: Api, name: str) -> None:
        super().__init__()
        self._api = api
        self.acknowledged: list[str] = []
        self.failures: list[str] = []
        self.ended = threading.Event()
        self._name = name

    def run(self) -> None:
        while not self.ended.is_set():
            row = f"{self._name}-{len(self.acknowledged)}"
            answer = self._api.await_answer("POST", ROWS, [[row]], Idempotency_Key=row)
            if not answer.ok:
                self.failures.append(answer.text)
                return
            self.acknowledged.append(row)


class PushTest(HACase):
    """Two engines behind HAProxy, and a datasource node that may move to another host."""

    def setUp(self) -> None:
        super().setUp()
        self.engines = [self.cluster.engine(name) for name in ("pe-1", "pe-2")]
        self.source = self.cluster.datasources()
        self.cluster.start(*self.engines, self.source)
        self.api = self.enterContext(Balancer(self.cluster.folder, *self.engines)).api
        self.api.create_source(
            "box", "push", tables={"t": ["x"]}, persist_data=True, webhook_secret=SECRET
        )
        self.api.create_rule("classification", "q(x) :- box:t(x)")
        self.api.await_push("box", "t", [])

    def move(self) -> None:
        """The datasource node dies and is started on another host."""
        self.source.kill()
        self.source = self.cluster.datasources(host="other-host")
        self.cluster.start(self.source)

    def await_values(self, *values: str) -> None:
        """Both engines have just these rows."""
        self.await_rows("classification", "q", [[value] for value in values], *self.engines)

    def test_t22_a_storm_of_pushes_loses_nothing_when_the_node_dies(self) -> None:
        senders = [Sender(self.api, name) for name in ("a", "b", "c")]
        for sender in senders:
            sender.start()
            self.addCleanup(sender.join)
            self.addCleanup(sender.ended.set)
        for _ in range(2):
            for sender in senders:
                wanted = len(sender.acknowledged) + 5
                self.cluster.wait(lambda: len(sender.acknowledged) >= wanted, "it is told")  # noqa: B023
            if self.source.folder.name != "other-host":
                self.move()
        for sender in senders:
            sender.ended.set()
            sender.join()
            self.assertEqual([], sender.failures)
        self.await_values(*sorted(row for one in senders for row in one.acknowledged))

    def test_t22_without_the_datasource_node_clients_are_told_to_come_back(self) -> None:
        self.source.kill()
        answer = self.api.ask("POST", ROWS, [["a"]])
        self.assertEqual(503, answer.status_code, answer.text)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)

    def test_t22_a_repeated_push_changes_nothing_even_on_another_host(self) -> None:
        self.assertEqual(200, self.push("POST", "a", "first"))
        self.assertEqual(200, self.push("DELETE", "a", "second"))
        self.assertEqual(200, self.push("POST", "a", "first"))
        self.move()
        self.assertEqual(200, self.push("POST", "a", "first"))
        self.assertEqual(200, self.push("POST", "b", "third"))
        self.await_values("b")

    def push(self, method: str, row: str, key: str) -> int:
        return self.api.await_answer(method, ROWS, [[row]], Idempotency_Key=key).status_code

    def test_t22_signed_webhooks_may_come_late_and_are_taken_once(self) -> None:
        early, late = self.signed("a"), self.signed("b")
        self.assertEqual(200, self.deliver(late))
        self.assertEqual(200, self.deliver(early))
        self.assertEqual(409, self.deliver(late))
        self.move()
        self.assertEqual(409, self.deliver(early))
        self.await_values("a", "b")

    def signed(self, row: str) -> dict[str, Any]:
        """A webhook that adds a row, with what proves who sent it."""
        payload = {"table": "t", "upsert": [[row]]}
        stamp = str(int(time.time()))
        signature = signature_of(SECRET, stamp, json.dumps(payload))
        return {
            "body": payload,
            "X_Congress_Timestamp": stamp,
            "X_Congress_Signature": f"sha256={signature}",
        }

    def deliver(self, webhook: dict[str, Any]) -> int:
        return self.api.await_answer("POST", WEBHOOK, **webhook).status_code
