"""A subscriber's conscience: it objects to any arrival that cannot be.

May import ``congress.interfaces`` and ``congress.model``.
"""

from congress.interfaces.role import Arrival, Position
from congress.model.delta import Change, Snapshot, applied
from congress.model.values import Row, canonical, row_order_key
from congress.testing.cluster.process import Process


class Witness:
    """Watches one subscription."""

    def __init__(self, source: str, process: Process) -> None:
        self._source = source
        self._process = process
        self._position: Position | None = None
        self._tables: dict[str, frozenset[Row]] = {}

    def see(self, arrival: Arrival) -> None:
        """Object to a delta on foreign state, and to positions that fall."""
        new, old = arrival.position, self._position
        self._position = new
        shown = "; ".join(map(_shown, arrival.changes))
        self._process.note("arrival", f"{self._source} {new.epoch.number}/{new.seq} {shown}")
        if old is not None and new.epoch != old.epoch:
            if new.epoch.number <= old.epoch.number:
                self._object(f"the epoch went from {old.epoch} to {new.epoch}")
            self._tables.clear()
        elif old is not None and new.seq < old.seq:
            self._object(f"the position fell from {old} to {new}")
        for change in arrival.changes:
            before = self._tables.get(change.table)
            if isinstance(change, Snapshot):
                self._tables[change.table] = change.rows
            elif before is None:
                self._object(f"a delta of {change.table} before any snapshot in {new.epoch}")
            elif not change.removed <= before or change.added & before:
                self._object(f"a delta of {change.table} that does not fit")
            else:
                self._tables[change.table] = applied(before, change)

    def _object(self, text: str) -> None:
        instance = self._process.instance
        self._process.world.object(f"{instance} was told of {self._source}: {text}")


def _shown(change: Change) -> str:
    """A change in one line."""
    if isinstance(change, Snapshot):
        return f"{change.table}={_rows(change.rows)}"
    return f"{change.table}+{_rows(change.added)}-{_rows(change.removed)}"


def _rows(rows: frozenset[Row]) -> str:
    return "".join(canonical(row) for row in sorted(rows, key=row_order_key))
