"""DuckDB in memory: the same rules evaluated in full.

May import DuckDB, the standard library and this folder only. It has no way to follow
changes, so a change costs an evaluation. One thread, as the others have.
"""

import csv
import importlib
import tempfile
from pathlib import Path
from typing import Any

from bench.engines.protocol import InProcess, Unavailable
from bench.engines.sql import column_names, evaluation, rules, strata
from bench.inventory import COLUMNS, Rows


class DuckDB(InProcess):
    """One database with all tables."""

    name = "duckdb"
    largest = 100_000
    recursive = True

    def __init__(self, text: str) -> None:
        try:
            duckdb: Any = importlib.import_module("duckdb")
        except ImportError as error:
            raise Unavailable("duckdb is not installed") from error
        known = rules(text)
        self._order = strata(known, COLUMNS)
        self._full = {table: evaluation(known, table) for table in self._order}
        self._database = duckdb.connect(":memory:", config={"threads": 1})

    def close(self) -> None:
        """See ``Contender.close``."""
        self._database.close()

    def load(self, tables: dict[str, Rows]) -> None:
        """Fill the base tables, by files: row by row it would take minutes."""
        with tempfile.TemporaryDirectory() as folder:
            for table, rows in tables.items():
                path = Path(folder) / f"{table}.csv"
                with path.open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows(rows)
                columns = {
                    f"c{number}": "BIGINT" if isinstance(cell, int) else "VARCHAR"
                    for number, cell in enumerate(rows[0])
                }
                self._run(
                    f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM "
                    f"read_csv('{path}', header=false, columns={columns})"
                )

    def _run(self, sql: str) -> None:
        self._database.execute(sql)

    def evaluate(self) -> None:
        """See ``Contender.evaluate``."""
        for table in self._order:
            self._run(f"CREATE OR REPLACE TABLE {table} AS {self._full[table]}")

    def counts(self) -> dict[str, int]:
        """See ``Contender.counts``."""
        counts: dict[str, int] = {}
        for table in self._order:
            (counts[table],) = self._database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        return counts

    def update(self, table: str, added: Rows, removed: Rows) -> None:
        """Change base rows, and evaluate again."""
        count = COLUMNS[table]
        test = " AND ".join(f"c{number} = ?" for number in range(count))
        marks = ", ".join("?" * count)
        for row in removed:
            self._database.execute(f"DELETE FROM {table} WHERE {test}", row)
        for row in added:
            insert = f"INSERT INTO {table}({column_names(count)}) VALUES ({marks})"
            self._database.execute(insert, row)
        self.evaluate()

    def lookup(self, table: str, first: str) -> list[tuple[object, ...]]:
        """See ``Contender.lookup``."""
        found = self._database.execute(f"SELECT * EXCLUDE n FROM {table} WHERE c0 = ?", (first,))
        return list(found.fetchall())
