"""Tests of congress.engine.lang.names: columns, padding, builtins, waiting."""

from congress.engine import CreatePolicy, DropPolicy, RuleState, SetSchema
from congress.model.schema import Schema
from tests.unit.engine.case import EngineCase, schema_of


class ColumnsTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.source(gauge="id site level")
        self.update("gauge", [("g1", "north", 4), ("g2", "south", 9)], policy="s")

    def test_references_by_name_and_number(self) -> None:
        self.insert("a(i, l) :- s:gauge(i, level=l)  b(x) :- s:gauge(1=x)")
        self.assertEqual(self.rows("a"), {("g1", 4), ("g2", 9)})
        self.assertEqual(self.rows("b"), {("north",), ("south",)})

    def test_negated_references_leave_the_rest_open(self) -> None:
        self.insert('t("north") t("east") a(x) :- t(x), not s:gauge(site=x)')
        self.assertEqual(self.rows("a"), {("east",)})

    def test_references_that_fit_nothing(self) -> None:
        cases = {
            "a(x) :- s:gauge(depth=x)": "column-name",
            "a(x) :- s:gauge(3=x)": "column-name",
            "a(x) :- s:gauge(x, id=y)": "column-name",
            "a(x) :- s:gauge(site=x, 1=y)": "column-name",
            "a(x) :- s:gauge(x, y, z, w)": "arity",
            "a(x) :- s:gauge(a, b, c, x, level=x)": "arity",
            "a(x) :- builtin:plus(1, 2, z=x)": "unknown-builtin",
            "execute[n:stop(0=x)] :- s:gauge(x)": "column-kind",
        }
        for text, code in cases.items():
            with self.subTest(text=text):
                self.assertIn(code, self.refused(text))

    def test_named_columns_of_an_ordinary_table(self) -> None:
        self.insert("b(1)")
        self.assertEqual(self.refused("a(x) :- b(col0=x)"), ["column-kind"])
        self.insert("a(x) :- b(0=x)")
        self.assertEqual(self.rows("a"), {(1,)})

    def test_rule_stays_symbolic_when_the_schema_changes(self) -> None:
        text = "a(l) :- s:gauge(level=l)"
        self.insert(text, rule_id="r")
        self.source(gauge="level id site")
        self.update("gauge", [(7, "g3", "west")], [], policy="s")
        self.assertIn((7,), self.rows("a"))
        self.source(gauge="id site")
        status = self.engine.rule_status("p", "r")
        self.assertEqual((status.state, status.diagnostics[0].code), (RuleState.OFF, "column-name"))
        self.source(gauge="id site level")
        self.assertIs(self.engine.rule_status("p", "r").state, RuleState.ACTIVE)

    def test_positional_rule_is_padded_again_when_a_column_comes(self) -> None:
        self.insert("a(x) :- s:gauge(x, y, z)")
        self.source(gauge="id site level unit")
        self.update("gauge", [("g1", "north", 4, "m")], policy="s")
        self.assertEqual(self.rows("a"), {("g1",)})
        self.source(gauge="id")
        self.assertEqual(self.rows("a"), set())

    def test_closed_schema(self) -> None:
        self.source("c", closed=True, t="k")
        self.assertEqual(self.refused("a(x) :- c:u(x)"), ["unknown-table"])
        self.assertEqual(self.refused("a(x) :- c:u(k=x)"), ["unknown-table"])
        self.assertEqual(self.insert("a(x) :- c:t(x)").accepted, 1)


class WaitingTest(EngineCase):
    def test_unknown_source_parks_until_its_schema_comes(self) -> None:
        changes = self.insert("a(x) :- s:t(id=x)", rule_id="r")
        self.assertEqual((changes.accepted, changes.warnings[0].code), (0, "parked"))
        self.assertIs(self.engine.rule_status("p", "r").state, RuleState.PARKED)
        self.assertEqual(self.engine.needed(), {"s": {"t"}})
        self.source(t="name id")
        self.update("t", [("n", 5)], policy="s")
        self.assertEqual(self.rows("a"), {(5,)})
        self.engine.transact([DropPolicy("s")])
        self.assertIs(self.engine.rule_status("p", "r").state, RuleState.PARKED)
        self.assertEqual(self.rows("a"), set())

    def test_numbered_column_waits_for_the_table(self) -> None:
        self.assertEqual(self.insert("w(x) :- crate(1=x)").accepted, 0)
        self.assertEqual(self.insert('crate("c", 3)').accepted, 1)
        self.assertEqual(self.rows("w"), {(3,)})

    def test_waiting_statement_fixes_no_columns(self) -> None:
        self.insert("w(x) :- crate(1=x), other(x)")
        self.assertIsNone(self.engine.arity("p", "other"))

    def test_waiting_rule_that_does_not_fit_in_the_end_is_off(self) -> None:
        self.insert("w(x) :- crate(2=x)", rule_id="r")
        changes = self.insert('crate("c", 3)')
        self.assertIn("column-name", [warning.code for warning in changes.warnings])
        self.assertIs(self.engine.rule_status("p", "r").state, RuleState.OFF)

    def test_waiting_rule_that_closes_a_cycle_is_off(self) -> None:
        self.insert("b(x) :- c(0=x)  c(1)", rule_id=None)
        self.insert("w(x) :- v(0=x)", rule_id="r")
        self.insert("v(x) :- w(x)")
        self.assertIs(self.engine.rule_status("p", "r").state, RuleState.OFF)
        self.assertEqual(self.engine.rule_status("p", "r").diagnostics[0].code, "recursion")

    def test_deleting_a_waiting_rule(self) -> None:
        self.insert("w(x) :- crate(1=x)")
        self.delete("w(y) :- crate(1=y)")
        self.delete("w(x) :- crate(1=x)")
        self.insert('crate("c", 3)')
        self.assertEqual(self.engine.content("p"), ['crate("c", 3)'])

    def test_waiting_fact(self) -> None:
        self.engine.transact([CreatePolicy("s", "datasource")])
        self.insert('t(id=1, name="a")', "s")
        self.source(t="name id")
        self.assertEqual(self.rows("t", "s"), {("a", 1)})


class ArityTest(EngineCase):
    def test_first_mention_fixes_the_columns(self) -> None:
        self.insert("a(x) :- b(x, y)")
        self.assertEqual(self.refused("b(1)"), ["arity"])
        self.assertEqual(self.refused("b(1, 2, 3)"), ["arity"])
        self.assertEqual(self.refused("c(x) :- b(x, y, z)"), ["arity"])
        self.assertEqual(self.refused("b(x) :- d(x)"), ["arity"])
        self.assertEqual(self.refused("a(x, y) :- d(x), d(y)"), ["arity"])

    def test_within_a_batch_and_within_a_statement(self) -> None:
        self.assertEqual(self.refused("e(1) e(1, 2)"), ["arity"])
        self.assertEqual(self.refused("o(x) :- g(x), g(x, y)"), ["arity"])
        self.insert("o(x) :- g(x, y), g(y)")
        self.assertEqual(self.engine.arity("p", "g"), 2)

    def test_last_mention_takes_the_columns_along(self) -> None:
        self.insert("a(x) :- b(x, y)  b(1, 2)")
        self.delete("a(x) :- b(x, y)")
        self.assertEqual(self.engine.arity("p", "b"), 2)
        self.delete("b(1, 2)")
        self.assertIsNone(self.engine.arity("p", "b"))
        self.assertEqual(self.insert("b(1)").accepted, 1)

    def test_a_refused_batch_fixes_nothing(self) -> None:
        self.refused("b(1, 2) c(x)")
        self.assertIsNone(self.engine.arity("p", "b"))

    def test_padding(self) -> None:
        self.insert("b(1, 2) b(3, 4) a(x) :- b(x)  n(x) :- b(_, x), not b(x)")
        self.assertEqual(self.rows("a"), {(1,), (3,)})
        self.assertEqual(self.rows("n"), {(2,), (4,)})

    def test_wide_rules_do_not_confuse_padded_columns(self) -> None:
        """Columns that are left open never meet, however many there are."""
        self.insert(f"w({', '.join(str(n) for n in range(30))})")
        self.insert("a(x) :- " + ", ".join(["w(x)"] * 15))
        self.assertEqual(self.rows("a"), {(0,)})

    def test_actions_of_one_name_may_differ_in_arguments(self) -> None:
        self.insert("b(1) execute[n:f(x)] :- b(x)  execute[n:f(x, x)] :- b(x)")
        self.assertEqual(self.texts("execute[n:f(x)]"), ["execute[n:f(1)]"])
        self.assertEqual(self.texts("execute[n:f(x, y)]"), ["execute[n:f(1, 1)]"])


class BuiltinNamesTest(EngineCase):
    def test_unknown_and_miscounted(self) -> None:
        for text in ("builtin:no(x)", "builtin:plus(x, 1)", "plus(x, 1)", "builtin:now(x, x)"):
            with self.subTest(text=text):
                self.assertEqual(self.refused(f"a(x) :- b(x), {text}"), ["unknown-builtin"])

    def test_any_other_prefix_is_a_table(self) -> None:
        self.assertEqual(self.insert("a(x) :- nova:len(x, 2)").accepted, 1)

    def test_datasource_table_named_like_a_builtin(self) -> None:
        self.source(len="word size")
        self.update("len", [("abc", 99)], policy="s")
        self.insert("a(n) :- s:len(w, n)")
        self.insert("own(n) :- len(w, n)", "s")
        self.insert('b(n) :- len("four", n)')
        self.assertEqual(self.rows("a"), {(99,)})
        self.assertEqual(self.rows("own", "s"), {(99,)})
        self.assertEqual(self.rows("b"), {(4,)})

    def test_true_and_false(self) -> None:
        self.insert("a(1) :- true  b(1) :- false  c(1) :- not false(7)  d(1) :- not true")
        self.assertEqual(self.rows("a") | self.rows("c"), {(1,)})
        self.assertEqual(self.rows("b") | self.rows("d"), set())
        self.insert("true(7) e(x) :- p:true(x)")
        self.assertEqual(self.rows("e"), {(7,)})

    def test_empty_schema_keeps_positional_references(self) -> None:
        self.engine.transact([CreatePolicy("s", "datasource"), SetSchema("s", Schema())])
        self.assertEqual(self.insert("a(x) :- s:t(x)").accepted, 1)
        self.engine.transact([SetSchema("s", schema_of(t="id"))])
        self.assertEqual(self.engine.column_names("s", "t"), ("id",))
