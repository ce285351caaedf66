"""The nodes, servers and the receiver of a series, and its load."""

import time
from contextlib import ExitStack
from typing import Any, Protocol

import requests

from tests.ha.cluster import Cluster
from tests.ha.node import Node, Settings
from tests.ha.receiver import Receiver
from tests.ha.soak.load import Load

#: What is set if nothing is set.
DEFAULTS: Settings = {
    "dse": {
        "heartbeat_interval": 0.5,
        "leader_timeout": 2,
        "peer_timeout": 3,
        "lease": 5,
        "safety_resync_period": 60,
    }
}
#: Seconds after which what should have come by itself does not come any more.
DEADLINE = 120.0


class Server(Protocol):
    """A server that can be killed; see ``PrivateServer``."""

    def urls(self) -> list[str]:
        """Where nodes find it."""

    def kill(self) -> None:
        """As ``kill -9``."""

    def start(self) -> None:
        """Start it again."""


class Scene:
    """Two policy engines, datasource nodes, and a load through them.

    :param delivery: what is promised of the actions.
    :param standby: whether a second datasource node waits to take over.
    """

    def __init__(
        self,
        broker: Server,
        database: Server,
        *,
        delivery: str,
        standby: bool,
        rate: float,
    ) -> None:
        self.broker = broker
        self.database = database
        self.repeats = delivery == "at_least_once"
        self._delivery = delivery
        self._names = ["ds-1", "ds-2"] if standby else ["ds-1"]
        self._rate = rate
        self._stack = ExitStack()

    def __enter__(self) -> "Scene":
        with ExitStack() as stack:
            self.receiver = stack.enter_context(Receiver())
            settings = {**DEFAULTS, "driver_notify": {"allowed_urls": self.receiver.url}}
            (broker,), (database,) = self.broker.urls(), self.database.urls()
            self.cluster = stack.enter_context(Cluster(broker, database, settings))
            self.engines = [self.cluster.engine(name) for name in ("pe-1", "pe-2")]
            self.sources = [self.cluster.datasources(name) for name in self._names]
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                self.cluster.wait(node.ready, f"node {node.name} is ready", DEADLINE)
            self._prepare()
            self.load = Load(self.engines, self._rate, lambda: len(self.receiver.calls))
            self.load.start()
            stack.callback(self.load.end)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def nodes(self) -> list[Node]:
        """All of them."""
        return [*self.engines, *self.sources]

    def ready(self) -> bool:
        """Whether every node is, and both engines' actions are complete."""
        if not all(node.ready() for node in self.nodes):
            return False
        status = self._status()
        return bool(status.get("leader")) and status["engines"] == dict.fromkeys(
            (node.name for node in self.engines), True
        )

    def await_ready(self) -> None:
        """Wait for that."""
        self.cluster.wait(self.ready, "all nodes are ready", DEADLINE)

    def owner(self) -> Node:
        """The datasource node that acts."""
        name = self.cluster.wait(self._status, "the actions have an owner", DEADLINE)["node"]
        return next(node for node in self.sources if node.name == name)

    def await_action(self) -> None:
        """Wait until a row has its action that was pushed from now on."""
        now = time.monotonic()

        def acted() -> bool:
            fresh = {row for row, at in list(self.load.taken.items()) if at > now}
            return any(call.payload in fresh for call in self.receiver.calls[-1000:])

        self.cluster.wait(acted, "actions are run", DEADLINE)

    def doubtful(self) -> set[str]:
        """The rows whose action is in doubt."""
        entries = self.engines[0].api.ledger("?state=in_doubt")
        return {str(argument) for entry in entries for argument in _leaves(entry["arguments"])}

    def _status(self) -> dict[str, Any]:
        """How the receiver's data source is; nothing if that cannot be told now."""
        try:
            return self.engines[0].api.source_detail("told")
        except requests.RequestException:
            return {}

    def _prepare(self) -> None:
        api = self.engines[0].api
        api.create_source("told", "notify", delivery=self._delivery, timeout=60)
        api.create_source("box", "push", tables={"t": ["x"]}, persist_data=True)
        # Only what was pushed as a whole is known to be complete, and acted upon.
        api.await_push("box", "t", [])
        api.create_rule(
            "classification", f'execute[told:webhook("{self.receiver.url}", x)] :- box:t(x)'
        )


def _leaves(value: object) -> list[object]:
    """The values of a call's arguments, however they are given."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]
