"""Tests of congress.engine.tables: rows that arrive."""

import math

from congress.engine import CreatePolicy, ReplaceTables, SetSchema, UpdateTable
from congress.model.values import TRUE, Row
from tests.unit.engine.case import EngineCase, schema_of


class RowsTest(EngineCase):
    def replace(self, policy: str, **tables: list[Row]) -> list[str]:
        changes = self.engine.transact([ReplaceTables(policy, tables)])
        return [rejected.reason for rejected in changes.rejected]

    def test_replacing_rows_keeps_rules(self) -> None:
        self.insert("a(x) :- b(x)  b(1) a(9)")
        self.replace("p", a=[(5,)])
        self.assertEqual(self.rows("a"), {(1,), (5,)})
        self.replace("p", a=[])
        self.assertEqual(self.rows("a"), {(1,)})

    def test_other_tables_stay(self) -> None:
        self.replace("p", a=[(1,)], b=[(2,)])
        self.replace("p", a=[(3,)])
        self.assertEqual((self.rows("a"), self.rows("b")), ({(3,)}, {(2,)}))

    def test_removing_comes_before_adding(self) -> None:
        self.replace("p", a=[(1,), (2,)])
        self.update("a", add=[(1,), (3,)], remove=[(1,), (2,), (7,)])
        self.assertEqual(self.rows("a"), {(1,), (3,)})

    def test_columns_are_fixed_by_the_first_row(self) -> None:
        reasons = self.replace("p", a=[(1, 2), (3,), (4, 5)])
        self.assertEqual(len(reasons), 1)
        self.assertEqual(self.rows("a"), {(1, 2), (4, 5)})
        self.assertEqual(self.replace("p", a=[("one",)]), [])

    def test_rows_must_fit_the_schema(self) -> None:
        self.source(vm="id:string on:boolean")
        rows: list[Row] = [("a", TRUE), ("b", 1), (3, TRUE), ("c", None), ("d",)]
        self.assertEqual(len(self.replace("s", vm=rows)), 3)
        self.assertEqual(self.rows("vm", "s"), {("a", TRUE), ("c", None)})

    def test_closed_schema_has_no_other_tables(self) -> None:
        self.source(closed=True, vm="id")
        self.assertIn("no table", self.replace("s", other=[(1,)])[0])

    def test_values_that_no_table_holds(self) -> None:
        rows = [(True,), (math.nan,), (math.inf,), ([],), (1 << 5000,), ["a"], (b"a",)]
        for row in rows:
            with self.subTest(row=row):
                self.assertEqual(len(self.replace("p", a=[row])), 1)  # type: ignore[list-item]

    def test_rejected_rows_say_where(self) -> None:
        changes = self.engine.transact([UpdateTable("p", "a", [(1,), (1, 2)])])
        (rejected,) = changes.rejected
        self.assertEqual((rejected.policy, rejected.table, rejected.row), ("p", "a", (1, 2)))

    def test_a_new_schema_rejects_what_it_does_not_allow(self) -> None:
        self.engine.transact([CreatePolicy("s", "datasource")])
        self.replace("s", vm=[("a", 1)])
        changes = self.engine.transact([SetSchema("s", schema_of(vm="id"))])
        self.assertEqual(len(changes.rejected), 1)
        self.assertEqual(self.rows("vm", "s"), set())

    def test_facts_must_fit_too(self) -> None:
        self.source(vm="id:string")
        changes = self.insert('vm("a") vm(1)', "s")
        self.assertEqual((changes.accepted, len(changes.rejected)), (1, 1))

    def test_rows_may_be_any_iterable(self) -> None:
        self.engine.transact([ReplaceTables("p", {"a": ((n,) for n in range(3))})])
        self.engine.transact([UpdateTable("p", "a", iter([(7,)]), iter([(0,)]))])
        self.assertEqual(self.rows("a"), {(1,), (2,), (7,)})
