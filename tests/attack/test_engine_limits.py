"""Attacks on the limits: a diagnostic, bounded memory, an end, and a state as before."""

from congress.engine import InsertRules, Limits, RuleState, UpdateTable
from congress.model.diagnostic import Refused
from tests.attack.case import MEGABYTE, AttackCase, memory

#: Rules of policy ``g`` that never come to an end by themselves.
ENDLESS = {
    "a counter": "n(0) n(y) :- n(x), builtin:plus(x, 1, y)",
    "a counter down": "n(0) n(y) :- n(x), builtin:minus(x, 1, y)",
    "two in turn": "n(0) m(y) :- n(x), builtin:plus(x, 1, y)  n(y) :- m(x), builtin:plus(x, 1, y)",
    "halves": "n(1.5) n(y) :- n(x), builtin:div(x, 1.01, y)",
    "a walk with its length": "d(x, y, 1) :- l(x, y)  l(3, 1) "
    "d(x, z, k) :- d(x, y, n), l(y, z), builtin:plus(n, 1, k)",
    "time": 't("2020-01-01") t(y) :- t(x), builtin:datetime_plus(x, 1, y)',
    "words": 's("") s(y) :- s(x), w(v), builtin:concat(x, v, y)  w("a") w("b")',
    "doubled words": 's("ab") s(y) :- s(x), builtin:concat(x, x, y)',
    "repeated words": 's("ab") s(y) :- s(x), builtin:mul(x, 1000, y)',
    "a repetition at once": 's(y) :- l(_, _), builtin:mul("ab", 1000000000000, y)',
    "squares": "n(3) n(y) :- n(x), builtin:mul(x, x, y)",
    "dates": 's("1") s(y) :- s(x), builtin:pack_date(x, x, x, y)',
    "validations": 's("x") s(y) :- s(x), builtin:validate_int("", "", x, y)',
}


class EndlessTest(AttackCase):
    limits = Limits(derived_rows=3_000, string_length=5_000, integer_bits=512, steps=100_000)

    def test_rules_are_refused(self) -> None:
        for name, text in ENDLESS.items():
            with self.subTest(name), memory(self, 32):
                self.assertEqual(self.refused(InsertRules("g", text)), {"budget"})

    def test_a_stored_rule_is_switched_off(self) -> None:
        for number, (name, text) in enumerate(ENDLESS.items()):
            rule = text[text.index(":-") :] if name == "a repetition at once" else text
            with self.subTest(name), memory(self, 32):
                statements = rule.replace("  ", " ; ")
                before = self.engine.content("p")
                edit = InsertRules("g", statements, lenient=True)
                self.setUp()
                changes = self.engine.transact([edit])
                self.assertTrue(changes.warnings, number)
                self.assertEqual(self.engine.content("p"), before)
                self.assert_usable()

    def test_simulations_and_questions(self) -> None:
        before = self.state()
        for text in (
            "n+(0) n+(y) :- n(x), builtin:plus(x, 1, y)",
            's+("ab") s+(y) :- s(x), builtin:concat(x, x, y)',
            "n+(3) n+(y) :- n(x), builtin:mul(x, x, y)",
        ):
            with self.subTest(text=text), memory(self, 32):
                with self.assertRaises(Refused) as caught:
                    self.engine.simulate("g", "n(x)", text, "g")
                self.assertEqual(caught.exception.code, "budget")
        for text in (
            'h(y) :- b(x), builtin:mul("ab", 100000000000, y)',
            "h(a, b, c, d) :- k(a), k(b), k(c), k(d)",
        ):
            self.engine.transact([UpdateTable("p", "k", [(n,) for n in range(40)])])
            with self.subTest(text=text), memory(self, 32):
                with self.assertRaises(Refused) as caught:
                    self.engine.query("p", text)
                self.assertEqual(caught.exception.code, "budget")
                self.engine.transact([UpdateTable("p", "k", [], [(n,) for n in range(40)])])
        self.assertEqual(self.state(), before)
        self.assert_usable()

    def test_products(self) -> None:
        rows = [(n,) for n in range(100)]
        for text in (
            "c(x, y, z) :- k(x), k(y), k(z)",
            "c(1) :- k(x), k(y), k(z), plus(x, y, v), plus(v, z, w), gt(w, 500)",
            "execute[n:go(x, y, z)] :- k(x), k(y), k(z)",
            "c(count<x>) :- k(x), k(y), k(z), k(v)",
        ):
            with self.subTest(text=text), memory(self, 48):
                edits = (UpdateTable("p", "k", rows), InsertRules("p", text))
                self.assertEqual(self.refused(*edits), {"budget"})

    def test_data_switch_the_dearest_rule_off(self) -> None:
        product = "c(x, y, z) :- k(x), k(y), k(z)"
        self.engine.transact([InsertRules("p", product), InsertRules("p", "few(x) :- k(x)")])
        with memory(self, 48):
            changes = self.engine.transact([UpdateTable("p", "k", [(n,) for n in range(100)])])
        self.assertEqual([warning.code for warning in changes.warnings], ["budget"])
        self.assertIs(self.engine.rule_status("p", product).state, RuleState.OFF)
        self.assertEqual(len(self.engine.rows("p", "few")), 100)
        self.assert_usable()


class LargeTextTest(AttackCase):
    def large(self, start: str, part: str, end: str = "", size: int = MEGABYTE) -> str:
        return start + part * (size // len(part)) + end

    def check(self, text: str, code: str) -> None:
        with memory(self, 400):
            self.assertEqual(self.refused(InsertRules("p", text)), {code})

    def test_a_megabyte_of_literals(self) -> None:
        self.check(self.large("r(x) :- q(x)", ", q(x)"), "budget")

    def test_a_megabyte_of_arguments(self) -> None:
        self.check(self.large("r(x) :- q(x", ", x", ")"), "budget")

    def test_a_megabyte_of_columns(self) -> None:
        columns = ", ".join(f"c{number}=x" for number in range(90_000))
        self.check(f"r(x) :- s:q({columns})", "budget")

    def test_a_megabyte_of_aggregates(self) -> None:
        self.check(self.large("r(count<x>", ", count<x>", ") :- q(x)"), "budget")

    def test_a_megabyte_of_heads(self) -> None:
        self.check(self.large("h(x)", ", h(x)", " :- q(x)"), "shape")

    def test_texts_that_are_no_rules(self) -> None:
        for name, text in (
            ("dots", self.large("p(1)", ".", size=MEGABYTE // 8)),
            ("dots behind a name", self.large("a", ".", size=MEGABYTE // 8)),
            ("control characters", self.large("", "\f")),
            ("quotes", self.large("", '"', "x")),
            ("open comments", self.large("", "/*")),
            ("negations", self.large("", "not ", size=MEGABYTE // 8)),
            ("brackets", self.large("", "insert[", size=MEGABYTE // 8)),
            ("parentheses", self.large("", "(", size=MEGABYTE // 8)),
            ("digits", self.large("p(", "7", ")")),
            ("backslashes", self.large('p("', "\\", '"')),
            ("signs", self.large("p(", "-", "1)")),
        ):
            with self.subTest(name), memory(self, 600):
                before = self.state()
                with self.assertRaises(Refused) as caught:
                    self.engine.transact([InsertRules("p", text)])
                self.assertLessEqual(len(caught.exception.diagnostics), 100)
                self.assertEqual(self.state(), before)
        self.assert_usable()

    def test_many_faults_are_not_all_told(self) -> None:
        for text in ("r(x) :- q(y)", "r(x) :- r(x)", "n(x) :- s(x), not n(x)", "f(x)"):
            with self.subTest(text=text):
                before = self.state()
                with self.assertRaises(Refused) as caught:
                    self.engine.transact([InsertRules("p", f"{text}; " * 1_000)])
                self.assertLessEqual(len(caught.exception.diagnostics), 110)
                self.assertEqual(self.state(), before)

    def test_large_values_are_kept_as_they_are(self) -> None:
        word = "a" * MEGABYTE
        with memory(self, 64):
            self.engine.transact([InsertRules("p", f'w("{word}") n(x) :- w(y), len(y, x)')])
            self.assertIn((MEGABYTE,), self.engine.rows("p", "n"))
        self.engine.transact([UpdateTable("p", "w", [], [(word,)])])
        self.assert_usable()


class PatternTest(AttackCase):
    def test_patterns_that_ruin_others(self) -> None:
        text = "a" * 2_000 + "!"
        for pattern in ("(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){12}$", "^([a-z]+)*$", "(x+x+)+y"):
            with self.subTest(pattern=pattern), memory(self, 32):
                rule = f'h(r) :- builtin:validate_string("{pattern}", 0, 0, 0, "{text}", r)'
                answers = self.engine.query("p", rule).rows
                failures = self.engine.builtin_failures().get("validate_string", 0)
                self.assertTrue(answers == [] or "does not match" in str(answers[0][0]))
                self.assertEqual(failures, 0)

    def test_a_pattern_that_costs_too_much_has_no_answer(self) -> None:
        text = f'h(r) :- b(_), builtin:validate_string("(a?){{900}}b", 0, 0, 0, "{"a" * 9_000}", r)'
        self.engine.transact([InsertRules("p", text)])
        self.assertEqual(set(self.engine.rows("p", "h")), set())
        self.assertGreater(self.engine.builtin_failures()["validate_string"], 0)
        self.assert_usable()


class AggregatesTest(AttackCase):
    def test_sums_upon_sums(self) -> None:
        layers = 1_500
        rules = "t0(1) " + " ".join(f"t{n + 1}(sum<x>) :- t{n}(x), k(_)" for n in range(layers))
        with memory(self, 200):
            self.engine.transact([UpdateTable("p", "k", [(n,) for n in range(100)])])
            self.engine.transact([InsertRules("p", rules)])
        self.assertEqual(set(self.engine.rows("p", "t616")), {(100**616,)})
        self.assertEqual(set(self.engine.rows("p", "t617")), set())
        self.assertEqual(set(self.engine.rows("p", f"t{layers}")), set())
        self.engine.transact([UpdateTable("p", "k", [], [(n,) for n in range(1, 100)])])
        self.assertEqual(set(self.engine.rows("p", f"t{layers}")), {(1,)})

    def test_counts_through_a_thousand_layers(self) -> None:
        rules = " ".join(f"t{n + 1}(x, count<y>) :- t{n}(x, y)" for n in range(1_000))
        self.engine.transact([InsertRules("p", rules)])
        rows = [(n % 10, n) for n in range(1_000)]
        changes = self.engine.transact([UpdateTable("p", "t0", rows)])
        self.assertEqual(changes.tables["p", "t1"].added, {(n, 100) for n in range(10)})
        self.assertEqual(set(self.engine.rows("p", "t1000")), {(n, 1) for n in range(10)})
