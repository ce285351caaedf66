"""Actions that policy asks for: once for each activation, whatever happens around."""

from collections.abc import Sequence

from congress.interfaces.datasource import DriverError
from congress.interfaces.storage import AuditQuery, AuditRecord
from congress.model.action import ActionState, DesiredAction, action_id
from congress.model.diagnostic import refuse
from congress.model.values import Value
from congress.roles.datasource.fleet import HOUSEKEEPING
from tests.unit.roles_datasource.kit import DatasourceCase, Engine, ids, pause

VM1, VM2 = pause("vm1"), pause("vm2")


def asked(action: str, *arguments: Value) -> DesiredAction:
    return DesiredAction("action", f"rule of {action}", "nova", action, arguments)


class ActionCase(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.ds = self.node()
        self.create(self.ds)
        self.pe = Engine(self, "pe1").publish()
        self.clock.advance(2.0)


class ActivationTest(ActionCase):
    def test_an_action_runs_once_per_activation(self) -> None:
        self.pe.want(VM1)
        self.clock.advance(2.0)
        self.pe.want(VM1)
        self.clock.advance(30.0)
        self.assertEqual(["vm1"], self.called())
        entry = self.entry(VM1)
        assert entry
        self.assertEqual((ActionState.DONE, True, 1), (entry.state, entry.active, entry.generation))
        self.assertEqual({"paused": "vm1"}, entry.result)
        self.assertEqual([action_id(VM1.key, 1)], ids(self.world.calls))
        self.assertEqual({"server": "vm1"}, dict(self.world.calls[0].named))

    def test_a_fall_and_a_rise_make_a_new_activation(self) -> None:
        for _ in range(3):
            self.pe.want(VM1)
            self.clock.advance(1.0)
            self.pe.drop(VM1)
            self.clock.advance(1.0)
        self.assertEqual([action_id(VM1.key, n) for n in (1, 2, 3)], ids(self.world.calls))
        entry = self.entry(VM1)
        self.assertEqual((False, 3), (entry and entry.active, entry and entry.generation))

    def test_an_early_poll_follows_an_action(self) -> None:
        polls = len(self.world.requests)
        self.pe.want(VM1)
        self.clock.advance(0.5)
        self.assertEqual(polls + 1, len(self.world.requests))

    def test_what_stands_when_the_datasource_comes_is_run(self) -> None:
        self.pe.want(DesiredAction("action", "r", "late", "pause", ("x",)))
        self.create(self.ds, "late")
        self.clock.advance(3.0)
        self.assertEqual(["x"], self.called())

    def test_a_held_rule_has_no_effect_until_it_is_armed(self) -> None:
        self.pe.want(VM1)
        self.clock.advance(1.0)
        self.pe.hold(VM1)
        self.clock.advance(1.0)
        entry = self.entry(VM1)
        self.assertTrue(entry and entry.active)
        self.pe.arm(VM1, VM2, rule=VM1)
        self.clock.advance(1.0)
        self.assertEqual(["vm1", "vm2"], self.called())
        self.pe.hold(VM1)
        self.pe.arm(VM2, rule=VM1)
        self.clock.advance(1.0)
        entry = self.entry(VM1)
        self.assertFalse(entry and entry.active)
        self.assertEqual(["vm1", "vm2"], self.called())

    def test_what_waits_is_held_with_its_rule_and_runs_when_that_is_armed(self) -> None:
        self.world.open_error = DriverError("away")
        self.create(self.ds, "slow")
        action = DesiredAction("action", "r", "slow", "pause", ("vm1",))
        self.pe.want(action)
        self.clock.advance(3.0)
        self.pe.hold(action)
        self.clock.advance(3.0)
        self.assertEqual({"vm1": "held"}, self.states())
        self.pe.bus.stop(1.0)
        self.world.open_error = None
        self.clock.advance(60.0)
        self.assertEqual({"vm1": "held"}, self.states())
        Engine(self, "pe1").want(action)
        self.clock.advance(10.0)
        self.assertEqual({"vm1": "done"}, self.states())

    def test_an_action_that_fails_is_not_repeated_by_itself(self) -> None:
        self.world.act_error = DriverError("no quota")
        self.pe.want(VM1)
        self.clock.advance(300.0)
        entry = self.entry(VM1)
        assert entry
        self.assertEqual((ActionState.FAILED, "no quota"), (entry.state, entry.message))
        self.assertEqual(1, len(self.world.calls))

    def test_only_declared_actions_with_fitting_arguments_are_called(self) -> None:
        self.pe.want(pause("vm1", "a", "destroy"), asked("pause", 5))
        self.clock.advance(2.0)
        self.assertEqual([], self.world.calls)
        messages = sorted(entry.message for entry in self.ledger())
        self.assertIn("5 is not of type 'string'", messages[1])
        self.assertIn("no action 'destroy'", messages[0])

    def test_arguments_reach_the_driver_by_name(self) -> None:
        made = asked("pause", "vm1", 3, '{"hard": true}')
        told = asked("tell", "ann", "hello", 1, None)
        self.pe.want(made, told)
        self.clock.advance(2.0)
        named = [dict(call.named) for call in self.world.calls]
        self.assertIn({"server": "vm1", "seconds": 3, "options": {"hard": True}}, named)
        self.assertIn({"who": "ann", "words": ["hello", 1, None]}, named)

    def test_nothing_happens_without_a_complete_copy(self) -> None:
        self.pe.want(VM1)
        self.clock.advance(1.0)
        self.pe.bus.stop(1.0)
        self.clock.advance(20.0)
        entry = self.entry(VM1)
        self.assertTrue(entry and entry.active)
        self.assertIsNone(self.ask(self.ds, "status")["detail"]["leader"])

    def test_an_engine_that_is_not_well_is_not_obeyed(self) -> None:
        self.pe.ail()
        self.clock.advance(3.0)
        self.pe.want(VM1)
        self.clock.advance(3.0)
        self.assertEqual([], self.ledger())

    def test_the_status_tells_of_leader_and_ledger(self) -> None:
        self.pe.want(VM1)
        self.clock.advance(2.0)
        detail = self.ask(self.ds, "status")["detail"]
        self.assertEqual("pe1", detail["leader"]["node"])
        self.assertLess(detail["leader"]["since"], self.clock.time())
        self.assertEqual({"pe1": True}, detail["engines"])
        self.assertEqual(1, detail["actions"]["done"])
        self.assertEqual(0, detail["actions"]["in_doubt"])


class AuditTest(ActionCase):
    def records(self) -> Sequence[AuditRecord]:
        query = AuditQuery(verb="datasource:execute")
        return self.storage.read(lambda tx: tx.audit.list(query))

    def test_the_end_of_an_action_leaves_a_record(self) -> None:
        self.pe.want(VM1)
        self.clock.advance(2.0)
        (record,) = self.records()
        self.assertEqual(
            ("policy:action", "nova:pause", "done"), (record.actor, record.target, record.outcome)
        )
        details = {"action_id": action_id(VM1.key, 1), "rule": VM1.rule}
        self.assertEqual(details, record.details)
        self.assertEqual(1, record.revision)
        self.pe.drop(VM1)
        self.clock.advance(2.0)
        self.assertEqual(1, len(self.records()))

    def test_a_failure_and_what_is_suppressed_too(self) -> None:
        self.world.act_error = DriverError("no quota")
        self.pe.want(VM1)
        self.clock.advance(2.0)
        self.override("enable_execute_action", False)
        self.pe.want(VM1, VM2)
        self.clock.advance(2.0)
        self.assertEqual(["suppressed", "failed"], [record.outcome for record in self.records()])

    def test_old_records_are_forgotten(self) -> None:
        self.pe.want(VM1)
        self.clock.advance(2.0)
        self.override("audit.retention", HOUSEKEEPING)
        self.clock.advance(HOUSEKEEPING)
        self.assertEqual(1, len(self.records()))
        self.clock.advance(HOUSEKEEPING)
        self.assertEqual([], list(self.records()))


class SuppressedTest(ActionCase):
    def test_nothing_runs_while_actions_are_switched_off_nor_afterwards(self) -> None:
        self.override("enable_execute_action", False)
        self.pe.want(VM1)
        self.clock.advance(2.0)
        self.override("enable_execute_action", True)
        self.clock.advance(60.0)
        self.assertEqual([], self.world.calls)
        self.assertEqual({"vm1": "suppressed"}, self.states())
        self.pe.drop(VM1)
        self.pe.want(VM1)
        self.clock.advance(2.0)
        self.assertEqual(["vm1"], self.called())

    def test_what_waits_when_they_are_switched_off_is_suppressed(self) -> None:
        self.world.open_error = DriverError("away")
        self.create(self.ds, "slow")
        action = DesiredAction("action", "r", "slow", "pause", ("vm1",))
        self.pe.want(action)
        self.clock.advance(5.0)
        self.assertEqual({"vm1": "new"}, self.states())
        self.override("enable_execute_action", False)
        self.clock.advance(5.0)
        self.assertEqual({"vm1": "suppressed"}, self.states())

    def test_an_activation_too_old_to_run_is_suppressed(self) -> None:
        self.world.open_error = DriverError("away")
        self.create(self.ds, "slow")
        action = DesiredAction("action", "r", "slow", "pause", ("vm1",))
        self.pe.want(action)
        self.clock.advance(5.0)
        self.pe.drop(action)
        self.clock.advance(60.0)
        self.world.open_error = None
        self.clock.advance(120.0)
        self.assertEqual([], self.world.calls)
        self.assertEqual({"vm1": "suppressed"}, self.states())


class AtLeastOnceTest(ActionCase):
    TOLD = asked("tell", "ann")

    def test_it_is_repeated_with_the_same_key_until_it_succeeds(self) -> None:
        self.world.act_error = DriverError("busy")
        self.pe.want(self.TOLD)
        self.clock.advance(20.0)
        self.assertGreater(len(self.world.calls), 3)
        entry = self.entry(self.TOLD)
        assert entry
        self.assertEqual((ActionState.NEW, "busy"), (entry.state, entry.message))
        self.world.act_error = None
        self.clock.advance(60.0)
        self.assertEqual({action_id(self.TOLD.key, 1)}, set(ids(self.world.calls)))
        self.assertEqual({"ann": "done"}, self.states())

    def test_it_is_given_up_in_the_end(self) -> None:
        self.override("dse.execute_action_retry_timeout", 100.0)
        self.world.act_error = DriverError("busy")
        self.pe.want(self.TOLD)
        self.clock.advance(400.0)
        self.assertEqual({"ann": "failed"}, self.states())

    def test_it_is_not_given_up_because_a_clock_was_set(self) -> None:
        self.world.act_error = DriverError("busy")
        self.pe.want(self.TOLD)
        self.clock.advance(5.0)
        self.clock.step_wall(3600.0)
        self.clock.advance(20.0)
        self.assertEqual({"ann": "new"}, self.states())

    def test_what_the_driver_refuses_is_not_repeated(self) -> None:
        self.world.act_error = refuse("invalid", "no such person")
        self.pe.want(self.TOLD)
        self.clock.advance(60.0)
        self.assertEqual(1, len(self.world.calls))
        self.assertEqual({"ann": "failed"}, self.states())

    def test_an_option_makes_every_action_so(self) -> None:
        self.override("dse.execute_action_retry", True)
        self.world.act_error = DriverError("busy")
        self.pe.want(VM1)
        self.clock.advance(20.0)
        self.assertGreater(len(self.world.calls), 3)


class StorageTest(ActionCase):
    def test_nothing_is_lost_while_storage_is_away(self) -> None:
        self.override("dse.lease", 100.0)
        self.clock.advance(40.0)
        self.ds.storage.away = True
        self.pe.want(VM1)
        self.clock.advance(20.0)
        self.assertEqual([], self.world.calls)
        self.ds.storage.away = False
        self.clock.advance(30.0)
        self.assertEqual(["vm1"], self.called())

    def test_a_result_waits_for_storage(self) -> None:
        self.override("dse.lease", 100.0)
        self.clock.advance(40.0)

        def lose() -> None:
            self.ds.storage.away = True

        self.world.during_act = lose
        self.pe.want(VM1)
        self.clock.advance(10.0)
        self.assertEqual({"vm1": "claimed"}, self.states())
        self.ds.storage.away = False
        self.clock.advance(30.0)
        self.assertEqual({"vm1": "done"}, self.states())
        self.assertEqual(["vm1"], self.called())
