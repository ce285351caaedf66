"""Every policy of the library, with rows of datasources and the violations they must give.

``cases/NAME.yaml`` holds the cases of ``congress/library/NAME.yaml``: ``rows`` of tables of
datasources (what is left out is null), more ``facts`` for the policy, other policies of the
library that it stands ``with``, the time ``now``; and what is to ``expect`` in its tables,
and which ``actions`` it must ask for.
"""

import unittest
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from congress.engine import (
    CreatePolicy,
    Engine,
    InsertRules,
    ReplaceTables,
    SetSchema,
    Tick,
    print_row,
)
from congress.model.diagnostic import Diagnostic
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.values import Row, row_from_plain, to_plain
from congress.plugins.datasource.host import HostDriver
from congress.roles.policy.library_files import read_shelf
from congress.testing.language import BUILTINS

HERE = Path(__file__).parent
LIBRARY = HERE.parents[2] / "congress" / "library"
NAMES = sorted(path.stem for path in LIBRARY.glob("*.yaml"))

#: Policies that combine two tables in every way on purpose: few facts with many rows.
PAIRING = ("open-security-groups", "untagged-servers")

Policy = Mapping[str, Any]
Case = Mapping[str, Any]


def read(path: Path) -> Any:
    """What a YAML file holds."""
    return yaml.safe_load(path.read_text())


@cache
def policy(name: str) -> Policy:
    """A policy of the library, by the name of its file."""
    found: Policy = read(LIBRARY / f"{name}.yaml")
    return found


@cache
def cases(name: str) -> Sequence[Case]:
    """The cases of a policy, by the name of its file."""
    found: Sequence[Case] = read(HERE / "cases" / f"{name}.yaml")
    return found


@cache
def schemas() -> Mapping[str, Schema]:
    """The tables of every datasource that policies read."""
    found = {
        source: Schema.of(_table(name, columns) for name, columns in tables.items())
        for source, tables in read(HERE / "schemas.yaml").items()
    }
    host = HostDriver.static_schema()
    assert host is not None
    return {**found, "host": host}


def _table(name: str, columns: str) -> TableSchema:
    pairs = (column.partition(":") for column in columns.split())
    return TableSchema(name, tuple(Column(n, ColumnType(t or "any")) for n, _, t in pairs))


def untyped(schema: Schema) -> Schema:
    """The schema of a datasource that gives values as texts."""
    return Schema.of(
        TableSchema(table.name, tuple(Column(column.name) for column in table.columns))
        for table in schema.tables.values()
    )


def classic(value: Any) -> Any:
    """A value as older datasources gave it."""
    return str(value) if value is None or isinstance(value, bool) else value


class World:
    """An engine with the datasources and policies of a case.

    :param old: let datasources give values as older ones did.
    :param without: the name of a rule to leave out.
    """

    def __init__(self, name: str, case: Case, *, old: bool = False, without: str = "") -> None:
        self.engine = Engine(BUILTINS)
        self.policy = policy(name)["name"]
        self.warnings: list[Diagnostic] = []
        for source, schema in schemas().items():
            declared = untyped(schema) if old else schema
            self.engine.transact([CreatePolicy(source, "datasource"), SetSchema(source, declared)])
        for place, rows in case.get("rows", {}).items():
            source, _, table = place.partition(":")
            given = list(_rows(schemas()[source].tables[table], rows, old))
            changes = self.engine.transact([ReplaceTables(source, {table: given})])
            assert not changes.rejected, changes.rejected
        if "now" in case:
            self.engine.transact([Tick(str(case["now"]))])
        for other in (*case.get("with", ()), name):
            self._add(policy(other), case.get("facts", "") if other == name else "", without)

    def _add(self, added: Policy, facts: str, without: str) -> None:
        rules = [
            rule["rule"] for rule in added["rules"] if rule.get("name") != without or not without
        ]
        made = CreatePolicy(added["name"], added.get("kind", "nonrecursive"))
        inserts = [InsertRules(added["name"], text) for text in (*rules, facts) if text]
        self.warnings += self.engine.transact([made, *inserts]).warnings

    def found(self, case: Case) -> dict[str, list[Any]]:
        """What a case asks for, in its form and in order."""
        found = {table: self._rows(table) for table in case.get("expect", {})}
        wishes = self.engine.desired_actions()
        found["actions"] = sorted(
            {print_row(f"{wish.datasource}:{wish.action}", wish.arguments) for wish in wishes}
        )
        return found

    def _rows(self, table: str) -> list[Any]:
        """The rows of a table of the policy, in order; none if no rule makes such a table."""
        if table not in self.engine.tables(self.policy):
            return []
        rows = (list(to_plain(row)) for row in self.engine.rows(self.policy, table))
        return sorted(rows, key=repr)


def _rows(table: TableSchema, rows: Iterable[Mapping[str, Any]], old: bool) -> Iterable[Row]:
    names = [column.name for column in table.columns]
    for row in rows:
        unknown = set(row) - set(names)
        assert not unknown, unknown
        values = [row.get(name) for name in names]
        yield row_from_plain([classic(value) for value in values] if old else values)


def expected(case: Case) -> dict[str, list[Any]]:
    """What a case expects, as ``World.found`` gives it."""
    tables = {table: sorted(rows, key=repr) for table, rows in case.get("expect", {}).items()}
    return {**tables, "actions": sorted(case.get("actions", ()))}


class ShippedPolicyTest(unittest.TestCase):
    def test_every_policy_has_cases_and_every_case_a_policy(self) -> None:
        self.assertEqual(NAMES, sorted(path.stem for path in (HERE / "cases").glob("*.yaml")))
        self.assertGreaterEqual(len(NAMES), 12)

    def test_cases(self) -> None:
        for name in NAMES:
            for case in cases(name):
                with self.subTest(policy=name, case=case["case"]):
                    self.assertEqual(expected(case), World(name, case).found(case))

    def test_datasources_that_give_values_as_they_used_to(self) -> None:
        for name in NAMES:
            for case in cases(name):
                with self.subTest(policy=name, case=case["case"]):
                    self.assertEqual(expected(case), World(name, case, old=True).found(case))

    def test_every_rule_that_has_a_name_is_needed_by_a_case(self) -> None:
        for name in NAMES:
            for rule in filter(None, (rule.get("name") for rule in policy(name)["rules"])):
                with self.subTest(policy=name, rule=rule):
                    self.assertTrue(
                        any(
                            World(name, case, without=rule).found(case) != expected(case)
                            for case in cases(name)
                        )
                    )

    def test_rules_give_no_reason_for_advice(self) -> None:
        for name in NAMES:
            with self.subTest(policy=name):
                worlds = [World(name, case) for case in cases(name)]
                codes = set.intersection(*({w.code for w in world.warnings} for world in worlds))
                self.assertEqual({"cartesian-product"} if name in PAIRING else set(), codes)

    def test_the_library_reads_them(self) -> None:
        shelf = read_shelf([LIBRARY])
        self.assertEqual([], list(shelf.problems))
        self.assertEqual({policy(name)["name"] for name in NAMES}, set(shelf.policies))

    def test_people_are_told_what_each_is_for(self) -> None:
        for name in NAMES:
            with self.subTest(policy=name):
                self.assertTrue(policy(name)["description"].strip().endswith("."))
                bare = [
                    r["rule"] for r in policy(name)["rules"] if not r.keys() & {"name", "comment"}
                ]
                self.assertEqual([], [text for text in bare if ":-" in text])
