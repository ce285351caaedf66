"""Nodes that die, take over and come back: no action twice, no data of two owners."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from congress.interfaces.leader import Heard, LeaderContext, LeaderEvent, Leadership, LeaderStrategy
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.interfaces.role import Arrival
from congress.interfaces.storage import StorageError
from congress.model.action import ActionState, DesiredAction, action_id
from congress.model.delta import Snapshot
from tests.unit.roles_datasource.kit import DatasourceCase, Engine, Node, ids, pause

VM1, VM2 = pause("vm1"), pause("vm2")
TOLD = DesiredAction("action", "r", "nova", "tell", ("ann",))


class OwnershipTest(DatasourceCase):
    def test_one_node_owns_a_datasource_and_another_takes_it_over(self) -> None:
        one, two = self.node("ds1"), self.node("ds2")
        self.world.rows["ports"] = [(1,)]
        self.create(one)
        self.clock.advance(5.0)
        self.assertEqual({"nova"}, set(one.service._fleet.hosts()))
        self.assertEqual({}, dict(two.service._fleet.hosts()))
        arrivals: list[Arrival] = []
        reader = self.bus("reader")
        reader.subscribe("nova", ["ports"], arrivals.append)
        self.clock.advance(2.0)
        one.kill()
        self.world.rows["ports"] = [(2,)]
        self.clock.advance(10.0)
        self.assertEqual([[2]], self.rows(two, "ports"))
        self.assertEqual([1, 2], sorted({a.position.epoch.number for a in arrivals}))
        last = arrivals[-1].changes or arrivals[-2].changes
        self.assertIn(frozenset({(2,)}), [c.rows for c in last if isinstance(c, Snapshot)])

    def test_a_node_that_stops_hands_over_at_once(self) -> None:
        one, two = self.node("ds1"), self.node("ds2")
        self.create(one)
        self.clock.advance(5.0)
        one.service.stop(5.0)
        self.clock.advance(2.0)
        self.assertEqual({"nova"}, set(two.service._fleet.hosts()))

    def test_a_node_that_slept_too_long_does_nothing_more(self) -> None:
        one, two = self.node("ds1"), self.node("ds2")
        self.create(one)
        engine = Engine(self, "pe1").publish()
        self.clock.advance(5.0)
        one.threads.pause()
        self.clock.advance(20.0)
        self.assertEqual({"nova"}, set(two.service._fleet.hosts()))
        engine.want(VM1)
        self.clock.advance(2.0)
        one.threads.resume()
        self.clock.advance(10.0)
        self.assertEqual(["vm1"], self.called())
        self.assertEqual({}, dict(one.service._fleet.hosts()))

    def test_the_service_is_not_asked_by_a_node_whose_lease_has_run_out(self) -> None:
        one = self.node("ds1")
        self.create(one)
        self.clock.advance(5.0)
        host = one.service._fleet.hosts()["nova"]
        asked = len(self.world.requests)
        host.tenure.expires = self.clock.monotonic()
        host.refresh()
        self.threads.run_ready()
        self.assertEqual(asked, len(self.world.requests))
        self.clock.advance(30.0)
        self.assertLess(asked, len(self.world.requests), "it is renewed, and all goes on")

    def test_a_datasource_goes_on_after_storage_was_away_for_long(self) -> None:
        one = self.node("ds1")
        self.create(one)
        self.clock.advance(5.0)
        one.storage.away = True
        self.clock.advance(30.0)
        self.assertEqual({}, dict(one.service._fleet.hosts()))
        self.assertEqual("degraded", str(one.service.health().state))
        one.storage.away = False
        self.clock.advance(5.0)
        self.assertEqual({"nova"}, set(one.service._fleet.hosts()))
        self.assertEqual("ok", str(one.service.health().state))

    def test_a_node_that_comes_back_need_not_wait_for_its_old_lease(self) -> None:
        one = self.node("ds1")
        self.create(one)
        self.clock.advance(2.0)
        one.kill()
        again = self.node("ds1")
        self.assertEqual({"nova"}, set(again.service._fleet.hosts()))
        self.assertEqual(2, self.ask(again, "status")["detail"]["epoch"])

    def test_a_changed_record_restarts_the_driver(self) -> None:
        one = self.node("ds1")
        self.create(one)
        self.clock.advance(2.0)
        record = self.storage.read(lambda tx: tx.datasources.get("nova"))
        assert record
        changed = replace(record, config={"address": "there"}, generation=2)
        self.storage.run(lambda tx: tx.datasources.replace(changed))
        self.clock.advance(70.0)
        self.assertEqual("there", self.world.configs[-1]["address"])
        self.assertEqual(["open", "close", "open"], self.world.events)


class TakeOverTest(DatasourceCase):
    def pair(self) -> tuple[Node, Node, Engine]:
        one, two = self.node("ds1"), self.node("ds2")
        self.create(one)
        engine = Engine(self, "pe1").publish()
        self.clock.advance(5.0)
        return one, two, engine

    def test_a_restart_of_everything_runs_nothing_again(self) -> None:
        one, _, engine = self.pair()
        engine.want(VM1, VM2)
        self.clock.advance(2.0)
        one.kill()
        engine.bus.stop(1.0)
        again = Engine(self, "pe1")
        self.clock.advance(10.0)
        self.assertEqual(["vm1", "vm2"], self.called())
        again.want(VM1, VM2)
        self.clock.advance(60.0)
        self.assertEqual(["vm1", "vm2"], self.called())

    def test_what_fell_meanwhile_is_a_fall(self) -> None:
        one, _, engine = self.pair()
        engine.want(VM1)
        self.clock.advance(10.0)
        one.kill()
        engine.drop(VM1)
        self.clock.advance(20.0)
        entry = self.entry(VM1)
        self.assertFalse(entry and entry.active)
        engine.want(VM1)
        self.clock.advance(2.0)
        self.assertEqual([action_id(VM1.key, 1), action_id(VM1.key, 2)], ids(self.world.calls))

    def test_what_was_claimed_by_a_dead_node_is_in_doubt(self) -> None:
        one, two, engine = self.pair()
        self.world.during_act = one.die
        engine.want(VM1)
        self.clock.advance(3.0)
        self.world.during_act = lambda: None
        self.clock.advance(20.0)
        entry = self.entry(VM1)
        assert entry
        self.assertEqual((ActionState.IN_DOUBT, 1), (entry.state, entry.attempts))
        self.assertEqual(1, len(self.world.calls))
        self.assertEqual(1, self.ask(two, "status")["detail"]["actions"]["in_doubt"])
        newest = self.storage.read(lambda tx: tx.audit.list(limit=1))[0]
        self.assertEqual(("nova:pause", "in_doubt"), (newest.target, newest.outcome))

    def test_what_must_run_at_least_once_is_repeated_by_the_next_owner(self) -> None:
        one, _, engine = self.pair()
        self.world.during_act = one.die
        engine.want(TOLD)
        self.clock.advance(3.0)
        self.world.during_act = lambda: None
        self.clock.advance(20.0)
        self.assertEqual([action_id(TOLD.key, 1)] * 2, ids(self.world.calls))
        self.assertEqual({"ann": "done"}, self.states())

    def test_a_call_that_outlives_its_lease_tells_nobody(self) -> None:
        one, _, engine = self.pair()

        def sleep() -> None:
            self.world.during_act = lambda: None
            self.threads.after(30.0, one.threads.resume)
            self.threads.wait(lambda: False, self.clock.monotonic() + 40.0)

        def doze() -> None:
            one.storage.away = True
            sleep()
            one.storage.away = False

        self.world.during_act = doze
        engine.want(VM1)
        self.clock.advance(60.0)
        entry = self.entry(VM1)
        self.assertEqual(ActionState.IN_DOUBT, entry and entry.state)
        self.assertEqual(1, len(self.world.calls))

    def test_a_claim_that_outlives_the_lease_is_given_back_if_nobody_took_over(self) -> None:
        node = self.node()
        self.create(node)
        engine = Engine(self, "pe1").publish()
        self.clock.advance(3.0)
        ledger = node.service._fleet.hosts()["nova"].enforcement.executor._ledger
        ledger.claim = self.dozing(node, ledger, "claim", before=False)  # type: ignore[method-assign]
        engine.want(VM1)
        self.clock.advance(20.0)
        self.assertEqual(({"vm1": "done"}, 1), (self.states(), len(self.world.calls)))

    def test_an_owner_that_overslept_before_recording_writes_on(self) -> None:
        self.oversleep("record")

    def test_an_owner_that_overslept_before_claiming_writes_on(self) -> None:
        self.oversleep("claim")

    def test_an_owner_that_overslept_before_finishing_writes_on(self) -> None:
        self.oversleep("finish")

    def oversleep(self, method: str) -> None:
        """One write of the ledger comes too late, and nobody else wants the datasource."""
        node = self.node()
        self.create(node)
        engine = Engine(self, "pe1").publish()
        self.clock.advance(3.0)
        ledger = node.service._fleet.hosts()["nova"].enforcement.executor._ledger
        setattr(ledger, method, self.dozing(node, ledger, method, before=True))
        engine.want(VM1)
        self.clock.advance(25.0)
        self.assertEqual(({"vm1": "done"}, 1), (self.states(), len(self.world.calls)))

    def dozing(self, node: Node, target: object, method: str, *, before: bool) -> Any:
        """The method of an object; its first call outlasts the lease, before or after its work."""
        work = getattr(target, method)

        def doze(*args: Any, **named: Any) -> Any:
            setattr(target, method, work)
            done = None if before else work(*args, **named)
            node.threads.pause()
            self.threads.after(8.0, node.threads.resume)
            self.threads.wait(lambda: True, self.clock.monotonic())
            return work(*args, **named) if before else done

        return doze

    def claim_unknowingly(self) -> tuple[Node, Engine]:
        """Storage has the claim of an action, and told that it failed."""
        node = self.node()
        self.create(node)
        engine = Engine(self, "pe1").publish()
        self.clock.advance(3.0)
        ledger = node.service._fleet.hosts()["nova"].enforcement.executor._ledger
        claim = ledger.claim

        def fail(*args: Any) -> None:
            ledger.claim = claim  # type: ignore[method-assign]
            claim(*args)
            raise StorageError("the connection was lost")

        ledger.claim = fail  # type: ignore[method-assign,assignment]
        engine.want(VM1)
        self.clock.advance(0.5)
        self.assertEqual(({"vm1": "claimed"}, []), (self.states(), self.called()))
        return node, engine

    def test_a_claim_that_was_stored_and_told_to_have_failed_is_run(self) -> None:
        self.claim_unknowingly()
        self.clock.advance(5.0)
        self.assertEqual(({"vm1": "done"}, ["vm1"]), (self.states(), self.called()))

    def test_such_a_claim_is_run_though_its_condition_passes_at_once(self) -> None:
        _, engine = self.claim_unknowingly()
        engine.drop(VM1)
        self.clock.advance(5.0)
        self.assertEqual(({"vm1": "done"}, ["vm1"]), (self.states(), self.called()))

    def test_such_a_claim_is_not_run_once_actions_are_switched_off(self) -> None:
        self.claim_unknowingly()
        self.conf.set_override("enable_execute_action", False)
        self.clock.advance(5.0)
        self.assertEqual(({"vm1": "suppressed"}, []), (self.states(), self.called()))

    def test_recorded_manual_actions_are_run_by_the_next_owner(self) -> None:
        one, _, _ = self.pair()
        host = one.service._fleet.hosts()["nova"]
        host.enforcement.executor.submit("pause", ["vm9"], {}, actor="ann", request_id="r")
        one.kill()
        self.clock.advance(20.0)
        self.assertEqual(["vm9"], self.called())


class LeaderTest(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.ds = self.node()
        self.create(self.ds)
        self.one = Engine(self, "pe1").publish()
        self.clock.advance(2.0)
        self.two = Engine(self, "pe2").publish()
        self.clock.advance(2.0)

    def both(self) -> Sequence[Engine]:
        return self.one, self.two

    def leader(self) -> object:
        return (self.ask(self.ds, "status")["detail"]["leader"] or {}).get("node")

    def test_only_the_leader_is_obeyed(self) -> None:
        self.two.want(VM2)
        self.clock.advance(5.0)
        self.assertEqual([], self.world.calls)
        for engine in self.both():
            engine.want(VM1)
        self.clock.advance(5.0)
        self.assertEqual(["vm1"], self.called())

    def test_what_rose_while_the_leader_was_gone_runs_once(self) -> None:
        self.one.want(VM1)
        self.two.want(VM1)
        self.clock.advance(10.0)
        self.one.bus.stop(0.0)
        began = self.clock.monotonic()
        self.two.want(VM2)
        self.until(lambda: len(self.world.calls) == 2)
        self.assertLess(self.clock.monotonic() - began, 2.0)
        self.clock.advance(60.0)
        self.assertEqual(["vm1", "vm2"], self.called())
        self.assertEqual("pe2", self.leader())

    def test_a_leader_that_falls_silent_is_replaced_in_time(self) -> None:
        self.clock.advance(10.3)
        self.one.publish()
        self.clock.advance(0.1)
        self.threads.group("pe1").kill()
        began = self.clock.monotonic()
        self.two.want(VM2)
        self.until(lambda: bool(self.world.calls))
        self.assertLess(self.clock.monotonic() - began, 2.0)

    def test_who_was_busy_meanwhile_does_not_take_a_leader_for_silent(self) -> None:
        def act() -> None:
            self.world.during_act = lambda: None
            self.two.want(VM2)
            self.threads.wait(lambda: False, self.clock.monotonic() + 3.0)

        self.world.during_act = act
        self.clock.advance(10.0)
        before = self.ask(self.ds, "status")["detail"]["leader"]
        self.one.want(VM1)
        self.clock.advance(10.0)
        self.assertEqual(["vm1"], self.called())
        self.assertEqual(before, self.ask(self.ds, "status")["detail"]["leader"])

    def test_a_flap_in_the_gap_is_not_lost(self) -> None:
        self.clock.advance(10.0)
        self.threads.group("pe1").kill()
        self.two.want(VM1)
        self.clock.advance(0.5)
        self.two.drop(VM1)
        self.clock.advance(20.0)
        self.assertEqual(["vm1"], self.called())
        entry = self.entry(VM1)
        self.assertFalse(entry and entry.active)

    def test_a_copy_that_lags_behind_its_engine_is_not_obeyed(self) -> None:
        self.one.want(VM1)
        self.clock.advance(10.0)
        enforcement = self.ds.service._fleet.hosts()["nova"].enforcement
        follower = enforcement._follower
        copy = follower._watched["pe2"].copy
        follower._change_state(copy, live=False)
        self.one.bus.stop(0.0)
        self.clock.advance(10.0)
        self.assertEqual(("pe2", False), (self.leader(), follower.following()))
        self.two.want(VM1)
        self.clock.advance(1.0)
        follower._change_state(copy, live=True)
        self.two.want(VM2)
        self.clock.advance(10.0)
        self.assertEqual(["vm1", "vm2"], self.called())

    def test_an_engine_that_lags_behind_doubles_nothing(self) -> None:
        self.one.want(VM1)
        self.clock.advance(0.2)
        self.one.drop(VM1)
        self.one.want(VM2)
        self.clock.advance(0.2)
        self.one.bus.stop(0.0)
        self.clock.advance(0.5)
        lagging: list[tuple[Callable[[DesiredAction], object], DesiredAction]] = [
            (self.two.want, VM1),
            (self.two.drop, VM1),
            (self.two.want, VM2),
        ]
        for work, desired in lagging:
            work(desired)
            self.clock.advance(0.1)
        self.clock.advance(30.0)
        self.assertEqual(["vm1", "vm2"], self.called())
        entry = self.entry(VM2)
        self.assertTrue(entry and entry.active)

    def test_a_rule_armed_anew_at_a_follower_is_no_rise(self) -> None:
        for engine in self.both():
            engine.want(VM1)
        self.clock.advance(20.0)
        self.two.hold(VM1)
        self.clock.advance(1.0)
        self.two.arm(VM1, rule=VM1)
        self.clock.advance(1.0)
        self.one.bus.stop(0.0)
        self.clock.advance(30.0)
        self.assertEqual(["vm1"], self.called())

    def test_a_restarted_engine_is_not_obeyed_in_its_old_copy(self) -> None:
        for engine in self.both():
            engine.want(VM1)
        self.clock.advance(10.0)
        self.two.bus.stop(0.0)
        self.one.drop(VM1)
        again = Engine(self, "pe2")
        self.clock.advance(5.0)
        self.one.bus.stop(0.0)
        self.clock.advance(10.0)
        entry = self.entry(VM1)
        self.assertEqual((False, 1), (entry and entry.active, len(self.world.calls)))
        again.publish()
        self.clock.advance(10.0)
        self.assertEqual(["vm1"], self.called())


class WaveringStrategy(LeaderStrategy):
    """Changes its mind every second; any answer is safe."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo("wavering", "Changes its mind.")

    def __init__(self, config: dict[str, OptionValue], ctx: LeaderContext) -> None:
        super().__init__(config, ctx)
        self._known: dict[str, str] = {}

    def observe(self, event: LeaderEvent, now: float) -> None:
        if isinstance(event, Heard):
            self._known[event.node] = event.instance

    def leader(self, now: float) -> Leadership | None:
        names = sorted(self._known)
        if not names:
            return None
        name = names[int(now) % len(names)]
        return Leadership(name, self._known[name], int(now), now)


class BrokenStrategy(WaveringStrategy):
    def leader(self, now: float) -> Leadership | None:
        raise RuntimeError("oops")


class StrategyTest(DatasourceCase):
    def test_two_leaders_in_turn_make_each_action_run_once(self) -> None:
        self.plugins.kinds["leader"]["auto"] = WaveringStrategy
        node = self.node()
        self.create(node)
        engines = [Engine(self, name).publish() for name in ("pe1", "pe2")]
        self.clock.advance(3.0)
        for number in range(10):
            for engine in engines:
                engine.want(pause(f"vm{number}"))
                self.clock.advance(0.3)
        self.clock.advance(20.0)
        self.assertEqual(sorted(f"vm{n}" for n in range(10)), sorted(map(str, self.called())))

    def test_a_strategy_that_fails_leads_to_no_leader(self) -> None:
        self.plugins.kinds["leader"]["auto"] = BrokenStrategy
        node = self.node()
        with self.assertLogs("congress.roles.datasource.electorate", "ERROR") as logs:
            self.create(node)
            Engine(self, "pe1").want(VM1)
            self.clock.advance(10.0)
        self.assertEqual(1, len(logs.output))
        self.assertEqual([], self.ledger())
