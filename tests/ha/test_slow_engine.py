"""An engine stands still, is flooded, or computes for long: nobody else is held up.

With a pause of some seconds, some thousand rows and small limits instead of a minute, a
million and those of the options: what is exceeded by how much makes no difference.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from tests.ha.cluster import PACE
from tests.ha.node import Node, Settings
from tests.ha.watch import TwoEnginesCase

#: Rows of each of the changes, of which a few are more than may wait at an engine.
ROWS = 800
CHANGES = 12
INBOX = 1000
#: Kilobytes by which a node may grow.
GROWTH = 64 * 1024
#: Seconds that an evaluation takes before it is given up.
LONG = 3 * PACE["peer_timeout"]


class SlowEngineTest(TwoEnginesCase):
    """Two engines and a datasource node, and a table that many rows are pushed to."""

    settings: ClassVar[Settings] = {
        "dse": {"max_inbox_rows": INBOX},
        "limits": {"transaction_seconds": LONG},
    }

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.one.api.create_source("many", "push", tables={"t": ["x", "y"]})
        cls.one.api.create_rule("classification", "size(count<x>) :- many:t(x, y)")

    def push(self, change: int, rows: int = ROWS) -> list[list[int]]:
        """Replace all rows; how many there are then."""
        self.one.api.await_push("many", "t", [[row, change] for row in range(rows + change)])
        return [[rows + change]]

    def await_size(self, size: list[list[int]], *nodes: Node) -> None:
        for node in nodes:
            self.cluster.wait(
                lambda node=node: node.api.rows("classification", "size") == size,  # type: ignore[misc]
                f"{node.name} has {size} rows",
            )

    def seen_by(self, node: Node) -> dict[str, Any]:
        """What a node knows of all nodes that it takes to be alive."""
        nodes = node.api.get("/v1/system/status")["nodes"]
        return {one["node"]: one for one in nodes}

    def test_t18_an_engine_that_stands_still_holds_nobody_up_and_catches_up(self) -> None:
        size = self.push(0)
        self.await_size(size, self.one, self.two)
        before = self.source.memory()
        self.two.pause()
        try:
            self.cluster.wait(lambda: "pe-2" not in self.seen_by(self.one), "pe-2 is missed")
            for change in range(1, CHANGES):
                size = self.push(change)
                self.await_size(size, self.one)
            self.assertLess(self.source.memory() - before, GROWTH)
        finally:
            self.two.resume()
        self.await_size(size, self.two)
        self.await_all(self.one, self.two)
        counters = self.seen_by(self.two)["pe-2"]["bus"]["counters"]
        self.assertTrue([name for name in counters if name.startswith("resync.")], counters)

    def test_t18_an_engine_that_computes_for_long_is_not_missed(self) -> None:
        self.await_size(self.push(0, rows=20_000), self.one)
        pairs = (
            "pairs(x) :- many:t(x, a), many:t(y, b), builtin:plus(x, y, z), builtin:equal(z, 0.5)"
        )
        path = "/v1/policies/classification/rules"
        begun = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.one.api.ask, "POST", path, {"rule": pairs}, 120.0)
            while not answer.done():
                self.assertIn("pe-1", self.seen_by(self.two))
        self.assertEqual(400, answer.result().status_code, answer.result().text)
        self.assertGreater(time.monotonic() - begun, PACE["peer_timeout"])
        self.await_all(self.one, self.two)
