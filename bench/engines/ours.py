"""The policy engine of Congress, as the benchmark drives it.

May import ``congress.engine``, ``congress.testing.language`` for the builtins, and
this folder.
"""

from bench.engines.protocol import InProcess
from bench.engines.sql import heads
from bench.inventory import Rows
from congress.engine import (
    Changes,
    CreatePolicy,
    DeleteRules,
    Engine,
    InsertRules,
    Limits,
    ReplaceTables,
    UpdateTable,
)
from congress.testing.language import BUILTINS

POLICY = "cloud"
#: A million servers derive more rows than the default allows to one transaction.
LIMITS = Limits(derived_rows=100_000_000, steps=10_000_000_000)


class Ours(InProcess):
    """One engine; its policy holds tables and rules."""

    name = "congress"
    largest = 1_000_000
    recursive = True

    def __init__(self, text: str) -> None:
        self._text = text
        self.engine = Engine(BUILTINS, limits=LIMITS)
        self.engine.transact([CreatePolicy(POLICY, "datalog")])

    def load(self, tables: dict[str, Rows]) -> None:
        """See ``Contender.load``."""
        self.engine.transact([ReplaceTables(POLICY, tables)])

    def evaluate(self) -> None:
        """Insert the rules, which evaluates every derived table in full."""
        self.insert(self._text)

    def forget(self) -> None:
        """Delete the rules."""
        self.delete(self._text)

    def counts(self) -> dict[str, int]:
        """See ``Contender.counts``."""
        return {table: len(self.engine.rows(POLICY, table)) for table in heads(self._text)}

    def update(self, table: str, added: Rows, removed: Rows) -> Changes:
        """Change base rows; what every table gained and lost."""
        return self.engine.transact([UpdateTable(POLICY, table, added, removed)])

    def lookup(self, table: str, first: str) -> list[tuple[object, ...]]:
        """The rows of a table that begin with a value, by the public query."""
        return list(self.engine.query(POLICY, f'{table}("{first}", c)').rows)

    def insert(self, text: str) -> None:
        """Add rules."""
        self.engine.transact([InsertRules(POLICY, text)])

    def delete(self, text: str) -> None:
        """Take rules away."""
        self.engine.transact([DeleteRules(POLICY, text)])

    def add_policy(self, name: str, text: str) -> None:
        """Add a policy of its own beside the cloud's."""
        self.engine.transact([CreatePolicy(name, "datalog"), InsertRules(name, text)])
