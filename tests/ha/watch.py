"""Nodes that live as long as a class of tests, and a source whose rows they follow.

For faults that a node must get over without being started anew: each test waits at its
end until all is well again, so the next one begins with the same processes.
"""

import unittest
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from tests.ha.cluster import Cluster
from tests.ha.node import Node, Settings, merged
from tests.ha.servers import BROKER, MARIADB, address

PERIOD = 0.5


class WatchCase(unittest.TestCase):
    """Policy ``classification`` has the rows of a file as ``alarm``, and as ``old`` the
    name of their table while they cannot be relied on."""

    cluster: ClassVar[Cluster]
    settings: ClassVar[Settings] = {}
    file: ClassVar[Path]
    number: ClassVar[int] = 0

    @classmethod
    def setUpClass(cls) -> None:
        folder = cls.enterClassContext(TemporaryDirectory())
        cls.file = Path(folder) / "seen.csv"
        cls.write()
        broker, database = cls.servers()
        settings = merged(cls.settings, {"driver_file": {"roots": folder}})
        cls.cluster = cls.enterClassContext(Cluster(broker, database, settings))
        nodes = cls.make_nodes()
        cls.cluster.start(*nodes)
        api = next(node.api for node in nodes if node.has_api)
        api.create_source("box", "file", path=str(cls.file), poll_time=PERIOD)
        api.create_rule("classification", "alarm(x) :- box:seen(x)")
        api.create_rule("classification", 'old(t) :- _status:tables("box", t, a, c, true, e)')

    @classmethod
    def servers(cls) -> tuple[str, str]:
        """The broker and the database server."""
        return address(BROKER), address(MARIADB)

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        """The nodes, not yet started."""
        raise NotImplementedError

    def setUp(self) -> None:
        self.await_all(*(node for node in self.cluster.nodes if node.has_api and node.runs()))

    @classmethod
    def write(cls) -> None:
        """Change the rows that there are."""
        WatchCase.number += 1
        fresh = cls.file.with_suffix(".new")
        fresh.write_text(f"what\nv{cls.number}\n")
        fresh.rename(cls.file)

    def await_rows(self, table: str, rows: list[list[str]], node: Node) -> None:
        """A node has come to these rows of a table."""
        self.cluster.wait(
            lambda: node.api.rows("classification", table) == rows,
            f"{node.name} has {rows} as {table}",
        )

    def await_all(self, *nodes: Node) -> None:
        """Nodes have the rows that there are, and rely on them."""
        for node in nodes:
            self.await_rows("alarm", [[f"v{self.number}"]], node)
            self.await_rows("old", [], node)

    def await_stale(self, *nodes: Node) -> None:
        """Nodes say that their rows are old, still answer with them, and refuse what takes
        the datasource node."""
        for node in nodes:
            before = node.api.rows("classification", "alarm")
            self.await_rows("old", [["seen"]], node)
            self.assertEqual(before, node.api.rows("classification", "alarm"))
            body = {"name": "further", "driver": "push", "config": {}}
            self.assertEqual(503, node.api.status("POST", "/v1/data-sources", body))


class TwoEnginesCase(WatchCase):
    """Two engines and a datasource node."""

    one: ClassVar[Node]
    two: ClassVar[Node]
    source: ClassVar[Node]

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        cls.one, cls.two = cls.cluster.engine("pe-1"), cls.cluster.engine("pe-2")
        cls.source = cls.cluster.datasources()
        return cls.one, cls.two, cls.source
