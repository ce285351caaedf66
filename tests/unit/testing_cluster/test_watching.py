"""What must not happen is noticed when it happens."""

from congress.interfaces.role import Arrival, Epoch, Position
from congress.model.action import ActionState, action_id
from congress.model.delta import Change, Delta, Snapshot
from congress.testing.cluster.ledger import LedgerWatch
from congress.testing.cluster.verdict import broken_promises
from congress.testing.cluster.witness import Witness
from tests.unit.testing_cluster.stage import ONCE, ROW, WorldTestCase, entry

ID = action_id(ONCE.key, 1)


class LedgerWatchTest(WorldTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.watch = LedgerWatch(self.world)

    def run_once(self) -> None:
        for state in (ActionState.NEW, ActionState.CLAIMED):
            self.put(entry(state))
        self.call(ID)
        self.put(entry(ActionState.DONE))

    def test_an_action_that_runs_once_is_in_order(self) -> None:
        self.run_once()
        self.assertEqual([], self.world.objections)
        self.assertEqual([], list(broken_promises(self.world, self.watch)))

    def test_a_call_without_an_entry(self) -> None:
        self.call("nobody knows")
        self.assertIn("without an entry", self.objections())

    def test_a_call_by_another_than_who_claimed(self) -> None:
        self.put(entry(ActionState.NEW))
        self.put(entry(ActionState.CLAIMED))
        self.call(ID, process=self.start("ds2"))
        self.assertIn("ds2#1 called once('a',) claimed by ['ds1#1']", self.objections())

    def test_a_second_effect(self) -> None:
        self.run_once()
        self.call(ID)
        self.assertIn("a second time", self.objections())
        self.assertIn("was done 2 times", " ".join(broken_promises(self.world, self.watch)))

    def test_claims_of_two_nodes(self) -> None:
        self.put(entry(ActionState.CLAIMED))
        self.put(entry(ActionState.NEW))
        self.put(entry(ActionState.CLAIMED), process=self.start("ds2"))
        self.assertIn("ds2#1 claimed once('a',) #1 claimed after {'ds1#1'}", self.objections())

    def test_steps_that_cannot_be(self) -> None:
        self.run_once()
        self.put(entry(ActionState.NEW))
        self.assertIn("it was done already", self.objections())
        self.put(entry(ActionState.NEW, generation=3))
        self.assertIn("the generation before was 1", self.objections())

    def test_an_action_without_reason(self) -> None:
        self.world.services["s0"].tables["t"].rises.clear()
        self.run_once()
        self.assertIn("without any reason", self.objections())

    def test_an_action_before_its_source_was_read(self) -> None:
        self.world.services["s0"].read = False
        self.run_once()
        self.assertIn("without any reason", self.objections())

    def test_what_is_said_to_be_done_and_was_not(self) -> None:
        self.put(entry(ActionState.NEW))
        self.put(entry(ActionState.DONE))
        self.assertIn("was not", " ".join(broken_promises(self.world, self.watch)))

    def test_more_rises_than_the_row_had(self) -> None:
        self.run_once()
        self.put(entry(ActionState.SUPPRESSED, generation=2))
        self.assertIn("rose 2 times, the row 1", " ".join(broken_promises(self.world, self.watch)))
        self.world.services["s0"].tables["t"].flip(ROW)
        self.world.services["s0"].tables["t"].flip(ROW)
        self.assertEqual([], list(broken_promises(self.world, self.watch)))


class WitnessTest(WorldTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.witness = Witness("s0", self.process)

    def see(self, epoch: int, seq: int, *changes: Change) -> None:
        position = Position(Epoch(epoch, f"ds#{epoch}"), seq)
        self.witness.see(Arrival("s0", position, changes, {}))

    def test_snapshots_and_deltas_in_order(self) -> None:
        self.see(1, 1, Snapshot("t", frozenset([ROW])))
        self.see(1, 2, Delta("t", frozenset([("b",)]), frozenset([ROW])))
        self.see(2, 1, Snapshot("t", frozenset()))
        self.assertEqual([], self.world.objections)

    def test_a_delta_on_a_foreign_epoch(self) -> None:
        self.see(1, 1, Snapshot("t", frozenset([ROW])))
        self.see(2, 2, Delta("t", frozenset([("b",)])))
        self.assertIn("before any snapshot", self.objections())

    def test_a_delta_that_does_not_fit(self) -> None:
        self.see(1, 1, Snapshot("t", frozenset([ROW])))
        self.see(1, 2, Delta("t", frozenset([ROW])))
        self.assertIn("does not fit", self.objections())

    def test_epochs_and_positions_that_fall(self) -> None:
        self.see(2, 2, Snapshot("t", frozenset()))
        self.see(2, 1)
        self.assertIn("the position fell", self.objections())
        self.see(1, 3)
        self.assertIn("the epoch went", self.objections())
