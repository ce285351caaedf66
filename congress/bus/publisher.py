"""The sending end of a source: what it last said, and what a change amounts to.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariants: the sequence grows by one with every publication and never else; a
publication holds the net effect on the tables, so applying it to the state of
the one before gives the state of this one; the first word on a table in an
epoch is a snapshot.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from congress.bus.publication import Kind, Publication, TableUpdate
from congress.interfaces.role import Coverage, Epoch, Position
from congress.model.delta import Change, Delta, Snapshot, digest, digest_after
from congress.model.schema import Schema
from congress.model.values import Row


@dataclass(frozen=True, slots=True)
class Held:
    """A table as it stands; ``rows`` is ``None`` if it was only ever talked about."""

    rows: frozenset[Row] | None
    count: int
    digest: int | None
    coverage: Coverage | None


@dataclass(slots=True)
class _Table:
    """A published table. Without ``digest`` it is computed when somebody asks."""

    rows: set[Row] | None = None
    digest: int | None = None
    coverage: Coverage | None = None


@dataclass(slots=True)
class _Net:
    """The net effect of one publication on one table."""

    fresh: bool
    added: set[Row] = field(default_factory=set)
    removed: set[Row] = field(default_factory=set)


class SourcePublisher:
    """See ``interfaces.role.Publisher``. ``send`` gets every publication, in order."""

    def __init__(
        self,
        source: str,
        epoch: Epoch,
        *,
        send: Callable[[Publication], None],
        wanted: Callable[[], frozenset[str]],
        now: Callable[[], float],
        on_close: Callable[["SourcePublisher"], None],
        schema: Callable[[], Schema] | None = None,
    ) -> None:
        self.source = source
        self.position = Position(epoch, 0)
        self.schema = schema
        self._send = send
        self._wanted = wanted
        self._now = now
        self._on_close = on_close
        self._lock = threading.Lock()
        self._tables: dict[str, _Table] = {}
        self._digests = False
        self._closed = False

    def publish(self, changes: Iterable[Change], coverage: Mapping[str, Coverage]) -> Position:
        """Publish changes of several tables as one. Nothing at all to say is no publication."""
        todo = list(changes)
        with self._lock:
            if self._closed:
                return self.position
            nets: dict[str, _Net] = {}
            for change in todo:
                self._apply(change, nets)
            updates = self._updates(nets, coverage)
            return self._advance(updates)

    def drop(self, tables: Iterable[str]) -> None:
        """The source has these tables no longer."""
        with self._lock:
            gone = [name for name in tables if self._tables.pop(name, None)]
            if not self._closed:
                self._advance({name: TableUpdate(Kind.DROPPED) for name in gone})

    def rows(self, table: str) -> frozenset[Row] | None:
        """What was last published of a table; ``None`` if nothing."""
        with self._lock:
            known = self._tables.get(table)
            return frozenset(known.rows) if known and known.rows is not None else None

    def coverage(self) -> Mapping[str, Coverage]:
        """What was last said of each table."""
        with self._lock:
            return {n: t.coverage for n, t in self._tables.items() if t.coverage is not None}

    def wanted(self) -> frozenset[str]:
        """Tables that a live subscriber somewhere asked for."""
        return self._wanted()

    def close(self) -> None:
        """Publish no more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._on_close(self)

    def counts(self) -> dict[str, int]:
        """The number of rows of each table."""
        with self._lock:
            return {n: len(t.rows) for n, t in self._tables.items() if t.rows is not None}

    def keep_digests(self, needed: bool) -> None:
        """Whether publications must carry digests: only subscribers elsewhere need them."""
        with self._lock:
            self._digests = needed

    def standing(self, tables: Iterable[str], *, digests: bool) -> tuple[Position, dict[str, Held]]:
        """The position, and those of the tables that are known, as of that position."""
        with self._lock:
            known = {name: self._tables[name] for name in tables if name in self._tables}
            return self.position, {name: _held(t, digests) for name, t in known.items()}

    def _apply(self, change: Change, nets: dict[str, _Net]) -> None:
        table = self._tables.setdefault(change.table, _Table())
        net = nets.setdefault(change.table, _Net(fresh=table.rows is None))
        if table.rows is None:
            table.rows = set()
        added: Set[Row]
        removed: Set[Row]
        if isinstance(change, Snapshot):
            added, removed = change.rows - table.rows, table.rows - change.rows
        else:
            added = change.added - table.rows
            removed = (change.removed - change.added) & table.rows
        table.rows -= removed
        table.rows |= added
        net.removed |= removed - net.added
        net.added -= removed
        net.added |= added - net.removed
        net.removed -= added

    def _updates(
        self, nets: Mapping[str, _Net], coverage: Mapping[str, Coverage]
    ) -> dict[str, TableUpdate]:
        updates: dict[str, TableUpdate] = {}
        for name, net in nets.items():
            if net.fresh or net.added or net.removed:
                self._cover(name, coverage.get(name), complete=net.fresh)
                updates[name] = self._change(name, net)
        for name, said in coverage.items():
            if name not in updates:
                self._cover(name, said, complete=False)
                table = self._tables[name]
                updates[name] = TableUpdate(Kind.COVERAGE, None, len(table.rows or ()), None, said)
        return updates

    def _cover(self, name: str, said: Coverage | None, *, complete: bool) -> None:
        """Note what is said of a table; a change about which nothing is said is of now."""
        table = self._tables.setdefault(name, _Table())
        if said is None:
            before = table.coverage or Coverage(0.0, complete)
            said = replace(before, as_of=self._now())
        table.coverage = said

    def _change(self, name: str, net: _Net) -> TableUpdate:
        table = self._tables[name]
        assert table.rows is not None
        if net.fresh:
            table.digest = digest(table.rows) if self._digests else None
            snapshot = Snapshot(name, frozenset(table.rows))
            return TableUpdate(
                Kind.SNAPSHOT, snapshot, len(table.rows), table.digest, table.coverage
            )
        delta = Delta(name, frozenset(net.added), frozenset(net.removed))
        if not self._digests:
            table.digest = None
        elif table.digest is None:
            table.digest = digest(table.rows)
        else:
            table.digest = digest_after(table.digest, delta)
        return TableUpdate(Kind.DELTA, delta, len(table.rows), table.digest, table.coverage)

    def _advance(self, updates: Mapping[str, TableUpdate]) -> Position:
        if updates:
            self.position = Position(self.position.epoch, self.position.seq + 1)
            self._send(Publication(self.source, self.position, updates))
        return self.position


def _held(table: _Table, digests: bool) -> Held:
    if table.rows is None:
        return Held(None, 0, None, table.coverage)
    if digests and table.digest is None:
        table.digest = digest(table.rows)
    return Held(frozenset(table.rows), len(table.rows), table.digest, table.coverage)
