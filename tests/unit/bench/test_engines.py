"""Tests of the benchmark's engines: each derives the same, and follows changes rightly."""

import random
import unittest
from pathlib import Path
from unittest import mock

from bench.bench import PEERS, Bench
from bench.engines.opa import documents
from bench.engines.original import Original
from bench.engines.ours import POLICY, Ours
from bench.engines.protocol import Contender, Unavailable
from bench.engines.sql import evaluation, heads, rules, strata
from bench.engines.sqlite import SQLite
from bench.inventory import COLUMNS, Inventory
from bench.policies import FULL, NONRECURSIVE, tenant
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

    def test_the_benchmarks_cloud_stays_what_it_is(self) -> None:
        # Figures of different versions compare only if the rows stay the same.
        cloud, ours = Inventory(10_000), Ours(FULL)
        self.assertEqual(cloud.rows, 83_406)
        ours.evaluate()
        ours.load(cloud.tables)
        expected = {
            "error": 5778,
            "open_ssh": 224,
            "exposed": 13,
            "untagged": 793,
            "zone_mismatch": 404,
            "under_ram": 1030,
            "foreign_net": 2230,
            "long_name": 526,
            "fqdn": 228,
            "unencrypted": 111,
            "unused_sg": 50,
            "disabled_owner": 205,
            "low_ratio": 1182,
            "reach": 2241,
            "pci_reach": 498,
        }
        counts = ours.counts()
        self.assertEqual({table: counts[table] for table in expected}, expected)

    def test_columns(self) -> None:
        for table, rows in Inventory(50).tables.items():
            self.assertEqual({len(row) for row in rows}, {COLUMNS[table]}, table)
            self.assertEqual(len(rows), len(set(rows)), table)


class AbsentPeersTest(unittest.TestCase):
    def test_who_is_not_installed_is_left_out_with_the_reason(self) -> None:
        nowhere = ModuleNotFoundError("nowhere")
        with (
            mock.patch("bench.engines.original.PYTHON", Path("/nonexistent")),
            mock.patch("bench.bench.tell"),
            mock.patch("importlib.import_module", side_effect=nowhere),
        ):
            bench = Bench(50, tuple(PEERS))
        self.assertEqual([peer.name for peer in bench.peers], ["sqlite"])
        self.assertEqual(set(bench.absent), {"duckdb", "opa", "original"})
        self.assertIn("Python 3.8", bench.absent["original"])
        self.assertIn("nowhere", bench.absent["opa"])

    def test_who_would_take_too_long_is_left_out_with_the_reason(self) -> None:
        with mock.patch.object(PEERS["sqlite"], "largest", 10), mock.patch("bench.bench.tell"):
            bench = Bench(50, ("sqlite",))
        self.assertEqual(bench.peers, [])
        self.assertIn("beyond 10 servers", bench.absent["sqlite"])

    def test_an_original_that_does_not_start_is_left_out(self) -> None:
        with (
            mock.patch("bench.engines.original.PYTHON", Path("/bin/false")),
            self.assertRaisesRegex(Unavailable, "does not start"),
        ):
            Original(NONRECURSIVE)


class RegoTest(unittest.TestCase):
    def test_documents_keep_every_row(self) -> None:
        tables = Inventory(100).tables
        found = documents(tables)
        self.assertEqual(list(found["server"].values()), tables["server"])
        for document, table in (
            ("ports_of", "port"),
            ("volumes_of", "volume"),
            ("tags_of", "server_tag"),
            ("rules_of", "sgrule"),
            ("groups_of", "port_sg"),
            ("links", "link"),
        ):
            count = sum(map(len, found[document].values()))
            self.assertEqual(count, len(tables[table]), document)

    def test_every_network_is_a_place_of_the_graph(self) -> None:
        # A graph's place without links has to be there, or it is never reached.
        tables = Inventory(100).tables
        self.assertEqual(set(documents(tables)["links"]), {row[0] for row in tables["network"]})

    def test_the_module_derives_what_the_rules_derive(self) -> None:
        module = Path("bench/engines/cloud.rego").read_text(encoding="utf-8")
        derived = {
            line.split()[0] for line in module.splitlines() if " contains " in line or ":=" in line
        }
        self.assertLessEqual(set(heads(FULL)), derived)


class PoliciesTest(unittest.TestCase):
    def test_tenants_read_the_cloud(self) -> None:
        ours, cloud = Ours(""), Inventory(200)
        ours.load(cloud.tables)
        ours.add_policy("t", tenant(3, cloud.sizes.projects, "cloud:"))
        mine = {
            (row[0], row[1], row[4])
            for row in cloud.tables["server"]
            if row[2] == "p0000003" and row[7] == "ACTIVE"
        }
        self.assertEqual(set(ours.engine.rows("t", "a_3")), mine)
        self.assertTrue(mine)
