"""A node dies while an action is on its way: what was promised of the action holds."""

from tests.ha.acting import ActingCase
from tests.ha.node import Node


class MidActionCase(ActingCase):
    """The receiver has been called and has not answered."""

    def setUp(self) -> None:
        super().setUp()
        self.leader, self.other = self.roles()
        self.receiver.gate.clear()
        self.other.api.await_push("box", "t", [["vm1"]])
        self.cluster.wait(lambda: self.receiver.calls, "the receiver is called")

    def await_state(self, state: str) -> None:
        """The one action of the ledger is in a state."""
        self.cluster.wait(
            lambda: [entry["state"] for entry in self.ledger()] == [state], f"it is {state}"
        )

    def ledger(self) -> list[dict[str, object]]:
        return self.other.api.ledger()

    def replace_source(self) -> Node:
        """The datasource node dies and is started on another host."""
        self.source.kill()
        self.receiver.gate.set()
        successor = self.cluster.datasources(host="other-host")
        self.cluster.start(successor)
        return successor

    def await_next(self) -> None:
        """The next action is run as if nothing had been."""
        self.other.api.await_push("box", "t", [["vm1"], ["vm2"]])
        self.cluster.wait(lambda: self.receiver.effects()["vm2"] == 1, "the next action is run")


class AtMostOnceTest(MidActionCase):
    def test_t06_the_death_of_the_leader_does_not_touch_it(self) -> None:
        self.leader.kill()
        self.receiver.gate.set()
        self.await_state("done")
        self.await_next()
        self.assertEqual(["vm1", "vm2"], [call.payload for call in self.receiver.calls])

    def test_t06_the_death_of_the_datasource_node_puts_it_in_doubt(self) -> None:
        self.replace_source()
        self.await_state("in_doubt")
        self.await_next()
        self.assertEqual(["vm1", "vm2"], [call.payload for call in self.receiver.calls])
        self.cluster.wait(
            lambda: {entry["state"] for entry in self.ledger()} == {"done", "in_doubt"},
            "one is done, the other in doubt",
        )


class AtLeastOnceTest(MidActionCase):
    delivery = "at_least_once"

    def test_t06_the_successor_of_the_datasource_node_repeats_it_with_its_key(self) -> None:
        self.replace_source()
        self.await_state("done")
        self.await_next()
        self.assertEqual(["vm1", "vm1", "vm2"], [call.payload for call in self.receiver.calls])
        self.assertEqual({"vm1": 1, "vm2": 1}, dict(self.receiver.effects()))
