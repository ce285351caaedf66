"""What followers of a table are told, and that it never has a gap."""

import threading
from typing import Any

from congress.engine import InsertRules
from congress.model.delta import Delta
from congress.model.mark import Mark, read_mark
from congress.roles.listings import MOST, PATIENCE, PIECE_ROWS
from congress.roles.policy.book import Steps
from tests.unit.roles_policy.harness import PolicyEngineTestCase, table


class FollowingTestCase(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.configure("nova")
        self.rule("action", "late(x) :- nova:servers(x), not nova:hosts(x)")
        self.publish_source("nova", table("servers", "id"), table("hosts", "id"))
        self.held: set[tuple[Any, ...]] = set()
        self.mark: str | None = None

    def servers(self, *names: str) -> None:
        self.send_rows("nova", "servers", *[(name,) for name in names])

    def ask(self, name: str = "late", **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.call("change_list", policy="action", table=name, **more)
        return found

    def follow(self, name: str = "late") -> dict[str, Any]:
        """Ask for what is new and apply it."""
        told = self.ask(name, since=self.mark)
        if told["reset"]:
            self.held.clear()
        changes, rest = told["changes"], told["rest"]
        while rest:
            more = self.call("listing_more", listing=rest)
            changes += more["piece"]
            rest = more["rest"]
        for change in changes:
            gone, come = (set(map(tuple, change[key])) for key in ("removed", "added"))
            self.assertFalse(come & self.held)
            self.assertLessEqual(gone, self.held)
            self.held = (self.held - gone) | come
        self.mark = told["mark"]
        return told

    def expect_in_step(self) -> None:
        rows = {tuple(row) for row in self.rows("action", "late")}
        self.assertEqual(rows, self.held)


class FollowingTest(FollowingTestCase):
    def test_it_begins_with_all_rows_and_goes_on_with_changes(self) -> None:
        self.servers("a", "b")
        told = self.follow()
        self.assertEqual("start", told["reset"])
        self.assertEqual(["x"], told["columns"])
        self.assertEqual({("a",), ("b",)}, self.held)
        self.servers("b", "c")
        told = self.follow()
        self.assertIsNone(told["reset"])
        (change,) = told["changes"]
        self.assertEqual([["a"]], change["removed"])
        self.assertEqual([["c"]], change["added"])
        self.assertEqual(told["transaction"], change["transaction"])
        self.assertEqual([], self.follow()["changes"])

    def test_each_transaction_is_told_by_its_number(self) -> None:
        self.follow()
        for name in ("a", "b", "c"):
            self.servers(name)
        told = self.follow()
        numbers = [change["transaction"] for change in told["changes"]]
        self.assertEqual(sorted(set(numbers)), numbers)
        self.assertEqual(3, len(numbers))
        self.expect_in_step()

    def test_changes_by_rules_are_told_too(self) -> None:
        self.servers("a")
        self.follow()
        fact = self.rule("action", 'late("z")')
        self.follow()
        self.assertEqual({("a",), ("z",)}, self.held)
        self.call("rule_delete", policy="action", rule=fact)
        self.follow()
        self.expect_in_step()

    def test_statements_that_are_applied_one_by_one_are_told_too(self) -> None:
        self.follow()
        self.call("policy_create", name="p", rules=[{"rule": 'q("r")'}])
        self.engine._runtime.loop.call(
            lambda: self.engine._loader._run_each((), _steps_of("action", 'late("quiet")')),
            5,
        )
        self.follow()
        self.assertIn(("quiet",), self.held)

    def test_a_table_of_a_source_under_both_its_names(self) -> None:
        self.servers("a")
        for policy, name in (("nova", "servers"), ("action", "nova:servers")):
            told = self.call("change_list", policy=policy, table=name)
            self.assertEqual([["a"]], told["changes"][0]["added"])
            self.servers("b")
            told = self.call("change_list", policy=policy, table=name, since=told["mark"])
            self.assertEqual([["b"]], told["changes"][0]["added"])
            self.servers("a")

    def test_many_rows_come_in_pieces_that_do_not_change_meanwhile(self) -> None:
        names = [f"s{number}" for number in range(2 * PIECE_ROWS + 7)]
        self.servers(*names)
        told = self.ask()
        self.assertEqual(PIECE_ROWS, len(told["changes"][0]["added"]))
        self.servers("other")
        found = told["changes"][0]["added"]
        rest = told["rest"]
        while rest:
            more = self.call("listing_more", listing=rest)
            found += [row for change in more["piece"] for row in change["added"]]
            rest = more["rest"]
        self.assertEqual(sorted(names), sorted(row[0] for row in found))
        self.assertEqual("not-found", self.refused("listing_more", listing=told["rest"]))

    def test_what_nobody_goes_on_with_is_given_up(self) -> None:
        self.servers(*[f"s{number}" for number in range(PIECE_ROWS + 1)])
        first = self.ask()["rest"]
        for _ in range(MOST - 1):
            self.ask()
        self.assertEqual("unavailable", self.refused("change_list", policy="action", table="late"))
        self.clock.advance(PATIENCE + 1)
        self.ask()
        self.assertEqual("not-found", self.refused("listing_more", listing=first))

    def test_a_table_that_is_not_there(self) -> None:
        self.assertEqual("not-found", self.refused("change_list", policy="action", table="no"))

    def test_a_table_that_went(self) -> None:
        rule = self.rule("action", "short(x) :- nova:servers(x)")
        mark = self.ask("short")["mark"]
        self.call("rule_delete", policy="action", rule=rule)
        code = self.refused("change_list", policy="action", table="short", since=mark)
        self.assertEqual("not-found", code)

    def test_columns_are_those_of_now(self) -> None:
        self.servers("a")
        told = self.call("change_list", policy="nova", table="servers")
        self.assertEqual(["id"], told["columns"])
        self.publish_source("nova", table("servers", "name"), table("hosts", "id"), epoch=2)
        told = self.call("change_list", policy="nova", table="servers", since=told["mark"])
        self.assertEqual(["name"], told["columns"])


class MarkTest(FollowingTestCase):
    def test_a_mark_of_another_engine_begins_anew(self) -> None:
        self.servers("a")
        mine = read_mark(self.ask()["mark"])
        assert mine
        ahead = mine.transaction + 100
        for other in (
            Mark(mine.node, "0123456789ab", mine.transaction),
            Mark("other", mine.engine, mine.transaction),
            Mark(mine.node, mine.engine, ahead),
        ):
            told = self.ask(since=str(other))
            self.assertEqual("other-engine", told["reset"])
            self.assertEqual([["a"]], told["changes"][0]["added"])

    def test_what_is_no_mark_begins_anew(self) -> None:
        for text in ("", "7", "a/b", "a/b-", "a/b-x", "a/b-\u0663", "/-1"):
            self.assertIsNone(read_mark(text), text)
        self.assertEqual("other-engine", self.ask(since="7")["reset"])

    def test_changes_that_are_kept_no_longer(self) -> None:
        self.engine._parts.conf.limits.change_rows = 4
        self.follow()
        old = self.mark
        for number in range(6):
            self.servers(f"s{number}")
        self.assertEqual("expired", self.ask(since=old)["reset"])
        self.assertEqual("expired", self.follow()["reset"])
        self.expect_in_step()
        self.servers("t")
        self.assertIsNone(self.follow()["reset"])
        self.expect_in_step()

    def test_a_table_that_did_not_change_makes_no_mark_expire(self) -> None:
        self.rule("action", 'still("x")')
        mark = self.ask("still")["mark"]
        self.engine._parts.conf.limits.change_rows = 4
        for number in range(6):
            self.servers(f"s{number}")
        self.assertIsNone(self.ask("still", since=mark)["reset"])

    def test_a_change_larger_than_what_is_kept(self) -> None:
        self.follow()
        self.engine._parts.conf.limits.change_rows = 4
        self.servers(*[f"s{number}" for number in range(9)])
        self.assertEqual("expired", self.follow()["reset"])
        self.expect_in_step()


class CoverageTest(FollowingTestCase):
    def coverage(self, name: str = "late") -> dict[str, Any]:
        return {each["table"]: each for each in self.ask(name)["coverage"]}

    def test_every_source_table_below_has_its_place(self) -> None:
        self.servers("a")
        self.send_rows("nova", "hosts", ("h",))
        found = self.coverage()
        self.assertEqual({"servers", "hosts"}, set(found))
        position = self.bus.sources["nova"]
        for each in found.values():
            self.assertEqual("nova", each["source"])
            self.assertEqual(1, each["epoch"])
            self.assertEqual(position.epoch.instance, each["instance"])
            self.assertEqual(self.seq - 1, each["sequence"])
            self.assertTrue(each["complete"])
        self.assertEqual(self.clock.time(), found["hosts"]["as_of"])

    def test_a_table_of_which_nothing_came(self) -> None:
        self.servers("a")
        hosts = self.coverage()["hosts"]
        self.assertEqual(
            (None, None, None, False),
            (hosts["epoch"], hosts["sequence"], hosts["as_of"], hosts["complete"]),
        )

    def test_through_other_tables_and_policies(self) -> None:
        self.call("policy_create", name="p", rules=[{"rule": "q(x) :- action:late(x)"}])
        told = self.call("change_list", policy="p", table="q")
        self.assertEqual(["hosts", "servers"], [each["table"] for each in told["coverage"]])

    def test_rows_kept_over_a_new_epoch_are_still_of_the_old_one(self) -> None:
        self.servers("a")
        before = self.coverage()["servers"]
        self.publish_source("nova", table("servers", "id"), table("hosts", "id"), epoch=2)
        self.send("nova", Delta("servers", frozenset({("b",)})), complete=False)
        self.assertEqual(before, self.coverage()["servers"])
        self.servers("b")
        self.assertEqual(2, self.coverage()["servers"]["epoch"])


class WaitTest(FollowingTestCase):
    def test_waiting_ends_with_a_change_of_that_table_only(self) -> None:
        mark = read_mark(self.ask()["mark"])
        assert mark
        history = self.engine._history
        place = ("action", "late")
        ended = threading.Event()

        def wait() -> None:
            history.wait(place, mark.transaction, 30)
            ended.set()

        waiter = threading.Thread(target=wait)
        waiter.start()
        self.addCleanup(waiter.join, 30)
        self.send_rows("nova", "hosts", ("h",))
        self.assertFalse(ended.is_set())
        while not ended.wait(0.01):
            self.servers(f"s{self.seq}")
        self.assertEqual({}, history._waiting)

    def test_what_is_there_already_is_not_waited_for(self) -> None:
        mark = self.ask()["mark"]
        self.servers("a")
        told = self.ask(since=mark, wait=30)
        self.assertEqual([["a"]], told["changes"][0]["added"])


def _steps_of(policy: str, text: str) -> Steps:
    """Steps that insert one statement."""
    return Steps((), (), (), [InsertRules(policy, text, rule_id="one")], ["one"])
