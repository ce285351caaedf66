"""What is published of desired actions, and when rules are armed."""

import operator

from congress.interfaces.role import Epoch, Peer, Position
from congress.model.builtin import Builtin
from congress.model.delta import Delta
from congress.model.status import State
from congress.model.values import FALSE, TRUE
from congress.roles.policy.builtins import builtins_digest
from tests.unit.roles_policy.fakes import FakeBus
from tests.unit.roles_policy.harness import PolicyEngineTestCase, table

HOLD = ("hold", "", "")


class PublicationTest(PolicyEngineTestCase):
    def test_every_datasource_has_a_table_though_nothing_is_wanted(self) -> None:
        self.configure("nova", "cinder")
        assert self.bus.published
        self.assertEqual("policy-engine/pe1", self.bus.published.source)
        expected = {"__actions/nova", "__actions/cinder", "__basis"}
        self.assertEqual(expected, set(self.bus.published.tables))
        self.assertEqual(set(), self.desired("nova"))
        self.deconfigure("cinder")
        self.assertEqual({"__actions/nova", "__basis"}, set(self.bus.published.tables))

    def test_tables_that_somebody_asks_for_are_published(self) -> None:
        assert self.bus.published and self.bus.on_wanted
        self.bus.published.asked = frozenset({"__actions/late", "other"})
        self.bus.on_wanted(self.bus.published.asked)
        self.settle()
        self.assertIn("__actions/late", self.bus.published.tables)

    def test_rows_name_the_rule_and_hold_the_arguments_as_json(self) -> None:
        self.configure("nova")
        rule = self.rule("action", 'execute[nova:stop(x, 1.0, true, null, "é")] :- a(x)')
        self.rule("action", "a(2)")
        assert self.bus.published
        expected = {("want", "action", rule, "stop", '[2,1,true,null,"é"]')}
        self.assertEqual(expected, self.bus.published.tables["__actions/nova"])

    def test_an_action_without_service_belongs_to_its_policy(self) -> None:
        self.rule("action", "execute[stop(x)] :- a(x)")
        self.rule("action", "a(2)")
        self.assertEqual({("want", "stop", "[2]")}, self.desired("action"))

    def test_an_unknown_service_is_told_of(self) -> None:
        rule = self.rule("action", "execute[nova:stop(1)] :- true")
        self.assertEqual({("want", "stop", "[1]")}, self.desired("nova"))
        warnings = self.call("engine_status")["actions"]["warnings"]
        self.assertEqual(
            [f"rule {rule} wants actions of 'nova', which is no data source"], warnings
        )
        self.configure("nova")
        self.assertEqual([], self.call("engine_status")["actions"]["warnings"])

    def test_nothing_is_published_twice(self) -> None:
        self.configure("nova")
        self.rule("action", "execute[nova:stop(x)] :- a(x)")
        assert self.bus.published
        before = self.bus.published.published
        self.rule("action", "b(1)")
        self.assertEqual(before, self.bus.published.published)
        self.rule("action", "a(1)")
        self.assertEqual(before + 1, self.bus.published.published)

    def test_nothing_is_wanted_that_is_not_stored(self) -> None:
        self.configure("nova")
        self.rule("action", "execute[nova:stop(x)] :- a(x)")
        self.storage.fail_commits = 1
        self.assertEqual("unavailable", self.refused("rule_create", policy="action", rule="a(1)"))
        self.assertEqual(set(), self.desired("nova"))


class ArmingTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.configure("nova", "cinder")

    def publish_both(self) -> None:
        self.publish_source("nova", table("servers", "id"))
        self.publish_source("cinder", table("volumes", "id"))

    def test_negation_over_a_source_that_comes_later_fires_nothing_early(self) -> None:
        self.rule("action", "bare(x) :- nova:servers(x), not cinder:volumes(x)")
        self.rule("action", "execute[nova:stop(x)] :- bare(x)")
        self.assertEqual({HOLD}, self.desired("nova"))
        self.publish_both()
        self.send_rows("nova", "servers", ("s1",), ("s2",))
        self.assertEqual([["s1"], ["s2"]], self.rows("action", "bare"))
        self.assertEqual({HOLD}, self.desired("nova"))
        self.send_rows("cinder", "volumes", complete=False)
        self.assertEqual({HOLD}, self.desired("nova"))
        self.send_rows("cinder", "volumes", ("s1",))
        self.assertEqual({("want", "stop", '["s2"]')}, self.desired("nova"))

    def test_static_rules_are_armed_at_once_beside_held_ones(self) -> None:
        self.rule("action", "execute[nova:start(1)] :- true")
        self.rule("action", "execute[nova:stop(x)] :- nova:servers(x)")
        self.assertEqual({HOLD, ("want", "start", "[1]")}, self.desired("nova"))

    def test_stale_tables_hold_what_is_wanted(self) -> None:
        rule = self.rule("action", "execute[nova:stop(x)] :- nova:servers(x)")
        self.publish_both()
        self.send_rows("nova", "servers", ("s1",))
        wanted = {("want", "stop", '["s1"]')}
        self.assertEqual(wanted, self.desired("nova"))
        self.send("nova", Delta("servers"), stale=True)
        self.assertEqual({HOLD}, self.desired("nova"))
        held = self.call("engine_status")["actions"]["held"]
        self.assertEqual({rule: "waits for nova:servers"}, held)
        self.send("nova", Delta("servers"))
        self.assertEqual(wanted, self.desired("nova"))

    def test_a_new_epoch_heard_of_holds_at_once(self) -> None:
        self.rule("action", "execute[nova:stop(x)] :- nova:servers(x)")
        self.publish_both()
        self.send_rows("nova", "servers", ("s1",))
        self.publish_source("nova", table("servers", "id"), epoch=2)
        self.assertEqual({HOLD}, self.desired("nova"))
        self.send_rows("nova", "servers", complete=False)
        self.assertEqual({HOLD}, self.desired("nova"))
        self.send_rows("nova", "servers", ("s1",))
        self.assertEqual({("want", "stop", '["s1"]')}, self.desired("nova"))

    def test_old_rows_arm_nothing_while_new_ones_wait_for_their_columns(self) -> None:
        self.rule("action", "execute[nova:stop(x)] :- nova:servers(x)")
        self.publish_both()
        self.send_rows("nova", "servers", ("s1",))
        subscription = self.bus.subscription("nova")
        assert subscription and subscription.tell
        subscription.tell("servers", "stale")
        self.settle()
        self.assertEqual({HOLD}, self.desired("nova"))
        self.bus.mute = True
        self.bus.sources["nova"] = Position(Epoch(2, "nova-2"), 1)
        self.send_rows("nova", "servers", ("s2",))
        subscription.tell("servers", "live")
        self.settle()
        self.assertEqual({HOLD}, self.desired("nova"))
        self.bus.mute = False
        self.clock.advance(1.1)
        self.assertEqual({("want", "stop", '["s2"]')}, self.desired("nova"))

    def test_rows_that_waited_while_contact_was_lost_arm_nothing(self) -> None:
        self.rule("action", "execute[nova:stop(x)] :- nova:servers(x)")
        self.publish_both()
        self.bus.mute = True
        self.bus.sources["nova"] = Position(Epoch(2, "nova-2"), 1)
        self.send_rows("nova", "servers", ("s1",))
        subscription = self.bus.subscription("nova")
        assert subscription and subscription.tell
        subscription.tell("servers", "live")
        subscription.tell("servers", "stale")
        self.bus.mute = False
        self.clock.advance(1.1)
        self.assertEqual({HOLD}, self.desired("nova"))
        subscription.tell("servers", "live")
        self.settle()
        self.assertEqual({("want", "stop", '["s1"]')}, self.desired("nova"))

    def test_a_deleted_datasource_holds_the_rules_that_read_it(self) -> None:
        self.rule("action", "execute[cinder:wipe(x)] :- nova:servers(x)")
        self.publish_both()
        self.send_rows("nova", "servers", ("s1",))
        self.deconfigure("nova")
        self.assertEqual({HOLD}, self.desired("cinder"))

    def test_rules_that_read_nothing_that_exists_are_held(self) -> None:
        self.rule("action", "execute[nova:stop(1)] :- not typo:table(1)")
        self.assertEqual({HOLD}, self.desired("nova"))

    def test_a_statement_without_effect_holds_the_actions_that_reach_it(self) -> None:
        self.rule("action", "ok(x) :- cinder:volumes(name=x)", allow_parked=True)
        self.rule("action", "fine(x) :- ok(x)")
        self.rule("action", "execute[nova:stop(x)] :- nova:servers(x), not fine(x)")
        self.rule("action", "execute[nova:log(x)] :- nova:servers(x)")
        self.publish_source("nova", table("servers", "id"))
        self.send_rows("nova", "servers", ("s1",))
        self.assertEqual({HOLD, ("want", "log", '["s1"]')}, self.desired("nova"))
        self.publish_source("cinder", table("volumes", "name"))
        self.assertEqual({HOLD, ("want", "log", '["s1"]')}, self.desired("nova"))
        self.send_rows("cinder", "volumes", ("s1",))
        self.assertEqual({("want", "log", '["s1"]')}, self.desired("nova"))

    def test_a_parked_action_rule_is_held(self) -> None:
        self.rule("action", "execute[nova:stop(x)] :- cinder:volumes(name=x)", allow_parked=True)
        self.assertEqual({HOLD}, self.desired("nova"))

    def test_a_rule_on_the_status_of_tables_is_armed_always(self) -> None:
        self.rule("action", "a(x) :- nova:servers(x)")
        self.rule("action", "execute[cinder:tell(t)] :- _status:tables(s, t, a, false, st, e)")
        self.assertEqual({("want", "tell", '["servers"]')}, self.desired("cinder"))


class RestartTest(PolicyEngineTestCase):
    def test_a_restart_wants_nothing_before_it_knows_everything(self) -> None:
        self.configure("nova")
        self.rule("action", "execute[nova:stop(x)] :- nova:servers(x)")
        self.rule("action", "execute[nova:start(1)] :- true")
        self.publish_source("nova", table("servers", "id"))
        self.send_rows("nova", "servers", ("s1",))
        assert self.bus.published
        first = self.bus.published.position.epoch
        bus, self.bus = self.bus, FakeBus(instance="i2")
        self.bus.sources, self.bus.schemas = bus.sources, bus.schemas
        self.storage.away = True
        other = self.make_engine(self.bus, self.storage)
        other.start()
        self.addCleanup(lambda: other.stop(3.0))
        self.clock.advance(5)
        self.assertIsNone(self.bus.published)
        self.storage.away = False
        self.clock.advance(1.1)
        self.assertIsNotNone(self.bus.published)
        assert self.bus.published
        self.assertLess(first.number, self.bus.published.position.epoch.number)
        self.assertEqual({HOLD, ("want", "start", "[1]")}, self.desired("nova"))
        self.send_rows("nova", "servers", ("s1",))
        expected = {("want", "stop", '["s1"]'), ("want", "start", "[1]")}
        self.assertEqual(expected, self.desired("nova"))


class BooleanTest(PolicyEngineTestCase):
    def test_booleans_are_no_numbers_in_arguments(self) -> None:
        self.configure("nova")
        self.rule("action", "execute[nova:set(x)] :- nova:flags(x)")
        self.bus.sources["nova"] = Position(Epoch(1, "n"), 1)
        self.publish_source("nova", table("flags", "x"))
        self.send_rows("nova", "flags", (TRUE,), (1,), (FALSE,), (0,))
        found = {row[2] for row in self.desired("nova")}
        self.assertEqual({"[true]", "[1]", "[false]", "[0]"}, found)


class AgreementTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.configure("nova")
        self.rule("action", "execute[nova:start(1)] :- true")

    def test_engines_with_other_builtins_do_not_act(self) -> None:
        self.clock.advance(2)
        self.assertEqual({("want", "start", "[1]")}, self.desired("nova"))
        self.bus.others = [Peer("pe2", "i", {}, {}, {"builtins": "others"})]
        self.clock.advance(2)
        self.assertEqual({HOLD}, self.desired("nova"))
        self.assertEqual(State.DEGRADED, self.engine.health().state)
        self.bus.others = [Peer("ds", "i", {}, {}, {})]
        self.clock.advance(2)
        self.assertEqual({("want", "start", "[1]")}, self.desired("nova"))
        self.assertEqual(State.OK, self.engine.health().state)

    def test_an_engine_that_is_not_what_storage_says_does_not_act(self) -> None:
        self.engine._loader.fault = "broken"
        self.clock.advance(2)
        self.assertEqual({HOLD}, self.desired("nova"))
        self.assertEqual(State.FAILED, self.engine.health().state)

    def test_builtins_are_told_apart_by_what_they_are(self) -> None:
        one = Builtin("equal", ("x", "y"), (), operator.eq)
        same = Builtin("equal", ("x", "y"), (), operator.is_)
        other = Builtin("equal", ("x",), ("y",), operator.neg)
        self.assertEqual(builtins_digest([one]), builtins_digest([same]))
        self.assertNotEqual(builtins_digest([one]), builtins_digest([other]))
        self.assertNotEqual(builtins_digest([one]), builtins_digest([]))
