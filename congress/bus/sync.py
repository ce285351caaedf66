"""Asking a publisher for tables as they are, and being answered in pieces.

May import ``congress.model``, ``congress.interfaces`` and this package.

``Supplier`` is the publisher's side, ``Collector`` the subscriber's. Neither
waits: a piece that gets lost is asked for again by whoever watches the time.

Invariant: an answer that was collected is the state at one position, whatever
was published while it travelled.
"""

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from congress.bus.messages import (
    SyncMore,
    SyncPart,
    SyncRefused,
    SyncRequest,
    SyncTable,
    WireRows,
)
from congress.bus.publication import (
    coverage_from_wire,
    coverage_to_wire,
    row_bytes,
    rows_from_wire,
)
from congress.bus.publisher import Held, SourcePublisher
from congress.interfaces.role import Coverage, Epoch, Position
from congress.model.values import Row, row_to_plain

#: Seconds after which an answer that nobody asks more of is forgotten.
PATIENCE = 30.0
#: Answers under way at one publisher; more make the oldest begin again.
MOST_ANSWERS = 64
#: How often a lost piece is asked for before the whole is.
MOST_NUDGES = 4


class Standing(enum.StrEnum):
    """How a table stands in an answer."""

    ROWS = "rows"
    #: It is what the subscriber has.
    SAME = "same"
    #: Count and digest only, as asked.
    DIGEST = "digest"
    #: The source has not published it (yet, or any more).
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a subscriber wants to know; see ``messages.SyncRequest``."""

    source: str
    token: str
    tables: tuple[str, ...]
    epoch: Epoch | None = None
    have: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    check: bool = False


@dataclass(frozen=True, slots=True)
class AnsweredTable:
    """One table of an answer; ``rows`` only with ``Standing.ROWS``."""

    standing: Standing
    rows: frozenset[Row] | None = None
    count: int = 0
    digest: int | None = None
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The tables asked for, as of one position."""

    token: str
    position: Position
    tables: Mapping[str, AnsweredTable]


def answer_locally(publisher: SourcePublisher, ask: Ask) -> Answer:
    """The answer within a node: whole, and without digests."""
    position, held = publisher.standing(ask.tables, digests=False)
    tables = {name: _answered(held.get(name), None, check=False) for name in ask.tables}
    return Answer(ask.token, position, tables)


def _answered(held: Held | None, have: tuple[int, int] | None, *, check: bool) -> AnsweredTable:
    if held is None or held.rows is None:
        return AnsweredTable(Standing.ABSENT, coverage=held.coverage if held else None)
    standing = Standing.ROWS
    if check:
        standing = Standing.DIGEST
    elif have == (held.count, held.digest):
        standing = Standing.SAME
    rows = held.rows if standing is Standing.ROWS else None
    return AnsweredTable(standing, rows, held.count, held.digest, held.coverage)


@dataclass(slots=True)
class _Transfer:
    """An answer under way, its rows in a row."""

    node: str
    answer: Answer
    rows: list[tuple[str, Row]]
    used: float


class Supplier:
    """Answers requests for tables in pieces of roughly ``piece_bytes``."""

    def __init__(self, piece_bytes: Callable[[], int], now: Callable[[], float]) -> None:
        self._piece_bytes = piece_bytes
        self._now = now
        self._transfers: dict[str, _Transfer] = {}

    def begin(self, node: str, request: SyncRequest, publisher: SourcePublisher) -> SyncPart:
        """The first piece of the answer to a request."""
        position, held = publisher.standing(request.tables, digests=True)
        same_epoch = request.epoch == (position.epoch.number, position.epoch.instance)
        have = request.have if same_epoch else {}
        tables = {
            name: _answered(held.get(name), have.get(name), check=request.check)
            for name in request.tables
        }
        rows = [(name, row) for name, table in tables.items() for row in table.rows or ()]
        answer = Answer(request.token, position, tables)
        transfer = _Transfer(node, answer, rows, self._now())
        self._expire()
        part = self._piece(request.source, transfer, 0)
        if part.following is not None:
            self._transfers[request.token] = transfer
        return part

    def more(self, node: str, request: SyncMore) -> SyncPart | SyncRefused:
        """A further piece."""
        transfer = self._transfers.get(request.token)
        if transfer is None or transfer.node != node:
            return SyncRefused(request.source, request.token)
        transfer.used = self._now()
        return self._piece(request.source, transfer, request.offset)

    def _expire(self) -> None:
        old = self._now() - PATIENCE
        kept = {t: x for t, x in self._transfers.items() if x.used >= old}
        excess = max(0, len(kept) - MOST_ANSWERS + 1)
        self._transfers = dict(list(kept.items())[excess:])

    def _piece(self, source: str, transfer: _Transfer, offset: int) -> SyncPart:
        rows: dict[str, WireRows] = {}
        end = offset
        for name, row in self._fitting(transfer.rows, offset):
            rows.setdefault(name, []).append(row_to_plain(row))
            end += 1
        answer = transfer.answer
        epoch = answer.position.epoch
        return SyncPart(
            source=source,
            token=answer.token,
            epoch=(epoch.number, epoch.instance),
            seq=answer.position.seq,
            tables=_tables_to_wire(answer) if offset == 0 else [],
            rows=rows,
            offset=offset,
            following=end if end < len(transfer.rows) else None,
        )

    def _fitting(self, rows: list[tuple[str, Row]], offset: int) -> Iterator[tuple[str, Row]]:
        """Rows that make up one piece: at least one, if there are any."""
        room = self._piece_bytes()
        for index in range(max(0, offset), len(rows)):
            yield rows[index]
            room -= row_bytes(rows[index][1])
            if room <= 0:
                return


def _tables_to_wire(answer: Answer) -> list[SyncTable]:
    return [
        SyncTable(name, str(t.standing), t.count, t.digest, coverage_to_wire(t.coverage))
        for name, t in answer.tables.items()
    ]


class Collector:
    """Puts the pieces of one subscription's answers together.

    Only the answer to the newest request counts. ``ask_more`` sends for a piece.
    """

    def __init__(self, source: str, ask_more: Callable[[str, SyncMore], None]) -> None:
        self._source = source
        self._ask_more = ask_more
        self._token = ""
        self._node = ""
        self._first: SyncPart | None = None
        self._rows: dict[str, WireRows] = {}
        self._offset = 0
        self._nudges = 0

    def expect(self, node: str, token: str) -> None:
        """A request was sent."""
        self._node, self._token = node, token
        self._first, self._rows, self._offset, self._nudges = None, {}, 0, 0

    def take(self, part: SyncPart) -> Answer | None:
        """A piece arrived; the answer, if it was the last.

        :raises ValueError: the pieces do not make sense together.
        """
        if part.token != self._token or part.offset != self._offset:
            return None
        if part.offset == 0:
            self._first = part
        for name, rows in part.rows.items():
            self._rows.setdefault(name, []).extend(rows)
        self._nudges = 0
        if part.following is None:
            return self._finish()
        self._offset = part.following
        self._send_for_more()
        return None

    def refused(self, token: str) -> None:
        """The publisher cannot go on with an answer: what there is of it is worth nothing."""
        if token == self._token:
            self.expect("", "")

    def nudge(self) -> bool:
        """Ask again for a piece that does not come; ``False`` if none is awaited or it
        was asked for too often."""
        if self._first is None or self._nudges >= MOST_NUDGES:
            return False
        self._nudges += 1
        self._send_for_more()
        return True

    def _send_for_more(self) -> None:
        self._ask_more(self._node, SyncMore(self._source, self._token, self._offset))

    def _finish(self) -> Answer:
        first = self._first
        assert first is not None
        tables = {table.name: self._table(table) for table in first.tables}
        position = Position(Epoch(*first.epoch), first.seq)
        answer = Answer(self._token, position, tables)
        self.expect("", "")
        return answer

    def _table(self, wire: SyncTable) -> AnsweredTable:
        standing = Standing(wire.how)
        rows = None
        if standing is Standing.ROWS:
            rows = rows_from_wire(self._rows.get(wire.name, []))
            if len(rows) != wire.count:
                raise ValueError(f"{len(rows)} rows of {wire.name!r}, not {wire.count}")
        coverage = coverage_from_wire(wire.coverage)
        return AnsweredTable(standing, rows, wire.count, wire.digest, coverage)
