"""OPA in this process, by its Go library: the same rules in Rego, evaluated in full.

May import ``opa_bindings``, the standard library and this folder only. Tables become
documents keyed by id, and what belongs to a server or a port is grouped by it, for Rego
has no indexes over lists. It has no way to follow changes, so a change costs an
evaluation; and none to take rows back.
"""

import importlib
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.engines.protocol import InProcess, Unavailable
from bench.inventory import Cell, Rows

#: Documents of lists: their table, and the column whose values they are grouped by.
GROUPED = {
    "ports_of": ("port", 1),
    "volumes_of": ("volume", 1),
    "tags_of": ("server_tag", 0),
    "rules_of": ("sgrule", 1),
}

#: What is looked up for each of many; unless asked for as a whole first, it would be
#: evaluated for each.
FIRST = "count(data.cloud.world_open) >= 0; count(data.cloud.has_zone) >= 0"


class OPA(InProcess):
    """One engine with one module."""

    name = "opa"
    largest = 100_000
    recursive = True

    def __init__(self, _text: str) -> None:
        try:
            bindings: Any = importlib.import_module("opa_bindings")
        except (ImportError, OSError) as error:
            raise Unavailable(f"opa-golib-python-bindings does not load: {error}") from error
        self._engine = bindings.OpaEngine()
        rules = Path(__file__).with_name("cloud.rego").read_text(encoding="utf-8")
        self._engine.add_policy("cloud.rego", rules)
        self._result: dict[str, list[Any]] = {}

    def close(self) -> None:
        """See ``Contender.close``."""
        self._engine.close()

    def load(self, tables: dict[str, Rows]) -> None:
        """See ``Contender.load``."""
        self._engine.add_data(documents(tables), path="inv")

    def evaluate(self) -> None:
        """See ``Contender.evaluate``."""
        (answer,) = self._engine.eval_query(f"{FIRST}; cloud = data.cloud")
        self._result = answer["cloud"]

    def counts(self) -> dict[str, int]:
        """See ``Contender.counts``."""
        return {table: len(rows) for table, rows in self._result.items() if table != "world_open"}

    def update(self, table: str, added: Rows, removed: Rows) -> int:
        """Add rows, and count the errors.

        :raises ValueError: if rows are to be removed.
        """
        if removed:
            raise ValueError("the binding of OPA cannot take rows back")
        self._engine.add_data({row[0]: row for row in added}, path=f"inv.{table}")
        (answer,) = self._engine.eval_query(f"{FIRST}; n = count(data.cloud.error)")
        return int(answer["n"])

    def lookup(self, table: str, first: str) -> list[tuple[object, ...]]:
        """See ``Contender.lookup``."""
        answers = self._engine.eval_query(f"data.cloud.{table}[[input.first, c]]", {"first": first})
        return [(first, answer["c"]) for answer in answers]


def documents(tables: dict[str, Rows]) -> dict[str, Any]:
    """The tables as documents."""
    found: dict[str, Any] = {}
    for table, rows in tables.items():
        if table not in ("port_sg", "server_tag", "link", "volume", "sgrule"):
            found[table] = {row[0]: row for row in rows}
    for document, (table, column) in GROUPED.items():
        groups: defaultdict[Cell, Rows] = defaultdict(list)
        for row in tables[table]:
            groups[row[column]].append(row)
        found[document] = groups
    pairs = {"groups_of": tables["port_sg"], "links": tables["link"]}
    for document, rows in pairs.items():
        seconds: defaultdict[Cell, list[Cell]] = defaultdict(list)
        for first, second in rows:
            seconds[first].append(second)
        found[document] = seconds
    for network in tables["network"]:
        found["links"].setdefault(network[0], [])
    return found
