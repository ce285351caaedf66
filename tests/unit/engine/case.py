"""What the tests of the engine share: an engine and short words for using it."""

import unittest

from congress.engine import (
    Changes,
    CreatePolicy,
    DeleteRules,
    Engine,
    InsertRules,
    Limits,
    SetSchema,
    UpdateTable,
)
from congress.model.diagnostic import Refused
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.values import Row
from congress.testing.language import BUILTINS


def schema_of(*, closed: bool = False, **tables: str) -> Schema:
    """A schema from table names and their columns, as ``id:integer site``."""
    declared = []
    for name, columns in tables.items():
        pairs = (column.partition(":") for column in columns.split())
        declared.append(
            TableSchema(name, tuple(Column(c, ColumnType(t or "any")) for c, _, t in pairs))
        )
    return Schema.of(declared, closed=closed)


class EngineCase(unittest.TestCase):
    """An engine with an ordinary policy ``p`` and a recursive policy ``g``."""

    limits = Limits()

    def setUp(self) -> None:
        self.engine = Engine(BUILTINS, limits=self.limits)
        self.engine.transact([CreatePolicy("p"), CreatePolicy("g", "datalog")])

    def insert(self, text: str, policy: str = "p", **options: object) -> Changes:
        return self.engine.transact([InsertRules(policy, text, **options)])  # type: ignore[arg-type]

    def delete(self, text: str, policy: str = "p") -> Changes:
        return self.engine.transact([DeleteRules(policy, text)])

    def update(
        self, table: str, add: object = (), remove: object = (), policy: str = "p"
    ) -> Changes:
        return self.engine.transact([UpdateTable(policy, table, add, remove)])  # type: ignore[arg-type]

    def source(self, name: str = "s", *, closed: bool = False, **tables: str) -> None:
        if name not in self.engine.policies():
            self.engine.transact([CreatePolicy(name, "datasource")])
        self.engine.transact([SetSchema(name, schema_of(closed=closed, **tables))])

    def rows(self, table: str, policy: str = "p") -> set[Row]:
        return set(self.engine.rows(policy, table))

    def texts(self, query: str, policy: str = "p") -> list[str]:
        return self.engine.query(policy, query).texts

    def refused(self, text: str, policy: str = "p") -> list[str]:
        with self.assertRaises(Refused) as caught:
            self.insert(text, policy)
        return [diagnostic.code for diagnostic in caught.exception.diagnostics]

    def warned(self, text: str, policy: str = "p") -> list[str]:
        return [warning.code for warning in self.insert(text, policy).warnings]
