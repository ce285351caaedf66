"""Storage and engine at one revision, whatever happens to either."""

from typing import Any

from congress.interfaces.role import Peer
from congress.interfaces.storage import ChangeRecord, Conflict, StorageError
from congress.model.diagnostic import refuse
from congress.model.policy import PolicyDef, RuleDef
from congress.model.status import State
from congress.roles.policy.role import PolicyEngine
from tests.unit.roles_policy.fakes import FakeBus
from tests.unit.roles_policy.harness import PolicyEngineTestCase


class SecondEngine:
    """Another engine on the same storage, with a bus of its own."""

    def __init__(self, test: PolicyEngineTestCase, name: str = "pe2") -> None:
        self.test = test
        self.storage = test.make_storage()
        self.bus = FakeBus(name, f"i-{name}")
        self.engine: PolicyEngine = test.make_engine(self.bus, self.storage)
        self.engine.start()
        test.addCleanup(lambda: self.engine.stop(3.0))
        test.settle()

    def call(self, method: str, **args: Any) -> Any:
        answer = self.bus.call("policy-engine", method, args, timeout=5)
        self.test.settle()
        return answer

    def revision(self) -> int:
        return int(self.call("engine_status")["revision"])


class FollowTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.other = SecondEngine(self)

    def revision(self) -> int:
        return int(self.call("engine_status")["revision"])

    def test_a_notice_is_followed_at_once(self) -> None:
        self.rule("action", "a(1)")
        topic, payload = self.bus.notices[-1]
        self.assertEqual(("policy-changed", {"revision": self.revision()}), (topic, payload))
        self.assertLess(self.other.revision(), self.revision())
        self.other.bus.tell(payload)
        self.settle()
        self.assertEqual(self.revision(), self.other.revision())
        answer = self.other.call("row_list", policy="action", table="a")
        self.assertEqual([[1]], answer["rows"])

    def test_a_heartbeat_tells_of_a_notice_that_was_lost(self) -> None:
        self.rule("action", "a(1)")
        facts = {name: fact() for name, fact in self.bus.facts.items()}
        self.assertEqual(self.revision(), facts["policy_revision"])
        self.other.bus.beat(Peer("pe1", "i1", {}, {}, facts))
        self.settle()
        self.assertEqual(self.revision(), self.other.revision())

    def test_without_either_the_slow_look_finds_it(self) -> None:
        self.rule("action", "a(1)")
        self.clock.advance(59)
        self.assertLess(self.other.revision(), self.revision())
        self.clock.advance(2)
        self.assertEqual(self.revision(), self.other.revision())

    def test_a_period_for_the_look_can_be_set(self) -> None:
        self.conf.datasource_sync_period = 3
        self.clock.advance(60)
        self.rule("action", "a(1)")
        self.clock.advance(4)
        self.assertEqual(self.revision(), self.other.revision())

    def test_the_log_of_changes_is_kept_short(self) -> None:
        self.conf.storage.change_log_keep = 100
        for number in range(130):
            self.rule("action", f"a({number})")
        newest = self.revision()
        self.clock.advance(61)
        self.assertIsNone(self.storage.read(lambda tx: tx.changes.since(newest - 101)))
        kept = self.storage.read(lambda tx: tx.changes.since(newest - 100)) or ()
        self.assertEqual(100, len({record.revision for record in kept}))
        self.rule("action", "a(200)")
        self.clock.advance(61)
        again = self.storage.read(lambda tx: tx.changes.since(newest - 100))
        self.assertIsNotNone(again, "it is not written at for every revision")
        self.assertEqual(self.revision(), self.other.revision())

    def test_who_knows_a_revision_can_wait_for_it(self) -> None:
        self.rule("action", "a(1)")
        revision = self.revision()
        answer = self.other.call("wait_revision", revision=revision, timeout=5)
        self.assertEqual({"revision": revision}, answer)
        self.assertEqual("timeout", self.refused("wait_revision", revision=999, timeout=1))
        self.assertEqual("invalid", self.refused("wait_revision", revision="x", timeout=1))

    def test_writes_go_on_from_what_the_other_wrote(self) -> None:
        self.rule("action", "p(x) :- q(x)")
        for text, code in (
            ("q(x) :- p(x)", "recursion"),
            ("p(x) :-  q(x).", "duplicate-rule"),
            ("r(x) :- q(x, y)", "arity"),
        ):
            args = {"policy": "action", "rule": text}
            with self.assertRaises(Exception) as caught:
                self.other.call("rule_create", **args)
            self.assertEqual(code, getattr(caught.exception, "code", None))
        self.other.call("rule_create", policy="action", rule="q(1)")
        self.bus.tell({"revision": self.other.revision()})
        self.settle()
        self.assertEqual([[1]], self.rows("action", "p"))
        self.assertEqual(self.revision(), self.other.revision())

    def test_ids_are_unique(self) -> None:
        self.rule("action", "a(1)")
        self.other.call("rule_create", policy="action", rule="a(2)")
        self.rule("action", "a(3)")
        ids = {rule["id"] for rule in self.call("rule_list", policy="action")}
        self.assertEqual(3, len(ids))

    def test_a_log_that_does_not_reach_back_is_no_loss(self) -> None:
        gone = self.rule("action", "a(0)")
        self.other.bus.tell({})
        self.settle()
        self.call("rule_delete", policy="action", rule=gone)
        for number in range(1, 5):
            self.rule("action", f"a({number})")
        self.call("policy_create", name="p", rules=[{"rule": "b(1)"}])
        self.storage.run(lambda tx: tx.changes.trim(1))
        self.other.bus.tell({})
        self.settle()
        self.assertEqual(self.revision(), self.other.revision())
        expected = self.call("rule_list", policy="action")
        self.assertEqual(expected, self.other.call("rule_list", policy="action"))
        answer = self.other.call("row_list", policy="action", table="a")
        self.assertEqual([[1], [2], [3], [4]], answer["rows"])
        self.assertEqual(1, len(self.other.call("row_list", policy="p", table="b")["rows"]))

    def test_storage_that_goes_back_is_followed_and_told_of(self) -> None:
        self.rule("action", "a(1)")
        backup = self.storage.hub.contents
        for number in (2, 3):
            self.rule("action", f"a({number})")
        self.other.bus.tell({"revision": self.revision()})
        self.settle()
        self.storage.hub.contents = backup
        with self.assertLogs("congress.roles.policy.synchronizer", "WARNING") as log:
            self.rule("action", "a(4)")
            self.other.bus.tell({"revision": self.revision()})
            self.settle()
        self.assertEqual(2, sum("storage went back from revision" in line for line in log.output))
        for call in (self.call, self.other.call):
            rows = call("row_list", policy="action", table="a")["rows"]
            self.assertEqual([[1], [4]], rows)

    def test_a_restart_restores_everything(self) -> None:
        self.call("policy_create", name="p", kind="datalog", abbreviation="pp", description="d")
        self.rule("p", "path(x, y) :- edge(x, y)", name="n", comment="c")
        self.rule("p", "path(x, z) :- path(x, y), edge(y, z)")
        self.rule("p", "edge(1, 2)")
        self.rule("p", "edge(2, 3)")
        third = SecondEngine(self, "pe3")
        for method, args in (
            ("policy_list", {}),
            ("rule_list", {"policy": "p"}),
            ("row_list", {"policy": "p", "table": "path"}),
            ("table_list", {"policy": "p"}),
        ):
            self.assertEqual(self.call(method, **args), third.call(method, **args))


class CollisionTest(PolicyEngineTestCase):
    def test_a_writer_that_loses_many_times_goes_on(self) -> None:
        real = self.storage.transaction
        losses = iter(range(50))

        def colliding(*, write: bool = False, fence: Any = None) -> Any:
            if write and next(losses, None) is not None:
                raise Conflict("again")
            return real(write=write, fence=fence)

        self.storage.transaction = colliding  # type: ignore[method-assign]
        self.rule("action", "a(1)")
        self.assertEqual([[1]], self.rows("action", "a"))

    def test_a_write_that_collides_is_validated_again(self) -> None:
        other = SecondEngine(self)
        storage = self.storage
        real = storage.transaction
        raced: list[str] = []

        def racing(*, write: bool = False, fence: Any = None) -> Any:
            if write and not raced:
                raced.append("")
                other.call("rule_create", policy="action", rule="q(x) :- p(x)")
            return real(write=write, fence=fence)

        storage.transaction = racing  # type: ignore[method-assign]
        args = {"policy": "action", "rule": "p(x) :- q(x)"}
        self.assertEqual("recursion", self.refused("rule_create", **args))
        storage.transaction = real  # type: ignore[method-assign]
        self.assertEqual(
            ["q(x) :- p(x)"], [r["rule"] for r in self.call("rule_list", policy="action")]
        )

    def test_writes_that_do_not_clash_both_succeed(self) -> None:
        other = SecondEngine(self)
        real = self.storage.transaction
        raced: list[str] = []

        def racing(*, write: bool = False, fence: Any = None) -> Any:
            if write and not raced:
                raced.append("")
                other.call("rule_create", policy="action", rule="a(2)")
            return real(write=write, fence=fence)

        self.storage.transaction = racing  # type: ignore[method-assign]
        self.rule("action", "a(1)")
        self.storage.transaction = real  # type: ignore[method-assign]
        self.assertEqual([[1], [2]], self.rows("action", "a"))

    def test_a_writer_that_never_wins_gives_up(self) -> None:
        real = self.storage.transaction

        def colliding(*, write: bool = False, fence: Any = None) -> Any:
            if write:
                raise Conflict("again")
            return real(write=write, fence=fence)

        self.storage.transaction = colliding  # type: ignore[method-assign]
        self.assertEqual("conflict", self.refused("rule_create", policy="action", rule="a(1)"))
        self.storage.transaction = real  # type: ignore[method-assign]
        self.assertEqual([], self.call("rule_list", policy="action"))

    def test_a_name_taken_without_a_revision_is_refused(self) -> None:
        policy = PolicyDef("x", "hidden")
        self.storage.run(lambda tx: tx.policies.add(policy))
        self.assertEqual("duplicate-policy", self.refused("policy_create", name="hidden"))

    def test_engines_that_start_together_agree_on_the_system_policies(self) -> None:
        others = [SecondEngine(self, f"pe{n}") for n in range(2, 5)]
        expected = self.call("policy_list")
        self.assertEqual(2, len(expected))
        for other in others:
            self.assertEqual(expected, other.call("policy_list"))


class OutageTest(PolicyEngineTestCase):
    def test_reads_go_on_and_writes_are_refused(self) -> None:
        self.rule("action", "a(1)")
        self.storage.away = True
        self.assertEqual([[1]], self.rows("action", "a"))
        self.assertEqual(1, len(self.call("rule_list", policy="action")))
        for method, args in (
            ("rule_create", {"policy": "action", "rule": "a(2)"}),
            ("policy_create", {"name": "p"}),
            ("policy_delete", {"policy": "action"}),
        ):
            self.assertEqual("unavailable", self.refused(method, **args))
        self.clock.advance(61)
        self.assertEqual(State.DEGRADED, self.engine.health().state)
        self.storage.away = False
        self.clock.advance(1.1)
        self.assertEqual(State.OK, self.engine.health().state)
        self.rule("action", "a(2)")

    def test_a_write_that_fails_half_way_leaves_nothing(self) -> None:
        before = self.storage.hub.contents
        self.storage.fail_commits = 1
        rules = [{"rule": "a(1)"}, {"rule": "b(x) :- a(x)"}]
        self.assertEqual("unavailable", self.refused("policy_create", name="p", rules=rules))
        self.assertEqual(before, self.storage.hub.contents)
        self.assertEqual("not-found", self.refused("policy_show", policy="p"))
        self.assertEqual("not-found", self.refused("table_list", policy="p"))
        self.call("policy_create", name="p", rules=rules)
        self.assertEqual([[1]], self.rows("p", "b"))


class StartTest(PolicyEngineTestCase):
    started = False

    def test_it_is_not_ready_until_storage_was_read(self) -> None:
        self.storage.away = True
        self.start()
        self.assertEqual(State.NOT_READY, self.engine.health().state)
        self.assertEqual("unavailable", self.refused("policy_list"))
        self.clock.advance(3.5)
        self.assertEqual(State.NOT_READY, self.engine.health().state)
        self.storage.away = False
        self.clock.advance(1.1)
        self.assertEqual(State.OK, self.engine.health().state)
        self.assertEqual(2, len(self.call("policy_list")))

    def test_it_is_not_ready_before_the_system_policies_are_there(self) -> None:
        real = self.storage.transaction

        def reading(*, write: bool = False, fence: Any = None) -> Any:
            if write:
                raise StorageError("read only")
            return real(write=write, fence=fence)

        self.storage.transaction = reading  # type: ignore[method-assign]
        self.start()
        self.assertEqual(State.NOT_READY, self.engine.health().state)
        self.assertIn("read only", self.engine.health().message)
        self.storage.transaction = real  # type: ignore[method-assign]
        self.clock.advance(1.1)
        self.assertEqual(State.OK, self.engine.health().state)

    def store(self, *texts: str) -> None:
        """Put rules into storage without asking an engine."""
        policy = PolicyDef("p-id", "p")

        def work(tx: Any) -> None:
            tx.policies.add(policy)
            for number, text in enumerate(texts):
                tx.rules.add(RuleDef(f"r{number}", "p", text), f"f{number}")
            tx.changes.advance(0, [ChangeRecord("create", "policy", "p-id", {})])

        self.storage.run(work)

    def test_one_bad_stored_rule_stops_no_other(self) -> None:
        self.store("a(1)", "b(x", "c(x) :- d(y)", "e(x) :- a(x)", "f(1) f(2)")
        self.start()
        self.assertEqual([[1]], self.rows("p", "e"))
        states = {entry["id"]: entry["state"] for entry in self.call("engine_status")["parked"]}
        self.assertEqual("off", states["r1"])
        self.assertEqual("off", states["r2"])
        self.assertEqual("off", self.call("rule_status", policy="p", rule="r1")["state"])
        for rule in ("r1", "r2"):
            self.call("rule_delete", policy="p", rule=rule)
        self.assertEqual([[1]], self.rows("p", "e"))
        self.assertEqual(State.OK, self.engine.health().state)


class FallbackTest(PolicyEngineTestCase):
    def test_a_rule_that_the_engine_refuses_outright_is_told_of(self) -> None:
        self.rule("action", "a(1)")
        other = SecondEngine(self)
        runtime = other.engine._feed._runtime
        real = runtime.engine.transact

        def picky(edits: Any, **more: Any) -> Any:
            if any(getattr(edit, "text", "").startswith("bad") for edit in edits):
                raise refuse("budget", "too much")
            return real(edits, **more)

        runtime.engine.transact = picky  # type: ignore[method-assign]
        made = self.call("policy_create", name="p", rules=[{"rule": "bad(1)"}, {"rule": "ok(1)"}])
        other.bus.tell({})
        self.settle()
        self.assertEqual(made["id"], other.call("policy_show", policy="p")["id"])
        self.assertEqual([[1]], other.call("row_list", policy="p", table="ok")["rows"])
        (entry,) = other.call("engine_status")["parked"]
        self.assertEqual(("bad(1)", "off"), (entry["rule"], entry["state"]))
        self.call("policy_delete", policy="p")
        other.bus.tell({})
        self.settle()
        self.assertEqual([], other.call("engine_status")["parked"])


class StopTest(PolicyEngineTestCase):
    started = False

    def test_it_answers_and_publishes_no_more(self) -> None:
        self.engine.start()
        self.settle()
        self.engine.stop(3.0)
        self.assertEqual({}, self.bus.methods)
        assert self.bus.published
        self.assertTrue(self.bus.published.closed)
        self.assertTrue(all(subscription.closed for subscription in self.bus.subscriptions))
