"""Actions that people ask for: checked, recorded, run once, their result returned."""

from congress.interfaces.datasource import DriverError
from congress.interfaces.storage import AuditQuery
from tests.unit.roles_datasource.kit import DatasourceCase


class ManualTest(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.ds = self.node()
        self.create(self.ds)

    def test_it_runs_once_and_returns_its_result(self) -> None:
        answer = self.execute(self.ds, "pause", "vm1")
        expected = {"state": "done", "result": {"paused": "vm1"}, "message": "paused"}
        self.assertEqual(expected, answer)
        self.clock.advance(30.0)
        self.assertEqual(["vm1"], self.called())
        entry = self.ledger()[0]
        self.assertTrue(entry.manual)
        self.assertFalse(entry.active)
        records = self.storage.read(lambda tx: tx.audit.list(AuditQuery(verb="datasource:execute")))
        self.assertEqual(["done", "recorded"], [record.outcome for record in records])
        self.assertEqual(records[0].details, records[1].details)

    def test_without_waiting_the_answer_is_empty(self) -> None:
        self.assertEqual({}, self.execute(self.ds, "pause", "vm1", wait=False))
        self.clock.advance(1.0)
        self.assertEqual(["vm1"], self.called())

    def test_it_needs_no_leader_and_obeys_none(self) -> None:
        self.execute(self.ds, "pause", "vm1")
        self.execute(self.ds, "pause", "vm1")
        self.assertEqual(["vm1", "vm1"], self.called())

    def test_a_failure_is_the_result(self) -> None:
        self.world.act_error = DriverError("no quota")
        answer = self.execute(self.ds, "pause", "vm1")
        self.assertEqual(("failed", "no quota"), (answer["state"], answer["message"]))

    def test_bad_calls_are_refused_and_not_recorded(self) -> None:
        for args in (
            {"name": "destroy"},
            {"name": ""},
            {"name": "pause", "args": {"positional": []}},
            {"name": "pause", "args": {"positional": ["a", 1, {}, 4]}},
            {"name": "pause", "args": {"positional": ["a"], "named": {"server": "b"}}},
            {"name": "pause", "args": {"named": {"server": "a", "sever": 1}}},
            {"name": "pause", "args": {"positional": "a"}},
            {"name": "pause", "args": ["a"]},
        ):
            with self.subTest(args=args):
                refused = self.refused(lambda args=args: self.ask(self.ds, "execute", **args))  # type: ignore[misc]
                self.assertEqual("invalid", refused.code)
        self.assertEqual([], self.ledger())

    def test_arguments_may_be_given_by_name_alone(self) -> None:
        args = {"server": "a", "options": {"b": [1]}}
        self.ask(self.ds, "execute", name="pause", args=args, wait=True)
        self.assertEqual({"server": "a", "options": {"b": [1]}}, dict(self.world.calls[0].named))

    def test_switched_off_it_is_recorded_and_not_run(self) -> None:
        self.override("enable_execute_action", False)
        self.assertEqual("suppressed", self.execute(self.ds, "pause", "vm1")["state"])
        self.override("enable_execute_action", True)
        self.clock.advance(30.0)
        self.assertEqual([], self.world.calls)

    def test_nothing_is_run_that_could_not_be_recorded(self) -> None:
        self.ds.storage.away = True
        refused = self.refused(lambda: self.execute(self.ds, "pause", "vm1"))
        self.assertEqual("unavailable", refused.code)
        self.assertEqual([], self.world.calls)

    def test_nothing_is_run_before_the_driver_is_open(self) -> None:
        self.world.open_error = DriverError("away")
        self.create(self.ds, "slow")
        call = lambda: self.ask(self.ds, "execute", "slow", name="pause")  # noqa: E731
        self.assertEqual("unavailable", self.refused(call).code)

    def test_a_datasource_without_actions_says_so(self) -> None:
        self.create(self.ds, "given", "pushed")
        self.assertEqual([], self.ask(self.ds, "actions", "given"))
        call = lambda: self.ask(self.ds, "execute", "given", name="x")  # noqa: E731
        self.assertEqual("unsupported", self.refused(call).code)

    def test_actions_are_listed_by_name(self) -> None:
        found = self.ask(self.ds, "actions")
        self.assertEqual(["pause", "tell"], [action["name"] for action in found])
        first = {"name": "server", "description": "its id"}
        self.assertEqual(first, found[0]["args"][0])

    def test_one_that_does_not_end_in_time_is_still_under_way(self) -> None:
        self.override("datasources.action_timeout", 20.0)
        seen: list[object] = []

        caller = self.threads.loop("caller")

        def hang() -> None:
            self.world.during_act = lambda: None
            caller.later(30.0, lambda: seen.append(self.execute(self.ds, "pause", "vm2")))
            caller.later(31.0, lambda: seen.append(self.ask(self.ds, "status")["last_error"]))
            self.threads.wait(lambda: False, self.clock.monotonic() + 40.0)

        self.world.during_act = hang
        self.execute(self.ds, "pause", "vm1", wait=False)
        self.clock.advance(60.0)
        self.assertEqual("new", seen[0]["state"])  # type: ignore[index]
        self.assertEqual("action pause does not end", seen[1])
        self.assertEqual(["vm1", "vm2"], self.called())
        self.assertEqual("None", self.ask(self.ds, "status")["last_error"])
