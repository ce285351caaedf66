"""Tests of the benchmark's engines: each derives the same, and follows changes rightly."""

import random
import unittest

from bench.engines.ours import POLICY, Ours
from bench.engines.protocol import Contender
from bench.engines.sql import evaluation, heads, rules, strata
from bench.engines.sqlite import SQLite
from bench.inventory import COLUMNS, Inventory
from bench.policies import FULL
from bench.tasks.changes import changed_servers


class TranslationTest(unittest.TestCase):
    def sql(self, text: str) -> str:
        known = rules(text)
        return evaluation(known, known[0].head.table)

    def test_joins_constants_and_counts(self) -> None:
        self.assertEqual(
            self.sql('p(x) :- q(x, y), r(y, "a")'),
            "SELECT c0, SUM(n) AS n FROM (SELECT * FROM (SELECT t0.c0 AS c0, COUNT(*) AS n "
            "FROM q AS t0, r AS t1 WHERE t1.c0 = t0.c1 AND t1.c1 = 'a' GROUP BY 1)) GROUP BY c0",
        )

    def test_negation_and_builtins(self) -> None:
        sql = self.sql("p(x, n) :- q(x), not r(x), len(x, n), gt(n, 3)")
        self.assertIn("NOT EXISTS (SELECT 1 FROM r AS x WHERE x.c0 = t0.c0)", sql)
        self.assertIn("length(t0.c0) > 3", sql)

    def test_recursion(self) -> None:
        sql = self.sql("p(x, y) :- q(x, y)  p(x, z) :- p(x, y), q(y, z)")
        self.assertTrue(sql.startswith("WITH RECURSIVE w(c0, c1) AS (SELECT DISTINCT "), sql)
        self.assertIn("FROM w AS t0, q AS t1", sql)

    def test_what_is_read_comes_first(self) -> None:
        known = rules("a(x) :- b(x)  b(x) :- c(x)  c(x) :- base(x)  c(x) :- c(x)")
        self.assertEqual(strata(known, ["base"]), ["c", "b", "a"])
        with self.assertRaisesRegex(ValueError, "recursion"):
            strata(rules("a(x) :- b(x)  b(x) :- a(x)"), [])


class EnginesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.cloud = Inventory(200)
        self.ours, self.sqlite = Ours(FULL), SQLite(FULL)
        for engine in self.both():
            engine.load(self.cloud.tables)
            engine.evaluate()

    def both(self) -> list[Contender]:
        return [self.ours, self.sqlite]

    def test_they_derive_the_same(self) -> None:
        self.assertEqual(self.ours.counts(), self.sqlite.counts())
        self.assertGreater(self.ours.counts()["error"], 50)

    def test_they_look_up_the_same(self) -> None:
        found = [
            {server[0]: sorted(engine.lookup("error", str(server[0]))) for server in self.servers()}
            for engine in self.both()
        ]
        self.assertEqual(found[0], found[1])
        self.assertTrue(any(found[0].values()))

    def servers(self) -> list[tuple[str | int, ...]]:
        return self.cloud.tables["server"][:50]

    def test_sqlite_follows_changes_as_an_evaluation_in_full(self) -> None:
        old, new = changed_servers(self.cloud, 20, random.Random(1))
        for table, added, removed in (
            ("server", new, old),
            ("sgrule", [], self.cloud.tables["sgrule"][:5]),
            ("server_tag", [], self.cloud.tables["server_tag"][:5]),
        ):
            for engine in self.both():
                engine.update(table, added, removed)
        followed = {table: self.sqlite.contents(table) for table in heads(FULL)}
        self.sqlite.evaluate()
        for table, rows in followed.items():
            self.assertEqual(rows, self.sqlite.contents(table), table)
            self.assertEqual(set(rows), set(self.ours.engine.rows(POLICY, table)), table)

    def test_forgotten_rules_leave_the_base_tables(self) -> None:
        before = self.ours.counts()
        self.ours.forget()
        self.assertEqual(len(self.ours.engine.rows(POLICY, "server")), 200)
        self.ours.evaluate()
        self.assertEqual(self.ours.counts(), before)


class InventoryTest(unittest.TestCase):
    def test_equal_seeds_give_equal_rows(self) -> None:
        self.assertEqual(Inventory(100, 7).tables, Inventory(100, 7).tables)
        self.assertNotEqual(Inventory(100, 7).tables, Inventory(100, 8).tables)

    def test_columns(self) -> None:
        for table, rows in Inventory(50).tables.items():
            self.assertEqual({len(row) for row in rows}, {COLUMNS[table]}, table)
            self.assertEqual(len(rows), len(set(rows)), table)
