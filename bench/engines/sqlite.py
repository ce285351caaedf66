"""SQLite in memory: the same rules evaluated in full, or followed by counted changes.

May import the standard library and this folder only. What the planner gets wrong is
put right for it: derived tables have unique indexes, and joins that begin with a
handful of changed rows keep that order.

Invariant: after every change the derived tables hold what an evaluation in full gives.
"""

import sqlite3
from collections.abc import Iterator

from bench.engines.protocol import InProcess
from bench.engines.sql import (
    column_names,
    evaluation,
    lookups,
    recursive,
    rules,
    select,
    strata,
)
from bench.inventory import COLUMNS, Rows

INDEXES = {
    "server": (0, 2, 3, 4, 5, 6),
    "port": (0, 1, 2),
    "port_sg": (0, 1),
    "sgrule": (0, 1),
    "server_tag": (0,),
    "volume": (0, 1),
    "link": (0, 1),
    "user": (0,),
    "project": (0,),
    "host": (0,),
    "image": (0,),
    "flavor": (0,),
    "network": (0,),
    "secgroup": (0,),
}


class SQLite(InProcess):
    """One database with all tables."""

    name = "sqlite"
    largest = 100_000
    recursive = True

    def __init__(self, text: str) -> None:
        self._rules = rules(text)
        self._arity = {rule.head.table: len(rule.head.arguments) for rule in self._rules}
        self._order = strata(self._rules, COLUMNS)
        self._full = {table: evaluation(self._rules, table) for table in self._order}
        self._database = sqlite3.connect(":memory:", isolation_level=None, cached_statements=1000)
        self._followers: dict[str, list[str]] = {}
        self._reads = {
            head: {
                literal.atom.table
                for rule in self._rules
                if rule.head.table == head and not recursive(rule)
                for literal in lookups(rule)
            }
            for head in self._order
        }
        for table, count in COLUMNS.items():
            self._create(table, count, "")
            self._create(f"d_{table}", count, ", n INTEGER")
            for column in INDEXES[table]:
                self._run(f"CREATE INDEX i_{table}_{column} ON {table}(c{column})")
        for table in self._order:
            self._create(table, self._arity[table], ", n INTEGER")
            self._create(f"d_{table}", self._arity[table], ", n INTEGER")
            self._create(f"p_{table}", self._arity[table], ", n INTEGER")
            columns = self._columns(table)
            self._run(f"CREATE UNIQUE INDEX u_{table} ON {table}({columns})")
            self._run(f"CREATE UNIQUE INDEX v_{table} ON p_{table}({columns})")

    def _create(self, table: str, count: int, more: str) -> None:
        self._run(f"CREATE TABLE {table}({column_names(count)}{more})")

    def _run(self, sql: str) -> None:
        self._database.execute(sql)

    def _columns(self, table: str) -> str:
        return column_names(self._arity[table])

    def close(self) -> None:
        """See ``Contender.close``."""
        self._database.close()

    # -- everything -------------------------------------------------------------------

    def load(self, tables: dict[str, Rows]) -> None:
        """See ``Contender.load``."""
        self._run("BEGIN")
        for table, rows in tables.items():
            marks = ", ".join("?" * COLUMNS[table])
            self._database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        self._run("COMMIT")
        self._run("ANALYZE")
        self._expect_few_changes()

    def evaluate(self) -> None:
        """See ``Contender.evaluate``."""
        self._run("BEGIN")
        for table in self._order:
            self._run(f"DELETE FROM {table}")
            self._run(f"INSERT INTO {table} {self._full[table]}")
        self._run("COMMIT")

    def counts(self) -> dict[str, int]:
        """See ``Contender.counts``."""
        return {table: self._count(table) for table in self._order}

    def _count(self, table: str) -> int:
        (number,) = self._database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        return int(number)

    def contents(self, table: str) -> dict[tuple[object, ...], int]:
        """The rows of a derived table and how often each is derived."""
        return {row[:-1]: row[-1] for row in self._database.execute(f"SELECT * FROM {table}")}

    # -- changes ----------------------------------------------------------------------

    def _expect_few_changes(self) -> None:
        """Make the planner believe that few rows change at a time."""
        for table in (*COLUMNS, *self._order):
            self._run(f"DELETE FROM sqlite_stat1 WHERE tbl = 'd_{table}'")
            self._run(f"INSERT INTO sqlite_stat1 VALUES ('d_{table}', NULL, '2')")
        self._run("ANALYZE sqlite_schema")

    def update(self, table: str, added: Rows, removed: Rows) -> dict[str, list[tuple[object, ...]]]:
        """Change base rows, follow the changes, and tell each derived table's.

        Not for tables that a recursive rule reads.
        """
        database = self._database
        marks = ", ".join("?" * COLUMNS[table])
        self._run("BEGIN")
        self._run(f"DELETE FROM d_{table}")
        insert = f"INSERT INTO d_{table} VALUES ({marks}, ?)"
        database.executemany(insert, [(*row, -1) for row in removed])
        database.executemany(insert, [(*row, 1) for row in added])
        test = " AND ".join(f"c{number} = ?" for number in range(COLUMNS[table]))
        database.executemany(f"DELETE FROM {table} WHERE {test}", removed)
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", added)
        changes: dict[str, list[tuple[object, ...]]] = {}
        changed = {table}
        self._follow(table)
        for head in self._order:
            rows = self._settle(head, changed)
            if rows:
                changes[head] = rows
                changed.add(head)
                self._follow(head)
        self._run("COMMIT")
        return changes

    def _follow(self, table: str) -> None:
        """Add what the change of a table means to the counts of its readers."""
        if table not in self._followers:
            self._followers[table] = list(self._statements(table))
        for sql in self._followers[table]:
            self._run(sql)

    def _statements(self, table: str) -> Iterator[str]:
        for rule in self._rules:
            for number, literal in enumerate(lookups(rule)):
                if literal.atom.table != table or recursive(rule):
                    continue
                sign = f"-t{number}.n" if literal.negated else f"t{number}.n"
                head = rule.head.table
                columns = self._columns(head)
                yield (
                    f"INSERT INTO p_{head} {select(rule, number, sign)} "
                    f"ON CONFLICT({columns}) DO UPDATE SET n = n + excluded.n"
                )

    def _settle(self, table: str, changed: set[str]) -> list[tuple[object, ...]]:
        """Bring one derived table up to date; the rows that came and went."""
        if not self._reads[table] & changed:
            return []
        columns = self._columns(table)
        test = " AND ".join(
            f"{table}.c{number} = p.c{number}" for number in range(self._arity[table])
        )
        self._run(f"DELETE FROM d_{table}")
        self._run(
            f"INSERT INTO d_{table} SELECT {columns}, n FROM ("
            f"SELECT p.*, (SELECT n FROM {table} WHERE {test}) AS before FROM p_{table} AS p) "
            "WHERE (before IS NULL AND n > 0) OR before + n = 0 AND n <> 0"
        )
        self._run(
            f"INSERT INTO {table} SELECT {columns}, n FROM p_{table} WHERE n <> 0 "
            f"ON CONFLICT({columns}) DO UPDATE SET n = n + excluded.n"
        )
        self._run(
            f"DELETE FROM {table} WHERE rowid IN (SELECT {table}.rowid FROM p_{table} AS p "
            f"CROSS JOIN {table} WHERE {test} AND {table}.n = 0)"
        )
        self._run(f"UPDATE d_{table} SET n = CASE WHEN n > 0 THEN 1 ELSE -1 END")
        self._run(f"DELETE FROM p_{table}")
        return list(self._database.execute(f"SELECT * FROM d_{table}"))

    def lookup(self, table: str, first: str) -> list[tuple[object, ...]]:
        """See ``Contender.lookup``."""
        return list(
            self._database.execute(
                f"SELECT {self._columns(table)} FROM {table} WHERE c0 = ?", (first,)
            )
        )
