"""A Congress of several processes over one broker and one database.

Not a test by itself: what kills nodes for longer, or measures, uses it, too.
"""

import pathlib
import tempfile
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from tests.functional.system import wait_until
from tests.ha.api import DEADLINE
from tests.ha.databases import Database
from tests.ha.node import Node, Settings, merged
from tests.ports import free_port

T = TypeVar("T")

#: Seconds to load the programs of some nodes on a machine with other things to do.
START_DEADLINE = 3 * DEADLINE

#: Quick enough for tests, and slow enough for a machine with other things to do.
PACE = {
    "heartbeat_interval": 0.25,
    "leader_timeout": 2,
    "peer_timeout": 2,
    "lease": 3,
    "safety_resync_period": 5,
}


class Cluster:
    """The nodes, each with what it shares with the others and what is its own.

    :param broker: the URL of the RabbitMQ.
    :param server: the URL of the database server; a database is made there.
    :param settings: options of all nodes.
    """

    def __init__(self, broker: str, server: str, settings: Settings | None = None) -> None:
        self.bus = f"ha-{uuid.uuid4().hex[:12]}"
        self.nodes: list[Node] = []
        self._stack = ExitStack()
        self._broker = broker
        self._server = server
        self._settings = settings or {}

    def __enter__(self) -> "Cluster":
        with ExitStack() as stack:
            self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self.database = stack.enter_context(Database(self._server))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        for node in self.nodes:
            node.kill()
        self._stack.close()

    def engine(self, name: str, settings: Settings | None = None) -> Node:
        """A node with a policy engine and the API, not yet started."""
        return self.add(name, "--api", "--policy-engine", settings=settings)

    def datasources(
        self, name: str = "datasource-node", host: str = "", settings: Settings | None = None
    ) -> Node:
        """A node with the datasource drivers, not yet started."""
        return self.add(name, "--datasources", host=host, settings=settings)

    def add(self, name: str, *flags: str, host: str = "", settings: Settings | None = None) -> Node:
        """A node, not yet started.

        :param host: which of several nodes of one name it is.
        """
        folder = self.folder / (host or name)
        port = free_port()
        own: Settings = {
            "DEFAULT": {"bind_port": port, "state_path": folder / "state"},
            # Queues are named after hosts; two nodes of one name are never on one host.
            "oslo_messaging_rabbit": {"hostname": host or "this-host"},
        }
        node = Node(name, folder, flags, merged(self._common(), own, settings or {}), port)
        self.nodes.append(node)
        return node

    def _common(self) -> Settings:
        defaults = {
            "transport_url": self._broker,
            "auth_strategy": "noauth",
            "bind_host": "127.0.0.1",
            "replicated_policy_engine": True,
            "encryption_key_path": self.folder / "keys",
        }
        shared: Settings = {
            "DEFAULT": defaults,
            "dse": {"bus_id": self.bus, **PACE},
            "database": {"connection": self.database.url, "max_retries": -1},
        }
        return merged(shared, self._settings)

    def start(self, *nodes: Node) -> None:
        """Start nodes, all at once, and wait until they are ready."""
        for node in nodes:
            node.start()
        for node in nodes:
            self.wait(node.ready, f"node {node.name} is ready", START_DEADLINE)

    def wait(self, condition: Callable[[], T], what: str, seconds: float = DEADLINE) -> T:
        """The condition's first true value; a failure after the deadline tells the logs."""
        try:
            return wait_until(condition, what, seconds)
        except AssertionError as error:
            logs = "\n\n".join(f"{node.folder.name}:\n{node.tail()}" for node in self.nodes)
            raise AssertionError(f"{error}\n{logs}") from None
