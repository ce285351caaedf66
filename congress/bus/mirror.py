"""What a subscriber knows of a publisher's tables, short of the rows themselves.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariants: a table that is *joined* is in step with the feed's position: count
and digest (where there is one) are those of the publisher at that position. A
publication is checked in whole before anything of it counts, so it takes effect
for all its tables or for none.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from congress.bus.publication import Kind, Publication, TableUpdate
from congress.bus.sync import Answer, AnsweredTable, Standing
from congress.interfaces.role import Coverage, Epoch
from congress.model.delta import Change, Delta, Snapshot, applied, digest, digest_after

#: Digests of larger snapshots are taken from the publisher, not computed anew.
VERIFIED_ROWS = 10_000

Outcome = tuple[list[Change], dict[str, Coverage]]


class Broken(Exception):  # noqa: N818 - named for the state of the mirror
    """What arrived does not fit what is known; the message is the reason, one word."""


@dataclass(slots=True)
class _Known:
    """One table. ``epoch`` is the life its rows are from, ``None`` without rows."""

    joined: bool = False
    epoch: Epoch | None = None
    count: int = 0
    digest: int | None = None
    state: str = "pending"


class Mirror:
    """``tell(table, state)`` hears of every change to ``live`` or ``stale``."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._tables: dict[str, _Known] = {}

    def set_tables(self, tables: Iterable[str]) -> None:
        """Know exactly these."""
        wanted = sorted(set(tables))
        self._tables = {name: self._tables.get(name, _Known()) for name in wanted}

    def wanting(self) -> bool:
        """Whether there is any table to know."""
        return bool(self._tables)

    def states(self) -> dict[str, str]:
        """``pending syncing live stale`` per table."""
        return {name: known.state for name, known in self._tables.items()}

    def unjoined(self) -> tuple[str, ...]:
        """Tables that are not in step."""
        return tuple(name for name, known in self._tables.items() if not known.joined)

    def joined(self) -> bool:
        """Whether any table is in step."""
        return any(known.joined for known in self._tables.values())

    def digests(self, epoch: Epoch, *, joined: bool) -> dict[str, tuple[int, int]]:
        """Count and digest of the tables in step (or not) with rows of an epoch."""
        return {
            name: (known.count, known.digest)
            for name, known in self._tables.items()
            if known.joined is joined and known.epoch == epoch and known.digest is not None
        }

    def part(self, *, trust: bool) -> None:
        """No table is in step any more. Without ``trust`` not even their old rows count."""
        for known in self._tables.values():
            known.joined = False
            if not trust:
                known.digest = None

    def show(self, epoch: Epoch | None, *, provided: bool) -> None:
        """Bring the states up to date: live is what is in step with rows of that epoch."""
        for name, known in self._tables.items():
            state = _state(known, epoch, provided)
            if state != known.state:
                known.state = state
                if state in ("live", "stale"):
                    self._tell(name, state)

    def apply(self, publication: Publication) -> Outcome:
        """What a publication changes. :raises Broken: nothing was changed."""
        epoch = publication.position.epoch
        mentioned = {
            name: (self._tables[name], update)
            for name, update in publication.tables.items()
            if name in self._tables and self._tables[name].joined
        }
        digests = {n: _check(known, update, epoch) for n, (known, update) in mentioned.items()}
        changes: list[Change] = []
        coverage: dict[str, Coverage] = {}
        for name, (known, update) in mentioned.items():
            if update.coverage is not None:
                coverage[name] = update.coverage
            if update.kind is Kind.DROPPED:
                if known.epoch is not None:
                    changes.append(Snapshot(name, frozenset()))
                known.epoch, known.count, known.digest = None, 0, None
            elif update.change is not None:
                changes.append(update.change)
                known.epoch, known.count = epoch, update.count
                known.digest = digests[name]
        return changes, coverage

    def join(self, answer: Answer, later: Sequence[Publication]) -> Outcome:
        """Bring tables into step by an answer and what was published after it.

        :raises Broken: nothing was changed.
        """
        epoch = answer.position.epoch
        fresh = {
            name: _replayed(name, table, later)
            for name, table in answer.tables.items()
            if name in self._tables and not self._tables[name].joined
        }
        changes: list[Change] = []
        coverage: dict[str, Coverage] = {}
        for name, table in fresh.items():
            known = self._tables[name]
            known.joined = True
            if table.coverage is not None:
                coverage[name] = table.coverage
            if table.rows is not None:
                changes.append(Snapshot(name, table.rows))
                known.epoch, known.count, known.digest = epoch, table.count, table.digest
            elif table.standing is Standing.ABSENT and known.epoch == epoch:
                # It was dropped; in a new epoch its old rows stay until there are others.
                changes.append(Snapshot(name, frozenset()))
                known.epoch, known.count, known.digest = None, 0, None
        return changes, coverage

    def differs(self, answer: Answer) -> bool:
        """Whether tables in step differ from what a check at their position says."""
        epoch = answer.position.epoch
        mine = self.digests(epoch, joined=True)
        return any(
            name in mine and mine[name] != (table.count, table.digest)
            for name, table in answer.tables.items()
        )


def _state(known: _Known, epoch: Epoch | None, provided: bool) -> str:
    if known.joined and known.epoch is not None and known.epoch == epoch:
        return "live"
    if known.epoch is not None or known.state in ("live", "stale"):
        return "stale"
    return "syncing" if provided and not known.joined else "pending"


def _check(known: _Known, update: TableUpdate, epoch: Epoch) -> int | None:
    """The digest after an update of a table. :raises Broken: it does not fit."""
    if update.kind is Kind.OMITTED:
        raise Broken("omitted")
    if isinstance(update.change, Snapshot):
        return _verified(update.change, update.count, update.digest)
    if not isinstance(update.change, Delta):
        return known.digest
    if known.epoch != epoch:
        raise Broken("baseless")
    delta = update.change
    if known.count + len(delta.added) - len(delta.removed) != update.count:
        raise Broken("digest")
    if known.digest is None or update.digest is None:
        return update.digest
    if digest_after(known.digest, delta) != update.digest:
        raise Broken("digest")
    return update.digest


def _verified(snapshot: Snapshot, count: int, expected: int | None) -> int | None:
    """The digest of a snapshot. :raises Broken: it is not the expected one."""
    if len(snapshot.rows) != count:
        raise Broken("digest")
    if expected is not None and count <= VERIFIED_ROWS and digest(snapshot.rows) != expected:
        raise Broken("digest")
    return expected


def _replayed(name: str, table: AnsweredTable, later: Sequence[Publication]) -> AnsweredTable:
    """A table of an answer after what was published since. :raises Broken: it does not fit."""
    if table.rows is not None:
        _verified(Snapshot(name, table.rows), table.count, table.digest)
    rows, coverage, last = table.rows, table.coverage, table.digest
    for publication in later:
        if (update := publication.tables.get(name)) is None:
            continue
        coverage = update.coverage or coverage
        if update.kind is Kind.OMITTED or (rows is None and isinstance(update.change, Delta)):
            raise Broken("omitted")
        if update.kind is Kind.DROPPED:
            rows, last = None, None
        elif update.change is not None:
            rows, last = applied(rows or frozenset(), update.change), update.digest
            if len(rows) != update.count:
                raise Broken("digest")
    if rows is None:
        standing = Standing.ABSENT if table.rows is not None else table.standing
        return AnsweredTable(standing, None, table.count, table.digest, coverage)
    return AnsweredTable(Standing.ROWS, rows, len(rows), last, coverage)
