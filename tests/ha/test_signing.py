"""Nodes begin to sign what they send each other while they run, over the real broker."""

import signal

from tests.ha.node import Node, Settings, merged
from tests.ha.watch import TwoEnginesCase

KEY = "a key made for this very test"


class SigningTest(TwoEnginesCase):
    def test_signing_is_introduced_node_by_node_and_then_keeps_others_out(self) -> None:
        steps: list[Settings] = [
            {"dse": {"signing_required": False}},
            {"dse": {"signing_keys": KEY}},
            {"dse": {"signing_required": True}},
        ]
        for step in steps:
            for node in (self.one, self.source, self.two):
                self.reload(node, step)
                self.write()
                self.await_all(self.one, self.two)
        for node in (self.one, self.two, self.source):
            self.assertEqual(0, node.reports("signs its messages"), node.tail())
            self.assertEqual(0, node.reports("does not sign its messages"), node.tail())
        outsider = self.cluster.datasources("outsider")
        outsider.start()
        self.cluster.wait(
            lambda: self.one.reports("'outsider' are refused: it does not sign its messages"),
            "it is noticed",
        )
        self.assertIn("outsider", str(self.one.health()))
        self.assertNotIn("outsider", self.peers(self.one))
        outsider.kill()

    def reload(self, node: Node, step: Settings) -> None:
        """A node takes on more settings while it runs."""
        before = node.reports("reloaded")
        node.configure(merged(node.settings, step))
        node.signal(signal.SIGHUP)
        self.cluster.wait(lambda: node.reports("reloaded") > before, f"{node.name} has reloaded")

    def peers(self, node: Node) -> set[str]:
        """The nodes that a node knows of."""
        return {str(peer["node"]) for peer in node.api.get("/v1/system/status")["nodes"]}
