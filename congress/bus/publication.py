"""One publication of a source, inside a node and on the wire.

May import ``congress.model``, ``congress.interfaces`` and the messages.

Invariant: ``from_wire(to_wire(p, all tables of p))`` equals ``p``; rows are
values of ``congress.model.values`` inside and plain JSON outside.
"""

import enum
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from congress.bus.messages import WireCoverage, WirePublication, WireRows, WireTable
from congress.interfaces.role import Coverage, Epoch, Position
from congress.model.delta import Change, Delta, Snapshot
from congress.model.values import Row, row_from_plain, row_to_plain


class Kind(enum.StrEnum):
    """What a publication does to a table."""

    SNAPSHOT = "snapshot"
    DELTA = "delta"
    COVERAGE = "coverage"
    DROPPED = "dropped"
    #: It changed, but the rows are not in the message: nobody was known to want
    #: them, or they are too many. Who does want them asks.
    OMITTED = "omitted"


@dataclass(frozen=True, slots=True)
class TableUpdate:
    """What a publication says of one table.

    ``change`` is there for ``SNAPSHOT`` and ``DELTA``. ``count`` and ``digest``
    are those of the table afterwards; no digest where nobody needs one.
    """

    kind: Kind
    change: Change | None = None
    count: int = 0
    digest: int | None = None
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """Updates of several tables that apply as one."""

    source: str
    position: Position
    tables: Mapping[str, TableUpdate]

    @property
    def rows(self) -> int:
        """How many rows it carries."""
        return sum(change_rows(update.change) for update in self.tables.values())


def change_rows(change: Change | None) -> int:
    """How many rows a change carries."""
    if change is None:
        return 0
    if isinstance(change, Snapshot):
        return len(change.rows)
    return len(change.added) + len(change.removed)


def row_bytes(row: Row) -> int:
    """Roughly how long a row is in a message; cheap to tell."""
    return len(repr(row))


def rows_to_wire(rows: Iterable[Row]) -> WireRows:
    """Rows as JSON arrays."""
    return [row_to_plain(row) for row in rows]


def rows_from_wire(rows: WireRows) -> frozenset[Row]:
    """Rows from JSON arrays.

    :raises ValueError: a cell holds no scalar.
    """
    return frozenset([row_from_plain(row) for row in rows])


def coverage_to_wire(coverage: Coverage | None) -> WireCoverage | None:
    """Coverage as a JSON array."""
    return (coverage.as_of, coverage.complete, coverage.stale) if coverage else None


def coverage_from_wire(wire: WireCoverage | None) -> Coverage | None:
    """Coverage from a JSON array."""
    return Coverage(*wire) if wire else None


def to_wire(publication: Publication, wanted: Collection[str], max_bytes: int) -> WirePublication:
    """The message of a publication, with the rows of wanted tables if they are not too many."""
    room = max_bytes
    tables = []
    for name, update in publication.tables.items():
        rows = _size(update.change, room) if name in wanted else 0
        room -= rows
        send = name in wanted and room >= 0
        tables.append(_table_to_wire(name, update, with_rows=send))
    position = publication.position
    epoch = (position.epoch.number, position.epoch.instance)
    return WirePublication(publication.source, epoch, position.seq, tables)


def _size(change: Change | None, room: int) -> int:
    """Roughly the bytes of a change; counting ends when there is no room for more."""
    total = 0
    for row in _all_rows(change):
        total += row_bytes(row)
        if total > room:
            break
    return total


def _all_rows(change: Change | None) -> Iterable[Row]:
    if isinstance(change, Snapshot):
        yield from change.rows
    elif isinstance(change, Delta):
        yield from change.added
        yield from change.removed


def _table_to_wire(name: str, update: TableUpdate, *, with_rows: bool) -> WireTable:
    added: Iterable[Row] = ()
    removed: Iterable[Row] = ()
    kind = update.kind
    if update.change is not None and not with_rows:
        kind = Kind.OMITTED
    elif isinstance(update.change, Snapshot):
        added = update.change.rows
    elif isinstance(update.change, Delta):
        added, removed = update.change.added, update.change.removed
    return WireTable(
        name=name,
        how=str(kind),
        added=rows_to_wire(added),
        removed=rows_to_wire(removed),
        count=update.count,
        digest=update.digest,
        coverage=coverage_to_wire(update.coverage),
    )


def from_wire(wire: WirePublication) -> Publication:
    """The publication a message tells of.

    :raises ValueError: it makes no sense.
    """
    tables = {table.name: _table_from_wire(table) for table in wire.tables}
    return Publication(wire.source, Position(Epoch(*wire.epoch), wire.seq), tables)


def _table_from_wire(wire: WireTable) -> TableUpdate:
    kind = Kind(wire.how)
    change: Change | None = None
    if kind is Kind.SNAPSHOT:
        change = Snapshot(wire.name, rows_from_wire(wire.added))
    elif kind is Kind.DELTA:
        change = Delta(wire.name, rows_from_wire(wire.added), rows_from_wire(wire.removed))
    return TableUpdate(kind, change, wire.count, wire.digest, coverage_from_wire(wire.coverage))
