"""What people decide about activations: carried out once, recorded, refused where it is late."""

from typing import Any

from congress.interfaces.datasource import DriverError
from congress.interfaces.storage import AuditQuery, Fenced
from congress.model.action import ActionState, DesiredAction, action_id
from congress.model.diagnostic import Refused
from tests.unit.roles_datasource.kit import DatasourceCase, Engine, Node, ids, pause

VM1 = pause("vm1")
SLOW = DesiredAction("action", "r", "slow", "pause", ("vm1",))


class DecisionCase(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = self.node("ds1"), self.node("ds2")
        self.create(self.one)
        self.engine = Engine(self, "pe1").publish()
        self.clock.advance(5.0)

    def leave_in_doubt(self) -> None:
        """The first node dies while it carries an action out; the second finds that."""
        self.world.during_act = self.one.die
        self.engine.want(VM1)
        self.clock.advance(3.0)
        self.world.during_act = lambda: None
        self.clock.advance(20.0)
        self.assertEqual({"vm1": "in_doubt"}, self.states())

    def decide(self, node: Node, decision: str, desired: DesiredAction = VM1, n: int = 1) -> Any:
        args = {"key": desired.key, "generation": n, "decision": decision}
        return self.ask(node, "decide", desired.datasource, **args, actor="ann", request_id="req-7")

    def state(self, desired: DesiredAction = VM1) -> tuple[ActionState, str]:
        entry = self.entry(desired)
        assert entry
        return entry.state, entry.message


class InDoubtTest(DecisionCase):
    def setUp(self) -> None:
        super().setUp()
        self.leave_in_doubt()

    def test_it_is_marked_as_done_and_not_repeated(self) -> None:
        answer = self.decide(self.two, "mark-done")
        self.assertEqual(("done", "mark-done by ann"), (answer["state"], answer["message"]))
        self.clock.advance(60.0)
        self.assertEqual((ActionState.DONE, "mark-done by ann"), self.state())
        self.assertEqual(1, len(self.world.calls))
        counts = self.ask(self.two, "status")["detail"]["actions"]
        self.assertEqual((0, 1), (counts["in_doubt"], counts["done"]))

    def test_it_is_executed_again_once_with_the_same_key(self) -> None:
        self.assertEqual("new", self.decide(self.two, "retry")["state"])
        self.clock.advance(60.0)
        self.assertEqual([action_id(VM1.key, 1)] * 2, ids(self.world.calls))
        self.assertEqual({"vm1": "done"}, self.states())

    def test_it_is_executed_again_though_its_condition_passed_long_ago(self) -> None:
        self.engine.drop(VM1)
        self.clock.advance(300.0)
        self.decide(self.two, "retry")
        self.clock.advance(5.0)
        self.assertEqual([action_id(VM1.key, 1)] * 2, ids(self.world.calls))

    def test_the_audit_trail_tells_who_decided(self) -> None:
        self.decide(self.two, "retry")
        query = AuditQuery(verb="ledger:retry")
        (record,) = self.storage.read(lambda tx: tx.audit.list(query))
        self.assertEqual(
            ("ann", "nova:pause", "new", "req-7"),
            (record.actor, record.target, record.outcome, record.request_id),
        )
        self.assertEqual(action_id(VM1.key, 1), record.details["action_id"])

    def test_of_two_decisions_the_second_is_refused(self) -> None:
        self.decide(self.two, "mark-done")
        refused = self.refused(lambda: self.decide(self.two, "retry"))
        self.assertEqual("conflict", refused.code)
        self.assertIn("this one is done", str(refused))
        self.clock.advance(30.0)
        self.assertEqual(1, len(self.world.calls))

    def test_what_does_not_apply_is_refused_and_changes_nothing(self) -> None:
        for decision, n, code in (
            ("cancel", 1, "conflict"),
            ("forget", 1, "invalid"),
            ("retry", 2, "not-found"),
        ):
            with self.subTest(decision=decision):
                refused = self.refused(lambda d=decision, n=n: self.decide(self.two, d, n=n))  # type: ignore[misc]
                self.assertEqual(code, refused.code)
        self.assertEqual({"vm1": "in_doubt"}, self.states())

    def test_nothing_changes_while_storage_is_away(self) -> None:
        self.two.storage.away = True
        refused = self.refused(lambda: self.decide(self.two, "retry"))
        self.assertEqual("unavailable", refused.code)
        self.two.storage.away = False
        self.clock.advance(30.0)
        self.assertEqual({"vm1": "in_doubt"}, self.states())

    def test_a_node_that_lost_the_datasource_can_decide_nothing(self) -> None:
        late = self.two.service._fleet.hosts()["nova"].enforcement
        self.two.threads.pause()
        third = self.node("ds3")
        self.clock.advance(20.0)
        with self.assertRaises(Fenced):
            late.decide(VM1.key, 1, "mark-done", actor="ann", request_id="")
        self.assertEqual({"vm1": "in_doubt"}, self.states())
        self.decide(third, "mark-done")
        self.assertEqual({"vm1": "done"}, self.states())


class OrphanTest(DecisionCase):
    """The data source is deleted while something of it is in doubt."""

    def setUp(self) -> None:
        super().setUp()
        self.leave_in_doubt()
        self.two.bus.call("datasources", "datasource_delete", {"datasource": "nova"}, timeout=30)

    def decide_orphan(self, decision: str, n: int = 1) -> Any:
        args = {"key": VM1.key, "generation": n, "decision": decision, "actor": "ann"}
        return self.two.bus.call("datasources", "decide_orphan", args, timeout=30)

    def test_it_is_marked_as_done_and_the_audit_trail_tells(self) -> None:
        self.assertEqual("done", self.decide_orphan("mark-done")["state"])
        self.assertEqual((ActionState.DONE, "mark-done by ann"), self.state())
        query = AuditQuery(verb="ledger:mark-done")
        (record,) = self.storage.read(lambda tx: tx.audit.list(query))
        self.assertEqual(("ann", "nova:pause"), (record.actor, record.target))

    def test_it_is_cancelled(self) -> None:
        self.assertEqual("suppressed", self.decide_orphan("cancel")["state"])

    def test_it_cannot_be_executed_again_and_what_can_be_done_is_told(self) -> None:
        refused = self.refused(lambda: self.decide_orphan("retry"))
        self.assertEqual("conflict", refused.code)
        self.assertIn("'nova' is deleted", str(refused))
        self.assertIn("mark the action as done", refused.diagnostics[0].hint)
        self.assertEqual({"vm1": "in_doubt"}, self.states())

    def test_what_does_not_apply_is_refused(self) -> None:
        self.assertEqual("not-found", self.refused(lambda: self.decide_orphan("cancel", 2)).code)
        self.decide_orphan("cancel")
        self.assertEqual("conflict", self.refused(lambda: self.decide_orphan("mark-done")).code)

    def test_a_data_source_that_exists_again_decides_for_itself(self) -> None:
        self.create(self.two)
        self.assertEqual("conflict", self.refused(lambda: self.decide_orphan("cancel")).code)
        self.clock.advance(5.0)
        self.assertEqual("done", self.decide(self.two, "mark-done")["state"])


class RetryTest(DecisionCase):
    def test_what_failed_is_executed_again(self) -> None:
        self.world.act_error = DriverError("no quota")
        self.engine.want(VM1)
        self.clock.advance(5.0)
        self.assertEqual({"vm1": "failed"}, self.states())
        self.world.act_error = None
        self.clock.advance(30.0)
        self.assertEqual({"vm1": "failed"}, self.states())
        self.decide(self.one, "retry")
        self.clock.advance(5.0)
        self.assertEqual({"vm1": "done"}, self.states())
        self.assertEqual([action_id(VM1.key, 1)] * 2, ids(self.world.calls))

    def test_it_is_not_executed_while_actions_are_switched_off(self) -> None:
        self.world.act_error = DriverError("no quota")
        self.engine.want(VM1)
        self.clock.advance(5.0)
        self.override("enable_execute_action", False)
        self.decide(self.one, "retry")
        self.clock.advance(5.0)
        self.assertEqual({"vm1": "suppressed"}, self.states())
        self.assertEqual(1, len(self.world.calls))


class CancelTest(DecisionCase):
    def setUp(self) -> None:
        super().setUp()
        self.world.open_error = DriverError("away")
        self.create(self.one, "slow")
        self.engine.want(SLOW)
        self.clock.advance(3.0)

    def open(self) -> None:
        self.world.open_error = None
        self.clock.advance(120.0)

    def cancel(self) -> None:
        self.decide(self.one, "cancel", SLOW)
        self.assertEqual((ActionState.SUPPRESSED, "cancel by ann"), self.state(SLOW))

    def test_what_waits_is_not_executed_any_more(self) -> None:
        self.assertEqual({"vm1": "new"}, self.states())
        self.cancel()
        self.open()
        self.assertEqual([], self.world.calls)

    def test_nor_is_what_is_held(self) -> None:
        self.engine.hold(SLOW)
        self.clock.advance(3.0)
        self.assertEqual({"vm1": "held"}, self.states())
        self.cancel()
        self.engine.arm(SLOW, rule=SLOW)
        self.open()
        self.assertEqual([], self.world.calls)

    def test_the_next_activation_is_executed(self) -> None:
        self.cancel()
        self.engine.drop(SLOW)
        self.engine.want(SLOW)
        self.open()
        self.assertEqual([action_id(SLOW.key, 2)], ids(self.world.calls))

    def test_it_comes_too_late_for_what_is_being_executed(self) -> None:
        found: list[str] = []

        def try_it() -> None:
            try:
                self.decide(self.two, "cancel", SLOW)
            except Refused as refused:
                found.append(str(refused))

        self.world.during_act = try_it
        self.open()
        self.assertEqual(1, len(found))
        self.assertIn("this one is claimed", found[0])
        self.assertEqual({"vm1": "done"}, self.states())
