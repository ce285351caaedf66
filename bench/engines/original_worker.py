"""What runs beside ``original.py`` in the environment of the Congress of OpenStack.

May import the standard library and that Congress only, and has to be Python 3.8. Reads
calls as lines of JSON, each a name and its arguments, and answers each with one line.

Invariant: neither the time for JSON nor the memory of the rows themselves is counted.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path

# Registers the options that the next import reads.
from congress.common import config  # noqa: F401
from congress.datalog import compile as datalog
from congress.policy_engines.agnostic import Runtime

POLICY = "cloud"
PAGE = 4096


class Worker:
    """One runtime with one policy."""

    def __init__(self):
        self.runtime = Runtime()
        self.runtime.create_policy(POLICY)
        self.tables: dict[str, list[tuple]] = {}
        self.known: dict[object, object] = {}
        self.counted: dict[str, int] = {}
        self.arities: dict[str, int] = {}
        self.watched = False
        self.seconds = 0.0

    def call(self, name: str, arguments: list[object]) -> object:
        """Do what was asked, and count the time that Congress takes for it."""
        start = time.process_time()
        answer = getattr(self, name)(*arguments)
        if name != "hold":
            self.seconds += time.process_time() - start
        return answer

    def clock(self) -> float:
        return self.seconds

    def resident(self) -> int:
        gc.collect()
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * PAGE

    def hold(self, table: str, rows: list[list]) -> None:
        """Make rows that will be loaded; equal values are one, as with the other engines."""
        known = self.known
        made = [tuple(known.setdefault(cell, cell) for cell in row) for row in rows]
        self.tables.setdefault(table, []).extend(made)

    def insert(self, text: str) -> None:
        permitted, changes = self.runtime.insert(text, POLICY)
        if not permitted:
            raise ValueError("; ".join(str(change) for change in changes))
        for rule in datalog.parse(text):
            self.arities[rule.head.table.table] = len(rule.head.arguments)

    def load(self) -> None:
        facts = (datalog.Fact(name, row) for name, rows in self.tables.items() for row in rows)
        self.runtime.initialize_tables(list(self.tables), facts, POLICY)

    def evaluate(self, tables: list[str]) -> None:
        for table in tables:
            variables = ", ".join(f"x{number}" for number in range(self.arities[table]))
            self.counted[table] = len(self._select(f"{table}({variables})"))

    def counts(self) -> dict[str, int]:
        return self.counted

    def update(self, table: str, added: list[list], removed: list[list]) -> None:
        if not self.watched:
            self.runtime.register_trigger("error", lambda *_: None, POLICY)
            self.watched = True
        events = [
            datalog.Event(self._fact(table, row), insert, target=POLICY)
            for rows, insert in ((removed, False), (added, True))
            for row in rows
        ]
        permitted, _ = self.runtime.update(events)
        if not permitted:
            raise ValueError("the change was refused")

    def lookup(self, table: str, first: str) -> list[list]:
        found = self._select(f'{table}("{first}", c)')
        return [[argument.name for argument in atom.arguments] for atom in found]

    def _select(self, text: str) -> set:
        return self.runtime.select(datalog.parse1(text), POLICY)

    @staticmethod
    def _fact(table: str, row: list) -> object:
        return datalog.Literal.create_from_iter([table, *row])


def main() -> None:
    """Answer until the input ends. What Congress itself prints goes nowhere."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        output.write(json.dumps(worker.call(name, arguments)) + "\n")
        output.flush()


if __name__ == "__main__":
    main()
