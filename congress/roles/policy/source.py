"""What is known of one source and its tables, and what an arrival does to them.

Imports the interfaces and the model; no I/O, no engine. Used on the engine loop.

Invariant: rows of a table that were complete once are replaced only by rows that
are complete again. So a source that starts anew, with a new epoch, changes no
answer by the rows it has not read yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from congress.interfaces.role import Arrival, Coverage, Epoch, Position, Subscription
from congress.model.delta import Change, Snapshot, applied
from congress.model.schema import Column, Schema
from congress.model.values import FALSE, TRUE, Row


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the source had come that the engine's rows of a table are of.

    :param as_of: when it was in that state, seconds since the epoch.
    """

    position: Position
    as_of: float
    complete: bool


@dataclass(slots=True)
class TableState:
    """One subscribed table.

    :param epoch: the epoch in which it was last spoken of.
    :param complete: whether the rows in the engine are a full reading of some epoch.
    :param staged: rows of ``epoch`` collected beside the engine's older ones, until
        they are complete; ``None`` if the engine's rows are of ``epoch``.
    :param lost: whether the bus lost contact with the source; it alone tells when it has
        it again, because an arrival may have waited here since before.
    :param extent: what the engine's rows are of; ``None`` while they are of nothing.
    """

    name: str
    epoch: Epoch | None = None
    complete: bool = False
    staged: frozenset[Row] | None = None
    as_of: float = 0.0
    stale: bool = False
    lost: bool = False
    extent: Extent | None = None

    def take(
        self, epoch: Epoch, changes: Iterable[Change], coverage: Coverage | None
    ) -> list[Change]:
        """What the engine is to do about a publication, if anything.

        Without coverage the source has the table no longer.
        """
        if epoch != self.epoch:
            self.staged = frozenset() if self.complete else None
            self.epoch = epoch
        if coverage is None:
            self.complete, self.staged = False, None
            return list(changes)
        self.as_of, self.stale = coverage.as_of, coverage.stale
        if self.staged is None:
            self.complete = self.complete or coverage.complete
            return list(changes)
        for change in changes:
            self.staged = applied(self.staged, change)
        return self._unstage() if coverage.complete else []

    def restart(self) -> list[Change]:
        """Give up rows that no longer fit the table's columns."""
        self.complete, self.extent = False, None
        return self._unstage()

    def reach(self, position: Position) -> None:
        """The source has published as far as that, and all of it about this table was taken."""
        if self.epoch == position.epoch and self.staged is None:
            self.extent = Extent(position, self.as_of, self.complete)

    def _unstage(self) -> list[Change]:
        rows, self.staged = self.staged or frozenset(), None
        return [Snapshot(self.name, rows)]

    def complete_in(self, epoch: Epoch | None) -> bool:
        """Whether the engine's rows are a full reading of that epoch."""
        return self.complete and self.staged is None and self.epoch == epoch

    def usable_in(self, epoch: Epoch | None) -> bool:
        """Whether an action may rely on the rows."""
        return self.complete_in(epoch) and not self.stale and not self.lost


@dataclass(slots=True)
class SourceState:
    """One source: its tables, its schema, and what waits for its schema.

    :param epoch: the newest epoch heard of.
    :param schema_epoch: the epoch the schema was read in.
    :param fetching: whether the schema is being asked for.
    :param waiting: arrivals put into one until the schema is there.
    :param unlisted: published tables that the schema lacks, asked for once.
    """

    name: str
    subscription: Subscription | None = None
    epoch: Epoch | None = None
    schema: Schema | None = None
    schema_epoch: Epoch | None = None
    fetching: bool = False
    waiting: Arrival | None = None
    tables: dict[str, TableState] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)

    def hear(self, epoch: Epoch) -> bool:
        """Take note of an epoch that somebody mentions; tell whether it is news."""
        if self.epoch is not None and epoch.number <= self.epoch.number:
            return False
        self.epoch = epoch
        return True

    def take(self, arrival: Arrival) -> list[Change]:
        """What the engine is to do about an arrival, in order."""
        self.epoch = arrival.position.epoch
        changes: list[Change] = []
        for name in sorted(arrival.coverage.keys() | {c.table for c in arrival.changes}):
            if table := self.tables.get(name):
                own = [change for change in arrival.changes if change.table == name]
                changes += table.take(self.epoch, own, arrival.coverage.get(name))
        for each in self.tables.values():
            each.reach(arrival.position)
        return changes

    def lacks_schema_for(self, arrival: Arrival) -> bool:
        """Whether the schema must be asked for before the arrival can be used."""
        if self.schema_epoch != arrival.position.epoch:
            return True
        listed = self.schema.tables if self.schema else {}
        mentioned = {c.table for c in arrival.changes} - listed.keys() - self.unlisted
        self.unlisted |= mentioned
        return bool(mentioned)

    def learn(self, schema: Schema, epoch: Epoch | None) -> list[Change]:
        """Take a schema; what the engine is to do about rows that do not fit it."""
        if epoch != self.schema_epoch:
            self.unlisted.clear()
        old, self.schema, self.schema_epoch = self.schema, schema, epoch
        changes: list[Change] = []
        for name, table in sorted(self.tables.items()):
            if old is not None and _columns(old, name) != _columns(schema, name):
                changes += table.restart()
        return changes

    def usable(self, table: str) -> bool:
        """Whether an action may rely on a table: not while there is news of the source that
        the rows in the engine lack."""
        state = self.tables.get(table)
        return self.waiting is None and state is not None and state.usable_in(self.epoch)

    def status(self) -> list[Row]:
        """The rows of the status table for this source."""
        number = self.epoch.number if self.epoch else None
        rows: list[Row] = []
        for name, table in sorted(self.tables.items()):
            as_of = table.as_of if table.epoch else None
            complete = TRUE if table.complete_in(self.epoch) else FALSE
            stale = TRUE if table.stale or table.lost or self.waiting else FALSE
            rows.append((self.name, name, as_of, complete, stale, number))
        return rows


def _columns(schema: Schema, table: str) -> list[tuple[str, str, bool]]:
    declared = schema.table(table)
    columns: tuple[Column, ...] = declared.columns if declared else ()
    return [(column.name, str(column.type), column.nullable) for column in columns]
