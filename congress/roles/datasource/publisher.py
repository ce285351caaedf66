"""What a datasource has read, on its way to the bus.

Imports the interfaces and the model only. Any thread; one publication at a time.

Invariants: nothing is published once the lease is lost; a table is complete only
after a snapshot of it in this epoch; what could not be read keeps its rows and
becomes stale.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from congress.interfaces.role import Coverage, Publisher
from congress.interfaces.runtime import Clock
from congress.model.delta import Batch, Snapshot
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.model.schema import Schema
from congress.model.values import Row
from congress.roles.datasource.rows import Checked, Rejected, check

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a poll says besides its batches.

    :param tables: those that were read, mentioned in a batch or not.
    :param failed: those that could not be read, with the reasons.
    :param missed: those that should have been read and were not spoken of.
    """

    tables: frozenset[str] = frozenset()
    failed: Mapping[str, str] | None = None
    missed: frozenset[str] = frozenset()


class DatasourcePublisher:
    """The publications of one datasource in one epoch.

    :param held: tells whether the lease is still held.
    """

    def __init__(
        self,
        name: str,
        out: Publisher,
        schema: Callable[[], Schema],
        held: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._name = name
        self._out = out
        self._schema = schema
        self._held = held
        self._clock = clock
        self._lock = threading.Lock()
        self._errors: dict[str, str] = {}
        self._rejected: dict[str, Rejected] = {}

    def check(self, batches: Iterable[Batch]) -> Checked:
        """The batches with every row checked; takes note of rows that were left out."""
        checked = check(batches, self._schema())
        with self._lock:
            for table in checked.as_of:
                if table not in checked.rejected:
                    self._rejected.pop(table, None)
            for table, rejected in checked.rejected.items():
                if table not in self._rejected:
                    LOG.warning(
                        "%d rows of %s:%s were left out; the first: %s",
                        rejected.count,
                        self._name,
                        table,
                        rejected.example,
                    )
                self._rejected[table] = rejected
        return checked

    def check_all(self, batches: Iterable[Batch]) -> Checked:
        """As ``check``, for data whose sender can be told.

        :raises Refused: if any row does not fit; nothing is noted then.
        """
        checked = check(batches, self._schema())
        if checked.rejected:
            raise Refused(
                *[
                    Diagnostic("invalid", f"{bad.count} rows do not fit: {bad.example}", where=name)
                    for name, bad in sorted(checked.rejected.items())
                ]
            )
        return checked

    def publish(self, checked: Checked, reading: Reading = Reading()) -> None:
        """Publish changes of several tables as one.

        :raises Refused: ``unavailable`` if the lease is lost.
        """
        with self._lock:
            self.require_lease()
            coverage = self._coverage(checked, reading)
            for table in coverage.keys() - (reading.failed or {}).keys() - reading.missed:
                self._errors.pop(table, None)
            self._errors.update(reading.failed or {})
            if checked.changes or coverage:
                self._out.publish(checked.changes, coverage)

    def mark_stale(self, error: str, tables: Iterable[str] | None = None) -> None:
        """Tell that tables (all that were ever published) could not be read."""
        with self._lock:
            known = self._out.coverage()
            chosen = [table for table in (known if tables is None else tables) if table in known]
            self._errors.update(dict.fromkeys(chosen, error))
            coverage = {t: replace(known[t], stale=True) for t in chosen if not known[t].stale}
            if coverage and self._held():
                self._out.publish((), coverage)

    def drop(self, tables: Iterable[str]) -> None:
        """Forget tables that are read no longer."""
        with self._lock:
            gone = [table for table in tables if table in self._out.coverage()]
            if gone and self._held():
                self._out.drop(gone)

    def rows(self, table: str) -> frozenset[Row] | None:
        """What was last published of a table."""
        return self._out.rows(table)

    def published(self) -> frozenset[str]:
        """The tables anything was said of."""
        return frozenset(self._out.coverage())

    def wanted(self) -> frozenset[str]:
        """Tables that somebody reads."""
        return self._out.wanted()

    def tables(self) -> dict[str, dict[str, object]]:
        """A JSON object for each table that was published or failed."""
        with self._lock:
            coverage = dict(self._out.coverage())
            errors, rejected = dict(self._errors), dict(self._rejected)
        found: dict[str, dict[str, object]] = {}
        for name in sorted(coverage.keys() | errors.keys() | rejected.keys()):
            known = coverage.get(name, Coverage(0.0, complete=False))
            left_out = rejected.get(name, Rejected())
            found[name] = {
                "as_of": known.as_of or None,
                "complete": known.complete,
                "stale": known.stale,
                "rows": len(self._out.rows(name) or ()),
                "error": errors.get(name),
                "rejected": left_out.count,
                "rejected_example": left_out.example or None,
            }
        return found

    def close(self) -> None:
        """Publish no more."""
        self._out.close()

    def require_lease(self) -> None:
        """See that this node still owns the datasource.

        :raises Refused: ``unavailable`` if it does not.
        """
        if not self._held():
            raise refuse(
                "unavailable",
                f"datasource {self._name!r} is being taken over by another node",
                hint="try again in a few seconds",
            )

    def _coverage(self, checked: Checked, reading: Reading) -> dict[str, Coverage]:
        known = self._out.coverage()
        now = self._clock.time()
        coverage: dict[str, Coverage] = {}
        snapshots = {c.table for c in checked.changes if isinstance(c, Snapshot)}
        for table in _ordered(reading.tables, checked.as_of):
            before = known.get(table)
            complete = table in snapshots or (before is not None and before.complete)
            if table in checked.as_of or before is not None:
                coverage[table] = Coverage(checked.as_of.get(table, now), complete)
        for table in _ordered(reading.failed or (), reading.missed):
            before = coverage.get(table) or known.get(table)
            if before is not None:
                coverage[table] = replace(before, stale=True)
        return coverage


def _ordered(*names: Iterable[str]) -> Sequence[str]:
    """The names in one order on every run."""
    return sorted(set().union(*names))
