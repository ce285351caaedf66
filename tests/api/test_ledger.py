"""Decisions about actions of data sources that are there, and of those that are gone."""

from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionState, DesiredAction, action_id
from tests.api.case import ApiTestCase


class OrphanTest(ApiTestCase):
    def entry(self) -> str:
        """The path of an entry of a data source that is not stored."""
        desired = DesiredAction("p", "r", "gone", "pause", ("vm1",))
        entry = LedgerEntry(desired.key, desired, 1, True, ActionState.IN_DOUBT)
        self.behind.storage.run(lambda tx: tx.ledger.put(entry, None))
        return f"/v1/ledger/{action_id(desired.key, 1)}"

    def test_what_a_deleted_data_source_left_is_decided_by_the_manager(self) -> None:
        found = self.post(f"{self.entry()}?action=mark-done", status=200)
        self.assertEqual(("done", "gone"), (found["state"], found["datasource"]))
        method, args = self.behind.bus.calls[-1][1:]
        self.assertEqual("decide_orphan", method)
        self.assertEqual((1, "mark-done"), (args["generation"], args["decision"]))

    def test_its_refusal_is_the_answer(self) -> None:
        error = self.refused(409, "POST", f"{self.entry()}?action=retry")
        self.assertIn("the data source is deleted", error["message"])
