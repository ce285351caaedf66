"""What desired actions follow from, as a table that is published beside them.

Imports the interfaces and the model only; no I/O. Used on the engine loop.

The table ``__basis`` has a row for each action rule that is armed, with the names of
what it depends on, and one row without a rule: how far each of these had come (see
``congress.model.basis``).

Invariant: a rule is named only if equal bases make it want equal actions on any
engine. What a rule concludes from the time, or from what this engine alone can
tell, follows from nothing that engines have in common.
"""

import json
from collections.abc import Iterable, Mapping

from congress.interfaces.role import Position
from congress.model.basis import POLICY, Basis, Mark, part, to_text
from congress.model.schema import Column, ColumnType, TableSchema
from congress.model.values import Row

TABLE = "__basis"
COLUMNS = ("policy", "rule", "basis")

#: A rule with the names of all that it depends on.
Dependent = tuple[str, str, tuple[tuple[str, str], ...]]


def basis_rows(
    rules: Iterable[Dependent], positions: Mapping[tuple[str, str], Position], revision: int
) -> frozenset[Row]:
    """The table's rows.

    :param positions: how far each source's table had come that the engine's rows are of.
    :param revision: the policy that the engine holds.
    """
    marks: Basis = {
        POLICY: (0, revision),
        **{f"{s}:{t}": _mark(position) for (s, t), position in positions.items()},
    }
    rows: set[Row] = set()
    reached: set[str] = {POLICY}
    for policy, rule, depends in rules:
        names = [f"{source}:{table}" for source, table in depends]
        if marks.keys() >= set(names):
            rows.add((policy, rule, json.dumps([POLICY, *names])))
            reached.update(names)
    return frozenset({*rows, ("", "", to_text(part(marks, sorted(reached))))})


def basis_schema() -> TableSchema:
    """The table's columns."""
    columns = tuple(Column(name, ColumnType.STRING, nullable=False) for name in COLUMNS)
    return TableSchema(TABLE, columns)


def _mark(position: Position) -> Mark:
    return position.epoch.number, position.seq
