"""Data of sources: which tables are subscribed to, and what arrivals do."""

from congress.engine import Changes
from congress.interfaces.role import Epoch, Position
from congress.model.delta import Delta, Snapshot
from congress.model.diagnostic import refuse
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.status import State
from congress.model.values import TRUE
from tests.unit.roles_policy.harness import PolicyEngineTestCase, table

TYPED = TableSchema("servers", (Column("id", ColumnType.STRING), Column("up", ColumnType.BOOLEAN)))


class SubscriptionTest(PolicyEngineTestCase):
    def subscribed(self, source: str = "nova") -> set[str] | None:
        found = self.bus.subscription(source)
        return set(found.tables) if found else None

    def test_exactly_the_tables_that_rules_need(self) -> None:
        self.configure("nova")
        self.assertIsNone(self.subscribed())
        first = self.rule("action", "a(x) :- nova:servers(x), b(x)")
        self.assertEqual({"servers"}, self.subscribed())
        second = self.rule("action", "c(x) :- nova:servers(x), not nova:hosts(x)")
        self.assertEqual({"servers", "hosts"}, self.subscribed())
        self.call("rule_delete", policy="action", rule=second)
        self.assertEqual({"servers"}, self.subscribed())
        self.call("rule_delete", policy="action", rule=first)
        self.assertIsNone(self.subscribed())

    def test_sources_that_do_not_exist_yet_are_subscribed_to(self) -> None:
        self.rule("action", "a(x) :- nova:servers(x)")
        self.assertEqual({"servers"}, self.subscribed())
        self.assertEqual([], self.rows("action", "a"))

    def test_tables_of_policies_are_not(self) -> None:
        self.call("policy_create", name="p")
        self.rule("action", "a(x) :- p:b(x), _status:tables(x, y, z, c, s, e)")
        self.assertEqual([], self.bus.subscriptions)

    def test_a_policy_made_in_place_of_a_source_ends_the_subscription(self) -> None:
        self.rule("action", "a(x) :- nova:servers(x)")
        self.call("policy_create", name="nova")
        self.assertIsNone(self.subscribed())
        self.call("policy_delete", policy="nova")
        self.assertEqual({"servers"}, self.subscribed())

    def test_a_table_no_longer_needed_holds_no_rows(self) -> None:
        self.configure("nova")
        rule = self.rule("action", "a(x) :- nova:servers(x)")
        self.publish_source("nova", table("servers", "id"))
        self.send_rows("nova", "servers", ("s1",))
        self.assertEqual([["s1"]], self.rows("nova", "servers"))
        self.call("rule_delete", policy="action", rule=rule)
        self.assertEqual("not-found", self.refused("row_list", policy="nova", table="servers"))
        self.rule("action", "a(x) :- nova:servers(x)")
        self.assertEqual([], self.rows("action", "a"))


class ArrivalTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.configure("nova")
        self.rule("action", "a(x) :- nova:servers(x, true)")
        self.rule("action", "b(x) :- nova:hosts(x)")

    def transactions(self) -> int:
        return int(self.call("engine_status")["transaction"])

    def test_an_arrival_is_one_transaction(self) -> None:
        self.publish_source("nova", TYPED, table("hosts", "id"))
        before = self.transactions()
        servers = Snapshot("servers", frozenset({("s1", TRUE)}))
        hosts = Snapshot("hosts", frozenset({("h1",)}))
        self.send("nova", servers, hosts)
        self.assertEqual(before + 1, self.transactions())
        self.assertEqual([["s1"]], self.rows("action", "a"))
        self.assertEqual([["h1"]], self.rows("action", "b"))

    def test_deltas_follow_snapshots(self) -> None:
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s1", TRUE), ("s2", TRUE))
        added, removed = frozenset({("s3", TRUE)}), frozenset({("s1", TRUE)})
        self.send("nova", Delta("servers", added, removed))
        self.assertEqual([["s2"], ["s3"]], self.rows("action", "a"))

    def test_a_wrong_row_is_left_out_and_the_rest_stands(self) -> None:
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s1", TRUE), ("s2", "yes"), ("s3",))
        self.assertEqual([["s1"]], self.rows("action", "a"))
        report = self.call("engine_status")["sources"]["nova"]["servers"]
        self.assertEqual(2, report["rejected"])

    def test_a_rule_that_derives_too_much_is_switched_off_and_the_log_says_so(self) -> None:
        many = "big(x, y, z) :- nova:servers(x), nova:servers(y), nova:servers(z)"
        rule = self.rule("action", many)
        self.publish_source("nova", table("servers", "id"))
        with self.assertLogs("congress.roles.policy", "WARNING") as logged:
            self.send_rows("nova", "servers", *((f"s{number}",) for number in range(120)))
        self.assertIn("budget", "".join(logged.output))
        self.assertIn("big(x, y, z)", "".join(logged.output))
        self.assertEqual("off", self.call("rule_status", policy="action", rule=rule)["state"])
        self.assertEqual(120, len(self.rows("nova", "servers")))

    def test_rows_wait_for_a_source_that_does_not_tell_its_columns_yet(self) -> None:
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s1", TRUE))
        self.publish_source("nova", TYPED, epoch=2)
        self.bus.mute = True
        self.bus.sources["nova"] = Position(Epoch(3, "nova-3"), 1)
        self.send_rows("nova", "servers", ("s2", TRUE))
        self.send("nova", Delta("servers", frozenset({("s3", TRUE)})))
        self.clock.advance(3)
        self.assertEqual([["s1"]], self.rows("action", "a"))
        self.bus.mute = False
        self.clock.advance(1.1)
        self.assertEqual([["s2"], ["s3"]], self.rows("action", "a"))

    def test_a_new_epoch_keeps_rows_until_it_is_complete(self) -> None:
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s1", TRUE))
        self.publish_source("nova", TYPED, epoch=2)
        self.send_rows("nova", "servers", complete=False)
        self.assertEqual([["s1"]], self.rows("action", "a"))
        self.send_rows("nova", "servers", ("s2", TRUE))
        self.assertEqual([["s2"]], self.rows("action", "a"))

    def test_other_columns_in_a_new_epoch_switch_rules_off_and_never_misread(self) -> None:
        named = self.rule("action", "n(x) :- nova:servers(id=x)", allow_parked=True)
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s1", TRUE))
        self.assertEqual([["s1"]], self.rows("action", "n"))
        swapped = TableSchema("servers", (TYPED.columns[1], TYPED.columns[0]))
        self.publish_source("nova", swapped, epoch=2)
        self.assertEqual([], self.rows("action", "n"))
        self.send_rows("nova", "servers", (TRUE, "s1"))
        self.assertEqual([["s1"]], self.rows("action", "n"))
        self.publish_source("nova", table("servers", "name"), epoch=3)
        self.assertEqual("off", self.call("rule_status", policy="action", rule=named)["state"])

    def test_a_table_that_appears_later_is_learned(self) -> None:
        rule = self.rule("action", "n(x) :- nova:late(id=x)", allow_parked=True)
        self.publish_source("nova", TYPED)
        self.bus.schemas["nova"] = Schema.of([TYPED, table("late", "id")])
        self.send_rows("nova", "late", ("z",))
        self.assertEqual("active", self.call("rule_status", policy="action", rule=rule)["state"])
        self.assertEqual([["z"]], self.rows("action", "n"))

    def test_other_columns_in_the_same_epoch_are_read_anew(self) -> None:
        self.rule("action", "n(x) :- nova:servers(id=x)", allow_parked=True)
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s1", TRUE))
        first = self.bus.subscription("nova")
        swapped = TableSchema("servers", (TYPED.columns[1], TYPED.columns[0]))
        self.bus.schemas["nova"] = Schema.of([swapped])
        self.bus.tell({"source": "nova"}, "schema-changed")
        self.settle()
        self.assertIsNot(first, self.bus.subscription("nova"))
        self.assertEqual([], self.rows("action", "n"))
        self.send_rows("nova", "servers", (TRUE, "s1"))
        self.assertEqual([["s1"]], self.rows("action", "n"))

    def test_a_deleted_datasource_takes_its_rows_and_leaves_the_rules(self) -> None:
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s1", TRUE))
        self.deconfigure("nova")
        self.assertEqual([], self.rows("action", "a"))
        self.assertEqual("not-found", self.refused("policy_status", policy="nova"))
        self.assertEqual(2, len(self.call("rule_list", policy="action")))
        del self.bus.sources["nova"]
        self.clock.advance(1.1)
        self.configure("nova")
        self.publish_source("nova", TYPED, epoch=2)
        self.send_rows("nova", "servers", ("s2", TRUE))
        self.assertEqual([["s2"]], self.rows("action", "a"))

    def test_a_source_that_is_only_announced_is_mirrored_while_it_lasts(self) -> None:
        self.publish_source("cinder", table("volumes", "id"))
        self.assertEqual({"name": "cinder"}, self.call("policy_status", policy="cinder"))
        del self.bus.sources["cinder"]
        self.clock.advance(1.1)
        self.assertEqual("not-found", self.refused("policy_status", policy="cinder"))

    def test_sources_whose_names_no_policy_can_have_are_passed_over(self) -> None:
        self.publish_source("a-b", table("t", "x"))
        self.assertEqual("not-found", self.refused("policy_status", policy="a-b"))
        self.assertEqual(State.OK, self.engine.health().state)

    def test_other_engines_are_no_sources(self) -> None:
        self.publish_source("policy-engine/pe2", table("__actions/nova", "kind"))
        code = self.refused("policy_status", policy="policy-engine/pe2")
        self.assertEqual("not-found", code)


class StatusTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.configure("nova")
        self.rule("action", "a(x) :- nova:servers(x, y)")
        self.rule("action", "old(s, t) :- _status:tables(s, t, a, c, true, e)")
        self.rule("action", "open(s, t) :- _status:tables(source=s, table=t, complete=false)")

    def rows_of_status(self) -> list[list[object]]:
        return self.rows("_status", "tables")

    def test_rules_read_how_far_tables_can_be_relied_on(self) -> None:
        self.assertEqual([["nova", "servers"]], self.rows("action", "open"))
        self.assertEqual([["nova", "servers", None, False, False, None]], self.rows_of_status())
        self.publish_source("nova", TYPED, epoch=7)
        self.send_rows("nova", "servers")
        now = self.clock.time()
        self.assertEqual([["nova", "servers", now, True, False, 7]], self.rows_of_status())
        self.assertEqual([], self.rows("action", "open"))
        self.send("nova", Delta("servers"), stale=True)
        self.assertEqual([["nova", "servers"]], self.rows("action", "old"))

    def test_losing_the_source_makes_its_tables_stale(self) -> None:
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers")
        subscription = self.bus.subscription("nova")
        assert subscription and subscription.tell
        subscription.tell("servers", "stale")
        self.settle()
        self.assertEqual([["nova", "servers"]], self.rows("action", "old"))
        subscription.tell("servers", "live")
        self.settle()
        self.assertEqual([], self.rows("action", "old"))

    def test_it_changes_on_polls_and_flips_only(self) -> None:
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s", TRUE))
        before = self.call("engine_status")["transaction"]
        self.clock.advance(300)
        self.rows_of_status()
        self.assertEqual(before, self.call("engine_status")["transaction"])
        self.send_rows("nova", "servers", ("s", TRUE))
        self.assertEqual(before + 1, self.call("engine_status")["transaction"])


class RefusedDataTest(PolicyEngineTestCase):
    def test_data_the_engine_refuses_is_asked_for_again(self) -> None:
        self.configure("nova")
        self.rule("action", "execute[nova:stop(x)] :- nova:servers(x, y)")
        self.publish_source("nova", TYPED)
        self.send_rows("nova", "servers", ("s1", TRUE))
        feed = self.engine._feed
        state = feed._states["nova"]
        first = self.bus.subscription("nova")
        self.assertEqual({("want", "stop", '["s1"]')}, self.desired("nova"))
        self.refuse_next_data()
        self.send_rows("nova", "servers", ("s2", TRUE))
        self.assertTrue(first and first.closed)
        self.assertEqual({("hold", "", "")}, self.desired("nova"))
        self.clock.advance(31)
        self.assertIsNot(first, self.bus.subscription("nova"))
        self.assertIs(state, feed._states["nova"])
        self.send_rows("nova", "servers", ("s2", TRUE))
        self.assertEqual({("want", "stop", '["s2"]')}, self.desired("nova"))
        self.assertEqual(State.OK, self.engine.health().state)

    def refuse_next_data(self) -> None:
        """Let the next transaction of the engine go over its limits."""
        runtime = self.engine._feed._runtime
        real = runtime.engine.transact

        def once(*args: object, **more: object) -> Changes:
            runtime.engine.transact = real  # type: ignore[method-assign]
            raise refuse("budget", "too much")

        runtime.engine.transact = once  # type: ignore[method-assign,assignment]
