"""Changing datasources: what is kept, what is started anew, and what is refused."""

from typing import Any

from congress.interfaces.storage import DatasourceRecord
from tests.unit.roles_datasource.kit import DatasourceCase
from tests.unit.roles_datasource.world import SECRET


class ChangeTest(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.ds = self.node()
        self.world.rows["ports"] = [(1,)]
        self.create(self.ds, password=SECRET, poll_time="30")

    def change(self, whole: bool = False, generation: int | None = None, **changes: Any) -> Any:
        args = {"changes": changes, "whole": whole, "generation": generation, "actor": "ann"}
        call = self.ds.bus.call
        return call("datasources", "datasource_update", {"datasource": "nova", **args}, timeout=30)

    def record(self) -> DatasourceRecord:
        record = self.storage.read(lambda tx: tx.datasources.get("nova"))
        assert record
        return record

    def epoch(self) -> int:
        return int(self.ask(self.ds, "status")["detail"]["epoch"])

    def test_a_driver_sees_its_new_options_when_the_change_is_answered(self) -> None:
        epoch = self.epoch()
        shown = self.change(config={"address": "there"})
        expected = {"address": "there", "password": "<hidden>", "poll_time": 30}
        self.assertEqual(expected, shown["config"])
        self.assertEqual("there", self.world.configs[-1]["address"])
        self.assertEqual(SECRET, self.world.configs[-1]["password"])
        self.assertEqual(["open", "close", "open"], self.world.events)
        self.assertEqual(epoch + 1, self.epoch())
        self.assertEqual([[1]], self.rows(self.ds, "ports"))

    def test_options_are_laid_over_those_there_are(self) -> None:
        before = self.record().config["password"]
        self.change(config={"poll_time": None, "project_name": "p"})
        kept = {"address": "here", "password": before, "project_name": "p"}
        self.assertEqual(kept, self.record().config)
        self.change(config={"tenant_name": "q"})
        self.assertEqual("q", self.record().config["project_name"])

    def test_a_whole_configuration_replaces_the_one_there_is(self) -> None:
        before = self.record().config["password"]
        self.change(whole=True, config={"address": "there", "password": "<hidden>"})
        self.assertEqual({"address": "there", "password": before}, self.record().config)
        self.change(whole=True, config={"address": "there"})
        self.assertEqual(({"address": "there"}, ()), (self.record().config, self.record().sealed))

    def test_a_new_secret_is_sealed(self) -> None:
        self.change(config={"password": "n3w-s3cret"})
        self.assertNotIn("n3w-s3cret", str(self.record().config))
        self.assertEqual("n3w-s3cret", self.world.configs[-1]["password"])

    def test_a_description_starts_nothing_anew(self) -> None:
        generation = self.record().generation
        self.change(description="prod")
        self.clock.advance(120.0)
        self.assertEqual(["open"], self.world.events)
        record = self.record()
        self.assertEqual(("prod", generation + 1), (record.description, record.generation))

    def test_no_change_is_no_revision(self) -> None:
        self.change(config={"address": "here", "password": "<hidden>"}, enabled=True)
        self.assertEqual(1, self.storage.read(lambda tx: tx.changes.revision()))
        self.assertEqual(["open"], self.world.events)

    def test_it_may_be_stopped_and_started(self) -> None:
        self.change(enabled=False)
        self.assertEqual(["open", "close"], self.world.events)
        self.assertEqual("unavailable", self.refused(lambda: self.ask(self.ds, "status")).code)
        self.change(enabled=True)
        self.assertEqual("True", self.ask(self.ds, "status")["initialized"])

    def test_a_driver_that_cannot_be_opened_then_is_its_condition(self) -> None:
        self.world.open_error = OSError("no route")
        self.change(config={"address": "there"})
        self.assertEqual("False", self.ask(self.ds, "status")["initialized"])
        self.assertEqual("there", self.record().config["address"])

    def test_others_are_told_and_it_is_on_record(self) -> None:
        told: list[object] = []
        self.ds.bus.on_notice("policy-changed", lambda node, payload: told.append(payload))
        self.change(config={"address": "there"})
        self.clock.advance(1.0)
        self.assertEqual([{"revision": 2}], told)
        change = (self.storage.read(lambda tx: tx.changes.since(1)) or ())[0]
        self.assertEqual(("update", "datasource"), (change.op, change.kind))
        audit = self.storage.read(lambda tx: tx.audit.list())[0]
        done = (audit.actor, audit.verb, audit.target)
        self.assertEqual(("ann", "datasource:update", "nova"), done)
        self.assertEqual(["config"], audit.details["changes"])

    def test_the_node_that_runs_it_starts_it_anew(self) -> None:
        other = self.node("ds2")
        args = {"datasource": "nova", "changes": {"config": {"address": "there"}}}
        other.bus.call("datasources", "datasource_update", args, timeout=30)
        self.clock.advance(5.0)
        self.assertEqual("there", self.world.configs[-1]["address"])
        self.assertEqual("True", self.ask(self.ds, "status")["initialized"])

    def test_what_cannot_be_is_refused_and_changes_nothing(self) -> None:
        before = self.record()
        for changes in (
            {"name": "other"},
            {"driver": "pushed"},
            {"config": {"adress": "x"}},
            {"config": {"address": None}},
            {"config": {"address": "nowhere"}},
            {"config": [1]},
        ):
            with self.subTest(changes=changes):
                self.assertEqual("invalid", self.refused(lambda c=changes: self.change(**c)).code)  # type: ignore[misc]
        self.assertEqual((before, ["open"]), (self.record(), self.world.events))

    def test_what_somebody_else_changed_is_not_overwritten(self) -> None:
        generation = self.record().generation
        self.change(description="theirs")
        refused = self.refused(lambda: self.change(generation=generation, enabled=False))
        self.assertEqual("changed", refused.code)
        stale = {"datasource": "nova", "generation": generation}
        call = self.ds.bus.call
        refused = self.refused(lambda: call("datasources", "datasource_delete", stale, timeout=5))
        self.assertEqual("changed", refused.code)
        self.change(generation=generation + 1, description="ours")

    def test_what_is_not_there(self) -> None:
        args = {"datasource": "nosuch", "changes": {}}
        call = self.ds.bus.call
        refused = self.refused(lambda: call("datasources", "datasource_update", args, timeout=5))
        self.assertEqual("not-found", refused.code)


class PushedTest(DatasourceCase):
    def test_pushed_rows_outlive_a_change(self) -> None:
        ds = self.node()
        self.create(ds, "nova", "pushed")
        self.ask(ds, "push", table="ports", rows=[[1]])
        args = {"datasource": "nova", "changes": {"config": {"address": "there"}}}
        ds.bus.call("datasources", "datasource_update", args, timeout=30)
        self.assertEqual([[1]], self.rows(ds, "ports"))
