"""Nodes of different releases together, as while a cluster is upgraded node by node."""

import shutil
from collections.abc import Sequence
from typing import ClassVar

import sqlalchemy as sa

from congress.bus.versions import SPOKEN
from tests.ha.cluster import START_DEADLINE
from tests.ha.node import ROOT, Node
from tests.ha.watch import WatchCase

RULES = "/v1/policies/classification/rules"
NEWEST = SPOKEN.newest


class ReleaseTest(WatchCase):
    """An engine and a datasource node of this release, and others beside them."""

    engine: ClassVar[Node]
    source: ClassVar[Node]

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        cls.engine, cls.source = cls.cluster.engine("pe-1"), cls.cluster.datasources()
        return cls.engine, cls.source

    def released(self, node: Node, oldest: int, newest: int) -> Node:
        """Let a node be of a release that speaks these versions of the protocol."""
        folder = self.cluster.folder / f"release-{oldest}-{newest}"
        if not folder.exists():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / "congress", folder / "congress", ignore=leave)
            file = folder / "congress" / "bus" / "versions.py"
            own = f"SPOKEN = Versions({SPOKEN.oldest}, {SPOKEN.newest})"
            text = file.read_text()
            self.assertIn(own, text)
            file.write_text(text.replace(own, f"SPOKEN = Versions({oldest}, {newest})"))
        node.environment["PYTHONPATH"] = str(folder)
        return node

    def further(self, name: str, oldest: int, newest: int) -> Node:
        """A further engine, of another release."""
        node = self.released(self.cluster.engine(name), oldest, newest)
        self.addCleanup(node.kill)
        return node

    def test_t20_nodes_are_upgraded_one_by_one_and_go_on_together(self) -> None:
        newer = self.further("pe-2", NEWEST, NEWEST + 1)
        self.cluster.start(newer)
        self.write()
        self.await_all(self.engine, newer)
        self.assertEqual(0, self.source.terminate())
        self.released(self.source, NEWEST, NEWEST + 1)
        self.cluster.start(self.source)
        self.write()
        self.await_all(self.engine, newer)
        newer.api.create_rule("classification", 'word("from the newer")')
        self.await_rows("word", [["from the newer"]], self.engine)

    def test_t20_a_release_too_far_ahead_is_kept_out_and_harms_nobody(self) -> None:
        """It shares the database with the others, and hears nothing of the sources."""
        stranger = self.further("pe-9", NEWEST + 2, NEWEST + 3)
        stranger.start()
        self.cluster.wait(
            lambda: self.engine.reports("pe-9") and stranger.reports("pe-1"),
            "each tells why",
            START_DEADLINE,
        )
        self.write()
        self.await_all(self.engine)

    def test_t20_nodes_go_on_while_the_schema_is_already_that_of_the_next_release(self) -> None:
        """Migrations only add, so the database is upgraded first. A node that starts anew has
        to be of the next release, and one of this release says so."""
        database = sa.create_engine(self.cluster.database.url)
        self.addCleanup(database.dispose)

        def migrate(change: str, version: str) -> str:
            with database.begin() as connection:
                before = connection.exec_driver_sql("SELECT version_num FROM congress_version")
                was = str(before.scalar_one())
                connection.exec_driver_sql(f"ALTER TABLE policy_rule {change}")
                connection.exec_driver_sql(f"UPDATE congress_version SET version_num='{version}'")
            return was

        was = migrate("ADD COLUMN later VARCHAR(10)", "next")
        try:
            self.assertEqual(201, self.engine.api.status("POST", RULES, {"rule": "since(1)"}))
            self.write()
            self.await_all(self.engine)
            late = self.cluster.engine("pe-3")
            late.start()
            self.assertEqual(4, late.wait(START_DEADLINE))
            self.assertIn("perhaps a newer one", late.tail())
        finally:
            migrate("DROP COLUMN later", was)
        self.cluster.start(late)
        self.addCleanup(late.kill)
        self.await_all(self.engine, late)
