"""Nothing grows faster than what it is made of: long chains, long rules, many facts."""

import random

from congress.engine import (
    CreatePolicy,
    DeleteRules,
    InsertRules,
    Limits,
    ReplaceTables,
    Tick,
    UpdateTable,
)
from congress.model.diagnostic import Refused
from tests.attack.case import AttackCase

LONG = 10_000
LITERALS = 60


def chain(size: int, *, form: str = "c{1}(x) :- c{0}(x)") -> list[str]:
    """Rules that hand rows on from table to table."""
    return [form.format(number, number + 1) for number in range(size)]


class ChainTest(AttackCase):
    def test_forwards(self) -> None:
        self.check(chain(LONG))

    def test_backwards(self) -> None:
        self.check(chain(LONG)[::-1])

    def test_in_any_order(self) -> None:
        rules = chain(LONG)
        random.Random(3).shuffle(rules)
        self.check(rules)

    def check(self, rules: list[str]) -> None:
        before = self.state()
        text = " ".join(rules)
        changes = self.engine.transact([InsertRules("p", text)])
        self.assertEqual(changes.accepted, LONG)
        changes = self.engine.transact([InsertRules("p", "c0(1)")])
        self.assertEqual(len(changes.tables), LONG + 1)
        self.assertEqual(self.engine.query("p", f"c{LONG}(x)").rows, [(1,)])
        simulated = self.engine.simulate("p", f"c{LONG}(x)", "c0+(2)", "p")
        self.assertEqual(len(simulated.result), 2)
        self.engine.transact([DeleteRules("p", text), DeleteRules("p", "c0(1)")])
        self.assertEqual(self.state(), before)

    def test_a_cycle_of_refused_length(self) -> None:
        text = " ".join([*chain(LONG), f"c0(x) :- c{LONG}(x)"])
        with self.assertRaises(Refused) as caught:
            self.engine.transact([InsertRules("p", text)])
        self.assertEqual([each.code for each in caught.exception.diagnostics], ["recursion"])
        self.assert_usable()

    def test_rules_there_and_back(self) -> None:
        size = 1_000
        rules = chain(size) + chain(size, form="c{0}(x) :- c{1}(x)")
        text = " ".join(rules)
        self.assertEqual(self.refused(InsertRules("p", text)), {"recursion"})
        denied = f"c3(x) :- d(x), not c{size}(x)"
        self.assertEqual(self.refused(InsertRules("g", f"{text} {denied}")), {"unstratified"})

    def test_times_are_followed_through_a_chain(self) -> None:
        rules = ["c0(x) :- now(x)", *chain(LONG)][::-1]
        self.engine.transact([InsertRules("p", " ".join(rules))])
        self.engine.transact([Tick("2026-01-01 00:00:00")])
        self.assertEqual(len(self.engine.rows("p", f"c{LONG}")), 1)
        with self.assertRaises(Refused) as caught:
            action = f"execute[n:stop(x)] :- c{LONG}(x)"
            self.engine.transact([InsertRules("p", action)])
        self.assertEqual(caught.exception.code, "unsafe")

    def test_statements_that_wait_for_each_other(self) -> None:
        rules = chain(LONG, form="c{1}(x) :- c{0}(0=x)")
        self.engine.transact([InsertRules("p", " ".join(rules[::-1]))])
        self.assertEqual(self.engine.rule_status("p", rules[5]).state, "parked")
        self.engine.transact([InsertRules("p", "c0(1)")])
        self.assertEqual(set(self.engine.rows("p", f"c{LONG}")), {(1,)})

    def test_many_rules_of_one_table(self) -> None:
        rules = [f"a(x) :- f{n}(x)  h{n}(x) :- a(x)" for n in range(LONG // 2)]
        self.engine.transact([InsertRules("p", " ".join(rules))])
        changes = self.engine.transact([InsertRules("p", "f7(1)")])
        self.assertEqual(len(changes.tables), LONG // 2 + 2)

    def test_deep_negation(self) -> None:
        size = 2_000
        rules = chain(size, form="c{1}(x) :- d(x), not c{0}(x)")
        self.engine.transact([InsertRules("p", " ".join([*rules, "d(1)"]))])
        self.assertEqual(set(self.engine.rows("p", f"c{size}")), set())
        self.engine.transact([InsertRules("p", "c0(1)")])
        self.assertEqual(set(self.engine.rows("p", f"c{size}")), {(1,)})


class LongRuleTest(AttackCase):
    limits = Limits(steps=3_000_000)

    def check(self, text: str, tables: dict[str, list[tuple[object, ...]]], count: int) -> None:
        """A rule gives as many rows when it comes last, when rows come last, and when asked."""
        replace = ReplaceTables("l", tables)  # type: ignore[arg-type]
        insert = InsertRules("l", f"{text} ; keep(1) :- false")
        for edits in ((insert, replace), (replace, insert)):
            self.setUp()
            self.engine.transact([CreatePolicy("l")])
            for edit in edits:
                self.engine.transact([edit])
            self.assertEqual(len(self.engine.rows("l", "r")), count)
            asked = {row for row in self.engine.query("l", text).rows if row is not None}
            self.assertEqual(asked, set(self.engine.rows("l", "r")))
            sequence = f"keep-(2) {text.replace('(', '+(', 1).replace('r+', 'r2+')}"
            simulated = self.engine.simulate("l", self.atom(text), sequence, "l")
            self.assertEqual(len(simulated.result), count)

    def atom(self, text: str) -> str:
        return "r2" + text.partition(" :- ")[0][1:]

    def test_a_path_through_as_many_tables(self) -> None:
        body = ", ".join(f"q{n}(x{n}, x{n + 1})" for n in range(LITERALS))
        tables = {f"q{n}": [(k, k) for k in range(50)] for n in range(LITERALS)}
        self.check(f"r(x0, x{LITERALS}) :- {body}", tables, 50)

    def test_a_path_through_one_table(self) -> None:
        body = ", ".join(f"q(x{n}, x{n + 1})" for n in range(LITERALS))
        rows = [(n, n + 1) for n in range(LITERALS + 20)]
        self.check(f"r(x0, x{LITERALS}) :- {body}", {"q": rows}, 21)

    def test_one_table_with_constants(self) -> None:
        body = ", ".join(f"q(x, {n})" for n in range(LITERALS))
        rows = [(k, n) for k in range(5) for n in range(LITERALS - k % 2)]
        self.check(f"r(x) :- {body}", {"q": rows}, 3)

    def test_a_star_of_constants(self) -> None:
        body = ", ".join(f'q(x, y{n}), k{n}(y{n}, "c")' for n in range(LITERALS // 2))
        tables = {f"k{n}": [(k, "c") for k in range(40)] for n in range(LITERALS // 2)}
        self.check(f"r(x) :- {body}", {**tables, "q": [(k, k) for k in range(40)]}, 40)

    def test_as_many_denials(self) -> None:
        body = ", ".join(f"not n{n}(x)" for n in range(LITERALS))
        tables = {f"n{n}": [(n,)] for n in range(LITERALS)}
        rows = [(k,) for k in range(LITERALS + 5)]
        self.check(f"r(x) :- q(x), {body}", {**tables, "q": rows}, 5)

    def test_as_many_calls(self) -> None:
        body = ", ".join(f"builtin:plus(x{n}, 1, x{n + 1})" for n in range(LITERALS))
        rows = [(k,) for k in range(30)]
        self.check(f"r(x{LITERALS}) :- q(x0), {body}", {"q": rows}, 30)

    def test_ways_that_are_too_many_to_count(self) -> None:
        path = ", ".join(f"q(x{n}, x{n + 1})" for n in range(LITERALS))
        open_columns = ", ".join("q(x0, _)" for _ in range(LITERALS))
        self.engine.transact([InsertRules("p", "q(0, 0) q(0, 1) q(1, 0) q(1, 1)")])
        for body in (path, open_columns):
            sequence = f"r+(x0) :- {body}"
            with self.subTest(body=body[:20]):
                simulated = self.engine.simulate("p", "r(x)", sequence, "p")
                self.assertEqual(simulated.result, ["r(0)", "r(1)"])
                self.engine.transact([InsertRules("p", f"s(x0) :- {body}")])
                self.assertEqual(set(self.engine.rows("p", "s")), {(0,), (1,)})
                self.engine.transact([UpdateTable("p", "q", [(2, 1)])])
                self.assertEqual(set(self.engine.rows("p", "s")), {(0,), (1,), (2,)})
                self.engine.transact([UpdateTable("p", "q", [], [(2, 1)])])
                self.engine.transact([DeleteRules("p", f"s(x0) :- {body}")])
        asked = self.engine.query("p", f"r(x0) :- {open_columns}", limit=5)
        self.assertLessEqual(set(asked.rows), {(0,), (1,)})


class ManyFactsTest(AttackCase):
    def test_a_hundred_thousand_in_one_text(self) -> None:
        size = 100_000
        rules = "d(x) :- f(x, _)  e(y) :- f(_, y), not d(y)"
        self.engine.transact([InsertRules("p", rules)])
        text = " ".join(f'f({n}, "name{n}")' for n in range(size))
        changes = self.engine.transact([InsertRules("p", text)])
        self.assertEqual(changes.accepted, size)
        self.assertEqual(len(self.engine.rows("p", "e")), size)
        self.assertEqual(self.engine.transact([DeleteRules("p", text)]).accepted, size)
        self.assertEqual(len(self.engine.rows("p", "d")), 0)

    def test_rows_with_bad_ones_among_them(self) -> None:
        size = 100_000
        rows = [(n, n) if n % 10 else (n,) for n in range(size)]
        rows[1], rows[11] = (float("inf"), 1), (1 << 5000, 1)
        self.engine.transact([InsertRules("p", "d(x) :- f(x, _)")])
        changes = self.engine.transact([UpdateTable("p", "f", rows)])
        self.assertEqual(len(changes.rejected), size // 10 + 2)
        self.assertEqual(len(self.engine.rows("p", "d")), size - size // 10 - 2)
