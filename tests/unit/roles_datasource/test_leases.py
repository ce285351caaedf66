"""The leader that is recorded in the database, as the owners of a datasource share it."""

from typing import Any

from congress.interfaces.storage import Fenced, LeaseRecord
from congress.model.status import Health
from tests.unit.roles_datasource.kit import DatasourceCase, Engine, Node, pause

VM1 = pause("vm1")


class RecordedLeaderTest(DatasourceCase):
    overrides = {"dse.leader_strategy": "lease"}

    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = self.node("ds1"), self.node("ds2")
        self.create(self.one)
        self.engine = Engine(self, "pe2").publish()
        self.clock.advance(5.0)

    def leader(self, node: Node) -> Any:
        return self.ask(node, "status")["detail"]["leader"]

    def record(self) -> LeaseRecord:
        found = self.storage.read(lambda tx: tx.leases.get("leader/nova"))
        assert found
        return found

    def test_the_next_owner_goes_on_with_the_leader_it_finds(self) -> None:
        Engine(self, "pe1").publish()
        self.clock.advance(5.0)
        before = self.leader(self.one)
        self.assertEqual("pe2", before["node"])
        self.one.service.stop(5.0)
        self.clock.advance(3.0)
        after = self.leader(self.two)
        self.assertEqual(("pe2", before["epoch"]), (after["node"], after["epoch"]))
        self.assertEqual(f"pe2/{after['instance']}", self.record().owner)
        self.engine.want(VM1)
        self.clock.advance(10.0)
        self.assertEqual(["vm1"], self.called())

    def test_another_choice_is_another_epoch(self) -> None:
        before = self.leader(self.one)["epoch"]
        Engine(self, "pe1").publish()
        self.clock.advance(2.0)
        self.engine.bus.stop(0.0)
        self.clock.advance(2.0)
        after = self.leader(self.one)
        self.assertEqual(("pe1", before + 1), (after["node"], after["epoch"]))

    def test_who_published_while_it_was_unwell_leads_once_it_is_well(self) -> None:
        other = Engine(self, "pe1")
        other.ail()
        self.clock.advance(2.0)
        other.publish()
        self.engine.bus.stop(0.0)
        self.clock.advance(5.0)
        self.assertIsNone(self.leader(self.one))
        other.health = Health()
        self.clock.advance(3.0)
        self.assertEqual("pe1", self.leader(self.one)["node"])

    def test_who_lost_the_datasource_can_neither_choose_nor_withdraw_a_choice(self) -> None:
        late = self.one.service._fleet.hosts()["nova"].enforcement
        self.one.threads.pause()
        self.clock.advance(20.0)
        self.assertEqual("ds2", self.ask(self.two, "status")["detail"]["node"])
        before = self.record()
        with self.assertRaises(Fenced):
            late._release("leader/nova", before.owner)
        self.clock.advance(0.1)
        with self.assertRaises(Fenced):
            late._acquire("leader/nova", "pe9/1", 60.0)
        self.assertEqual((before.owner, before.epoch), (self.record().owner, self.record().epoch))
