"""Two engines behind HAProxy: what clients see while nodes come and go."""

import threading
from typing import Any

import requests

from tests.ha.acting import ActingCase
from tests.ha.balancer import COOKIE, Balancer
from tests.ha.case import HACase
from tests.ha.node import Node

REVISION = "X-Congress-Policy-Revision"
RULES = "/v1/policies/classification/rules"


class ManualActionTest(ActingCase):
    def setUp(self) -> None:
        super().setUp()
        self.balancer = self.enterContext(Balancer(self.cluster.folder, *self.engines))

    def test_t07_a_manual_action_is_run_once_whichever_engine_is_asked(self) -> None:
        for number, engine in enumerate(self.engines * 2):
            answer = self.execute(engine, self.receiver.url, f"call-{number}")
            self.assertEqual(200, answer.status_code, answer.text)
            entry = answer.json()
            self.assertEqual(("done", 204), (entry["state"], entry["result"]["status"]))
        wanted = [f"call-{number}" for number in range(4)]
        self.assertEqual(wanted, [call.payload for call in self.receiver.calls])
        self.assertEqual(["done"] * 4, [one["state"] for one in self.engines[0].api.ledger()])

    def test_t07_the_failure_of_a_manual_action_is_told_by_every_engine(self) -> None:
        for engine in self.engines:
            answer = self.execute(engine, "http://127.0.0.1:1/elsewhere", "call")
            self.assertEqual(200, answer.status_code, answer.text)
            self.assertEqual("failed", answer.json()["state"])
            self.assertIn("not allowed", answer.json()["message"])
        self.assertEqual([], self.receiver.calls)

    def execute(self, engine: Node, *args: Any) -> requests.Response:
        """An action that one of the engines is asked for, as its cookie says."""
        api = self.balancer.api
        return api.execute("told", "webhook", *args, Cookie=f"{COOKIE}={engine.name}")


class BalancedCase(HACase):
    """Two engines that can be taken out of service, and HAProxy."""

    def setUp(self) -> None:
        super().setUp()
        self.engines = [self.engine(name) for name in ("pe-1", "pe-2")]
        self.cluster.start(*self.engines)
        self.balancer = self.enterContext(Balancer(self.cluster.folder, *self.engines))

    def engine(self, name: str) -> Node:
        out = self.cluster.folder / f"{name}.out"
        return self.cluster.engine(name, {"healthcheck": {"disable_by_file_path": out}})


class RevisionTest(BalancedCase):
    """A client writes rules, and reads after each."""

    def write(self, number: int, **headers: str) -> requests.Response:
        """One rule more."""
        answer = self.balancer.api.ask("POST", RULES, {"rule": f"seen({number})"}, **headers)
        self.assertEqual(201, answer.status_code, answer.text)
        return answer

    def read(self, **headers: str) -> tuple[int, int, str]:
        """How many rules there are, at which revision, and which node said so."""
        answer = self.balancer.api.ask("GET", RULES, **headers)
        self.assertEqual(200, answer.status_code, answer.text)
        node = answer.cookies.get(COOKIE) or ""
        return len(answer.json()["results"]), int(answer.headers[REVISION]), node

    def test_t28_a_client_that_sends_the_revision_never_sees_an_older_state(self) -> None:
        nodes, last = set(), 0
        for number in range(20):
            revision = self.write(number).headers[REVISION]
            for _ in range(2):
                rules, seen, node = self.read(**{REVISION: revision})
                self.assertEqual(number + 1, rules)
                self.assertGreaterEqual(seen, max(last, int(revision)))
                nodes.add(node)
                last = seen
        self.assertEqual({"pe-1", "pe-2"}, nodes)

    def test_t28_a_client_that_keeps_its_cookie_stays_with_its_node(self) -> None:
        cookie = {"Cookie": f"{COOKIE}=pe-2"}
        last = 0
        for number in range(20):
            self.write(number, **cookie)
            rules, seen, _ = self.read(**cookie)
            self.assertEqual(number + 1, rules)
            self.assertGreater(seen, last)
            last = seen
        self.assertEqual(20, self.engines[1].reports('"verb": "policy:rule:create"'))


class Client(threading.Thread):
    """Reads and writes all the time, and notes each status. Status 0 stands for no answer."""

    def __init__(self, balancer: Balancer, name: str, cookie: str) -> None:
        super().__init__()
        self.statuses: list[int] = []
        self.ended = threading.Event()
        self._api = balancer.api
        self._name = name
        self._headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}

    def run(self) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            body = {"rule": f"from_{self._name}({number})"}
            for method, path, what in (
                ("POST", RULES, body),
                ("GET", "/v1/policies/classification/tables", None),
                ("GET", "/v1/data-sources", None),
            ):
                self.statuses.append(self._api.status(method, path, what, **self._headers))


class DrainTest(BalancedCase):
    def test_t29_no_request_fails_while_each_node_is_restarted(self) -> None:
        clients = [Client(self.balancer, f"c{n}", name) for n, name in enumerate(("", "pe-1"))]
        for client in clients:
            client.start()
            self.addCleanup(client.join)
            self.addCleanup(client.ended.set)
        for node, other in (self.engines, self.engines[::-1]):
            self.restart(node, other)
        for client in clients:
            client.ended.set()
            client.join()
            self.assertEqual({200, 201}, set(client.statuses))
            self.assertGreater(len(client.statuses), 20)

    def restart(self, node: Node, other: Node) -> None:
        """As the guide says: out of service, until HAProxy has noticed; stop; start; back."""
        out = self.cluster.folder / f"{node.name}.out"
        out.touch()
        self.balancer.await_in_use(other)
        self.assertEqual(0, node.terminate())
        out.unlink()
        node.start()
        self.balancer.await_in_use(node, other)
