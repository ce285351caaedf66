"""The policy engine of Congress, as the benchmark drives it.

May import ``congress.engine``, ``congress.testing.language`` for the builtins, and
this folder.
"""

from bench.inventory import Rows
from congress.engine import (
    Changes,
    CreatePolicy,
    DeleteRules,
    Engine,
    InsertRules,
    ReplaceTables,
    UpdateTable,
)
from congress.testing.language import BUILTINS

POLICY = "cloud"


class Ours:
    """One engine with one policy."""

    name = "congress"

    def __init__(self, text: str) -> None:
        self._text = text
        self.engine = Engine(BUILTINS)
        self.engine.transact([CreatePolicy(POLICY, "datalog")])

    def load(self, tables: dict[str, Rows]) -> None:
        """Fill the base tables."""
        self.engine.transact([ReplaceTables(POLICY, tables)])

    def evaluate(self) -> None:
        """Insert the rules, which evaluates every derived table in full."""
        self.engine.transact([InsertRules(POLICY, self._text)])

    def forget(self) -> None:
        """Delete the rules."""
        self.engine.transact([DeleteRules(POLICY, self._text)])

    def count(self, table: str) -> int:
        """The number of rows of a table."""
        return len(self.engine.rows(POLICY, table))

    def update(self, table: str, added: Rows, removed: Rows) -> Changes:
        """Change base rows; what every table gained and lost."""
        return self.engine.transact([UpdateTable(POLICY, table, added, removed)])

    def lookup(self, table: str, first: str) -> list[tuple[object, ...]]:
        """The rows of a table that begin with a value, by the public query."""
        return list(self.engine.query(POLICY, f'{table}("{first}", c)').rows)

    def insert(self, text: str) -> None:
        """Add rules."""
        self.engine.transact([InsertRules(POLICY, text)])
