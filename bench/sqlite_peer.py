"""SQLite in memory: the same rules evaluated in full, or followed by counted changes.

May import the standard library and this folder only. What the planner gets wrong is
put right for it: derived tables have unique indexes, and joins that begin with a
handful of changed rows keep that order.

Invariant: after every change the derived tables hold what an evaluation in full gives.
"""

import sqlite3
from collections.abc import Iterator

from bench.inventory import COLUMNS, Rows
from bench.translation import lookups, recursive, rules, select

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


class SQLite:
    """One database with all tables."""

    name = "sqlite"

    def __init__(self, text: str) -> None:
        self._rules = rules(text)
        self._heads = list(dict.fromkeys(rule.head.table for rule in self._rules))
        self._arity = {rule.head.table: len(rule.head.arguments) for rule in self._rules}
        self._order = self._strata()
        self._database = sqlite3.connect(":memory:", isolation_level=None, cached_statements=1000)
        self._full: dict[str, str] = {}
        self._followers: dict[str, list[str]] = {}
        self._reads = {
            head: {
                literal.atom.table
                for rule in self._rules
                if rule.head.table == head and not recursive(rule)
                for literal in lookups(rule)
            }
            for head in self._heads
        }
        for table, count in COLUMNS.items():
            self._create(table, count, "")
            self._create(f"d_{table}", count, ", n INTEGER")
            for column in INDEXES[table]:
                self._run(f"CREATE INDEX i_{table}_{column} ON {table}(c{column})")
        for table in self._heads:
            self._create(table, self._arity[table], ", n INTEGER")
            self._create(f"d_{table}", self._arity[table], ", n INTEGER")
            self._create(f"p_{table}", self._arity[table], ", n INTEGER")
            columns = self._columns(table)
            self._run(f"CREATE UNIQUE INDEX u_{table} ON {table}({columns})")
            self._run(f"CREATE UNIQUE INDEX v_{table} ON p_{table}({columns})")

    def _create(self, table: str, count: int, more: str) -> None:
        columns = ", ".join(f"c{number}" for number in range(count))
        self._run(f"CREATE TABLE {table}({columns}{more})")

    def _run(self, sql: str) -> None:
        self._database.execute(sql)

    def _columns(self, table: str) -> str:
        return ", ".join(f"c{number}" for number in range(self._arity[table]))

    def _strata(self) -> list[str]:
        """The heads, those that others read first."""
        placed: list[str] = []
        while len(placed) < len(self._heads):
            for head in self._heads:
                reads = {
                    literal.atom.table
                    for rule in self._rules
                    if rule.head.table == head
                    for literal in lookups(rule)
                }
                if head not in placed and reads - {head} <= {*placed, *COLUMNS}:
                    placed.append(head)
        return placed

    # -- everything -------------------------------------------------------------------

    def load(self, tables: dict[str, Rows]) -> None:
        """Fill the base tables."""
        self._run("BEGIN")
        for table, rows in tables.items():
            marks = ", ".join("?" * COLUMNS[table])
            self._database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        self._run("COMMIT")
        self._run("ANALYZE")

    def evaluate(self) -> None:
        """Evaluate every derived table in full."""
        self._run("BEGIN")
        for table in self._order:
            self._run(f"DELETE FROM {table}")
            self._run(self._statement(table))
        self._run("COMMIT")

    def _statement(self, table: str) -> str:
        known = self._full.get(table)
        if known is not None:
            return known
        own = [rule for rule in self._rules if rule.head.table == table]
        columns = self._columns(table)
        if any(recursive(rule) for rule in own):
            parts = " UNION ".join(select(rule, counted=False) for rule in own)
            sql = f"WITH RECURSIVE w({columns}) AS ({parts}) SELECT {columns}, 1 FROM w"
            sql = sql.replace(f"{table} AS", "w AS")
        else:
            parts = " UNION ALL ".join(f"SELECT * FROM ({select(rule)})" for rule in own)
            sql = f"SELECT {columns}, SUM(n) FROM ({parts}) GROUP BY {columns}"
        self._full[table] = f"INSERT INTO {table} {sql}"
        return self._full[table]

    def count(self, table: str) -> int:
        """The number of rows of a table."""
        (number,) = self._database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        return int(number)

    def contents(self, table: str) -> dict[tuple[object, ...], int]:
        """The rows of a derived table and how often each is derived."""
        return {row[:-1]: row[-1] for row in self._database.execute(f"SELECT * FROM {table}")}

    # -- changes ----------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the planner believe that few rows change at a time."""
        for table in (*COLUMNS, *self._heads):
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
        """The rows of a table that begin with a value."""
        return list(self._database.execute(f"SELECT * FROM {table} WHERE c0 = ?", (first,)))
