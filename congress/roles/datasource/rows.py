"""What drivers give, turned into rows that the bus may carry.

Imports the model only; no I/O.

Invariant: every row of a checked change fits the schema of its table; a row that
does not is left out and reported, and the others stand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from congress.model.delta import Batch, Change, Delta, Snapshot, applied
from congress.model.schema import Schema, TableSchema
from congress.model.values import Row, row_from_plain

_EXAMPLE_LENGTH = 300


@dataclass(slots=True)
class Rejected:
    """The rows of one table that were left out: how many, and what is wrong with the first."""

    count: int = 0
    example: str = ""

    def note(self, reason: str) -> None:
        """One more."""
        self.count += 1
        if self.count == 1:
            self.example = reason[:_EXAMPLE_LENGTH]


@dataclass(frozen=True, slots=True)
class Checked:
    """Checked changes, one for each table.

    :param as_of: of each table that was mentioned, seconds since the epoch.
    :param rejected: per table; a table that the schema lacks is rejected whole.
    """

    changes: tuple[Change, ...] = ()
    as_of: Mapping[str, float] = field(default_factory=dict)
    rejected: Mapping[str, Rejected] = field(default_factory=dict)


def check(batches: Iterable[Batch], schema: Schema) -> Checked:
    """The changes of several batches as one, without rows that do not fit."""
    changes: dict[str, Change] = {}
    as_of: dict[str, float] = {}
    rejected: dict[str, Rejected] = {}
    for batch in batches:
        for change in batch.changes:
            table = schema.table(change.table)
            if table is None and schema.closed:
                note = rejected.setdefault(change.table, Rejected())
                note.note(f"the schema has no table {change.table!r}")
                continue
            fitting = _fitting(change, table, rejected)
            before = changes.get(change.table)
            changes[change.table] = fitting if before is None else composed(before, fitting)
            as_of[change.table] = batch.as_of
    return Checked(tuple(changes.values()), as_of, rejected)


def _fitting(change: Change, table: TableSchema | None, rejected: dict[str, Rejected]) -> Change:
    note = Rejected()
    result: Change
    if isinstance(change, Snapshot):
        result = Snapshot(change.table, _rows(change.rows, table, note))
    else:
        removed = _rows(change.removed, None, Rejected())
        result = Delta(change.table, _rows(change.added, table, note), removed)
    if note.count:
        total = rejected.setdefault(change.table, Rejected(0, note.example))
        total.count += note.count
    return result


def _rows(
    given: Iterable[Sequence[object]], table: TableSchema | None, note: Rejected
) -> frozenset[Row]:
    rows: list[Row] = []
    for values in given:
        try:
            row = row_from_plain(values)
        except (TypeError, ValueError) as error:
            note.note(f"row {values!r}: {error}")
            continue
        problem = table.problem(row) if table else None
        if problem:
            note.note(problem)
        else:
            rows.append(row)
    return frozenset(rows)


def composed(first: Change, second: Change) -> Change:
    """One change that does what two of the same table do in a row."""
    if isinstance(second, Snapshot):
        return second
    if isinstance(first, Snapshot):
        return Snapshot(first.table, applied(first.rows, second))
    added = (first.added - second.removed) | second.added
    return Delta(first.table, added, first.removed | second.removed)
