"""Tests of congress.engine.lang.taint, and of the table of the current time."""

from congress.engine import InsertRules, RuleState, Tick
from tests.unit.engine.case import EngineCase


class ClockTest(EngineCase):
    def test_the_tick_is_a_table(self) -> None:
        self.insert("t(x) :- now(x)  late(x) :- d(x), builtin:now(n), builtin:datetime_lt(x, n)")
        self.assertEqual(self.rows("t"), set())
        self.assertTrue(self.engine.uses_clock())
        self.engine.transact([Tick("2026-01-02 00:00:00")])
        self.insert('d("2026-01-01") d("2026-01-03")')
        self.assertEqual(self.rows("t"), {("2026-01-02 00:00:00",)})
        self.assertEqual(self.rows("late"), {("2026-01-01",)})
        changes = self.engine.transact([Tick("2026-01-04 00:00:00")])
        self.assertEqual(self.rows("late"), {("2026-01-01",), ("2026-01-03",)})
        self.assertEqual(set(changes.tables), {("p", "t"), ("p", "late")})

    def test_an_unused_clock(self) -> None:
        self.assertFalse(self.engine.uses_clock())
        self.assertEqual(self.engine.transact([Tick("2026-01-02 00:00:00")]).tables, {})

    def test_query_for_the_time(self) -> None:
        self.engine.transact([Tick("2026-01-02 00:00:00")])
        self.assertEqual(self.texts("builtin:now(x)"), ['builtin:now("2026-01-02 00:00:00")'])


class TaintTest(EngineCase):
    def test_times_in_arguments_are_refused(self) -> None:
        self.insert("t(x, y) :- now(x), b(y)  b(1)")
        for text in (
            "execute[m:send(x)] :- now(x)",
            "execute[m:send(x)] :- t(x, _)",
            "execute[m:send(d)] :- t(x, _), builtin:extract_date(x, d)",
        ):
            with self.subTest(text=text):
                self.assertEqual(self.refused(text), ["unsafe"])

    def test_times_in_conditions_are_fine(self) -> None:
        self.insert("t(x, y) :- now(x), b(y)  b(1)")
        text = 'execute[m:send(y)] :- t(x, y), builtin:datetime_lt(x, "2027-01-01")'
        self.assertEqual(self.insert(text).accepted, 1)

    def test_a_later_rule_must_not_bring_times_into_an_action(self) -> None:
        self.insert("execute[m:send(x)] :- u(x)")
        self.assertEqual(self.refused("u(x) :- now(x)"), ["unsafe"])

    def test_stored_rules_are_switched_off_instead(self) -> None:
        text = "execute[m:send(x)] :- now(x)"
        self.engine.transact([InsertRules("p", text, "r", lenient=True)])
        self.assertIs(self.engine.rule_status("p", "r").state, RuleState.OFF)
