"""What every test of this folder has: a cluster of its own, and a receiver of webhooks."""

import unittest
from typing import Any, ClassVar

from tests.ha.cluster import Cluster
from tests.ha.node import Node, Settings, merged
from tests.ha.receiver import Receiver
from tests.ha.servers import BROKER, MARIADB, address


class HACase(unittest.TestCase):
    """A cluster without nodes: a test makes those it needs, and starts them.

    ``server`` is the variable that tells the database server, ``settings`` are options
    of all nodes.
    """

    server: ClassVar[str] = MARIADB
    settings: ClassVar[Settings] = {}

    def setUp(self) -> None:
        self.receiver = self.enterContext(Receiver())
        allowed = {"driver_notify": {"allowed_urls": self.receiver.url}}
        self.cluster = self.enterContext(
            Cluster(address(BROKER), address(self.server), merged(allowed, self.settings))
        )

    def await_rows(self, owner: str, table: str, rows: list[list[Any]], *nodes: Node) -> None:
        """Each node has come to these rows of a policy's table."""
        for node in nodes:
            what = f"{node.name} has {len(rows)} rows of {owner}:{table}"
            self.cluster.wait(lambda node=node: node.api.rows(owner, table) == rows, what)  # type: ignore[misc]
