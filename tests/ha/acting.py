"""Tests of actions: every row of a pushed table is a webhook to the receiver."""

import threading
from typing import Any

from tests.ha.case import HACase
from tests.ha.node import Node


class ActingCase(HACase):
    """Two engines and a datasource node, of which ``told`` calls the receiver for each row
    of ``box:t``. ``delivery`` is what is promised of the webhooks."""

    delivery = "at_most_once"

    def setUp(self) -> None:
        super().setUp()
        self.engines = [self.cluster.engine(name) for name in ("pe-1", "pe-2")]
        self.source = self.cluster.datasources()
        self.cluster.start(*self.engines, self.source)
        api = self.engines[0].api
        api.create_source("told", "notify", delivery=self.delivery, timeout=60)
        api.create_source("box", "push", tables={"t": ["x"]}, persist_data=True)
        # Only what was pushed as a whole is known to be complete, and acted upon.
        api.await_push("box", "t", [])
        api.create_rule(
            "classification", f'execute[told:webhook("{self.receiver.url}", x)] :- box:t(x)'
        )
        rules = "/v1/policies/classification/rules"
        for engine in self.engines:
            self.cluster.wait(
                lambda engine=engine: engine.api.get(rules)["results"],  # type: ignore[misc]
                f"{engine.name} has the rule",
            )

    def roles(self) -> tuple[Node, Node]:
        """The engine that leads, and the other, once there is a leader and both could be it."""

        def leader() -> Any:
            detail = self.engines[0].api.source_detail("told")
            complete = [name for name, whole in detail.get("engines", {}).items() if whole]
            return len(complete) == 2 and detail["leader"]

        name = self.cluster.wait(leader, "there is a leader")["node"]
        one, two = self.engines
        return (one, two) if name == one.name else (two, one)

    def await_effects(self, *payloads: str) -> None:
        """Each payload took effect once, nothing else did, and the ledger has it so."""
        self.cluster.wait(
            lambda: set(payloads) <= set(self.receiver.effects()), f"{len(payloads)} take effect"
        )
        self.assertEqual(dict.fromkeys(payloads, 1), dict(self.receiver.effects()))


class Pushing(threading.Thread):
    """Pushes rows one by one, each until it is taken, and goes on until it is told to end."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self.pushed: list[str] = []
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            row = f"row-{len(self.pushed)}"
            self.node.api.await_push("box", "t", [[row]], "POST")
            self.pushed.append(row)
            self._ended.wait(0.02)

    def end(self) -> list[str]:
        """All that was pushed."""
        self._ended.set()
        self.join()
        return self.pushed
