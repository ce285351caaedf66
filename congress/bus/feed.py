"""The receiving end of a source: what is known, what is missing, when to ask.

May import ``congress.model``, ``congress.interfaces`` and this package. No
threads and no clock: one loop tells it what happened and when.

Invariants: a publication is applied only to the state of the one before it, in
the same epoch; an epoch is never followed by one of a lower number; whatever is
lost, the feed asks for it until it has it.
"""

import random
from collections.abc import Iterable

from congress.bus.backlog import Backlog
from congress.bus.counters import Counters
from congress.bus.mirror import Broken, Mirror, Outcome
from congress.bus.options import BusOptions
from congress.bus.port import Port, Provider
from congress.bus.publication import Publication
from congress.bus.sync import Answer, Ask
from congress.interfaces.role import Arrival, Epoch, Position

#: Back-off grows up to this many seconds.
LONGEST_PAUSE = 8.0
#: A feed that was well for this long starts its back-off anew.
WELL_AFTER = 10.0


class Feed:
    """One subscription's view of its source."""

    def __init__(
        self,
        source: str,
        name: str,
        port: Port,
        options: BusOptions,
        rng: random.Random,
        counters: Counters,
    ) -> None:
        self.source = source
        self._name = name
        self._port = port
        self._options = options
        self._rng = rng
        self._counters = counters
        self._mirror = Mirror(port.tell)
        self._provider: Provider | None = None
        self._epoch: Epoch | None = None
        self._seq = 0
        self._ahead = Backlog(options.max_inbox_rows)
        self._since_ask: list[Publication] = []
        self._ask: Ask | None = None
        self._asks = 0
        self._attempt = 0
        self._due = 0.0
        self._wake: float | None = None
        self._joining: Answer | None = None
        self._checking: Answer | None = None
        self._expected = 0
        self._gap_due: float | None = None
        self._troubles = 0
        self._trouble_at = 0.0
        self._paused = False
        self._check_due: float | None = None

    @property
    def position(self) -> Position | None:
        """How far it is; ``None`` before the first answer."""
        return Position(self._epoch, self._seq) if self._epoch and self._seq else None

    def lag(self) -> int:
        """Publications that are known to exist and have not been applied."""
        behind = self._provider.position.seq - self._seq if self._provider else 0
        return max(0, behind, self._expected - self._seq)

    def states(self) -> dict[str, str]:
        """``pending syncing live stale`` per table."""
        return self._mirror.states()

    # What happens

    def set_tables(self, tables: Iterable[str], now: float) -> None:
        """Exactly these tables are wanted."""
        self._mirror.set_tables(tables)
        self._request(now)

    def provider(self, found: Provider | None, now: float) -> None:
        """Who publishes the source now, according to heartbeats."""
        if found and self._epoch and found.position.epoch.number < self._epoch.number:
            self._counters.count("fenced")
            found = None
        before, self._provider = self._provider, found
        if found is None:
            if before is not None:
                self._part(trust=True)
        elif found.position.epoch != self._epoch:
            self._begin(found.position.epoch, now)
        else:
            moved = before is None or before.node != found.node
            if self._mirror.unjoined() and (moved or not self._busy()):
                self._request(now)
            self._expect(found.position.seq, now)

    def hear(self, publication: Publication, now: float) -> None:
        """A publication arrived."""
        position = publication.position
        if position.epoch != self._epoch:
            older = self._epoch and position.epoch.number < self._epoch.number
            self._counters.count("fenced" if older else "foreign")
        elif position.seq <= self._seq or position.seq in self._ahead:
            self._counters.count("repeated")
        elif self._mirror.wanting() and not self._paused:
            newest = self._ahead.newest
            if not self._ahead.put(publication):
                self._counters.count("overflow.ahead")
                self._expected = max(self._expected, newest)
            self._drain(now)

    def answered(self, answer: Answer, now: float) -> None:
        """An answer arrived in whole. One of another epoch is not for this feed: heartbeats
        tell of a new one, and then it is asked for."""
        ask = self._ask
        if ask is None or answer.token != ask.token or answer.position.epoch != self._epoch:
            return
        self._ask = None
        self._attempt = 0
        if ask.check:
            self._checking = answer
        elif not self._mirror.joined():
            self._seq = answer.position.seq
            self._join(answer, now)
        elif answer.position.seq > self._seq:
            self._joining = answer
        else:
            self._join(answer, now)
        self._expect(answer.position.seq, now)
        self._drain(now)

    def progress(self, now: float) -> None:
        """A piece of the answer arrived; the rest may take its time."""
        self._due = now + self._pause(1)

    def lost(self) -> None:
        """The subscriber failed on an arrival: begin anew, once told to resume."""
        self._counters.count("resync.handler")
        self._paused = True
        self._part(trust=False)

    def resume(self, now: float) -> None:
        """The subscriber can take arrivals again."""
        if self._paused:
            self._paused = False
            self._retry_later(now)

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._paused or self._provider is None:
            return
        if self._ask is not None and now >= self._due:
            self._ask_again(now)
        if self._wake is not None and now >= self._wake:
            self._request(now)
        if self._gap_due is not None and now >= self._gap_due:
            self._resync("gap", now)
        self._check(now)

    # Asking

    def _busy(self) -> bool:
        """Whether something is on its way that will bring tables into step."""
        return bool(self._ask or self._joining or self._wake is not None)

    def _request(self, now: float) -> None:
        """Ask for all that is not in step."""
        self._calm()
        self._mirror.show(self._epoch, provided=self._provider is not None)
        tables = self._mirror.unjoined()
        if not tables or self._provider is None or self._paused:
            return
        have = {}
        if self._epoch and not self._mirror.joined():
            have = self._mirror.digests(self._epoch, joined=False)
        self._send(tables, have, now)

    def _calm(self) -> None:
        """Await nothing any more."""
        self._ask = self._joining = self._checking = self._wake = None
        self._since_ask = []

    def _send(
        self,
        tables: tuple[str, ...],
        have: dict[str, tuple[int, int]],
        now: float,
        *,
        check: bool = False,
    ) -> None:
        assert self._provider
        self._asks += 1
        token = f"{self._name}.{self._asks}"
        self._ask = Ask(self.source, token, tables, self._epoch, have, check)
        self._due = now + self._pause(self._attempt)
        self._port.ask(self._provider, self._ask)

    def _ask_again(self, now: float) -> None:
        assert self._ask
        if self._port.nudge():
            self.progress(now)
        elif self._ask.check:
            self._ask = None
        else:
            self._counters.count("retries")
            self._attempt += 1
            self._request(now)

    def _pause(self, attempt: int) -> float:
        """How long to wait before the next attempt, with jitter."""
        base = self._options.heartbeat_interval() * 2.0 ** min(attempt + 1, 10)
        return min(base, LONGEST_PAUSE) * (0.75 + self._rng.random() / 2)

    def _retry_later(self, now: float) -> None:
        """Ask at once the first time something is wrong, then later and later."""
        if now - self._trouble_at > WELL_AFTER:
            self._troubles = 0
        self._troubles += 1
        self._trouble_at = now
        if self._troubles == 1:
            self._request(now)
        else:
            self._wake = now + self._pause(self._troubles - 2)

    def _check(self, now: float) -> None:
        """Compare with the publisher now and then."""
        period = self._options.safety_resync_period()
        if period <= 0 or self._epoch is None or self._busy() or self._mirror.unjoined():
            return
        if self._check_due is None:
            self._check_due = now + period * (0.5 + self._rng.random())
        elif now >= self._check_due:
            self._check_due = None
            if tables := tuple(self._mirror.digests(self._epoch, joined=True)):
                self._send(tables, {}, now, check=True)

    # What follows

    def _begin(self, epoch: Epoch, now: float) -> None:
        """A new life of the source: nothing of the old one counts but the rows shown."""
        self._part(trust=False)
        self._epoch = epoch
        self._seq = self._expected = 0
        self._request(now)

    def _part(self, *, trust: bool) -> None:
        """Out of step, and nobody to ask."""
        self._mirror.part(trust=trust)
        self._calm()
        self._attempt = 0
        self._ahead.clear()
        self._gap_due = None
        self._mirror.show(self._epoch, provided=False)

    def _resync(self, reason: str, now: float) -> None:
        """Out of step: ask for everything that is not as known."""
        self._counters.count(f"resync.{reason}")
        self._mirror.part(trust=True)
        self._calm()
        self._gap_due = None
        self._mirror.show(self._epoch, provided=True)
        if reason in ("gap", "omitted"):
            self._request(now)
        else:
            self._retry_later(now)

    def _drain(self, now: float) -> None:
        """Apply what follows on what was applied."""
        while self._mirror.joined() and (following := self._ahead.take(self._seq + 1)):
            try:
                outcome = self._mirror.apply(following)
            except Broken as broken:
                self._resync(str(broken), now)
                return
            self._seq += 1
            self._gap_due = None
            if self._ask is not None and not self._ask.check:
                self._since_ask.append(following)
            self._emit(outcome)
            self._catch_up(now)
        self._compare(now)
        self._expect(self._ahead.newest, now)

    def _expect(self, seq: int, now: float) -> None:
        """A publication of that number exists; if it does not come soon, ask."""
        self._expected = max(self._expected, seq)
        if self._expected <= self._seq or not self._mirror.joined():
            self._gap_due = None
        elif self._gap_due is None:
            self._gap_due = now + self._options.heartbeat_interval()

    def _catch_up(self, now: float) -> None:
        """Join tables whose answer was ahead of the feed."""
        joining = self._joining
        if joining is not None and joining.position.seq == self._seq:
            self._joining = None
            self._join(joining, now)

    def _join(self, answer: Answer, now: float) -> None:
        later = [p for p in self._since_ask if p.position.seq > answer.position.seq]
        self._since_ask = []
        try:
            outcome = self._mirror.join(answer, later)
        except Broken as broken:
            self._resync(str(broken), now)
            return
        self._ahead.drop_until(self._seq)
        self._emit(outcome)
        if self._mirror.unjoined():
            self._request(now)

    def _emit(self, outcome: Outcome) -> None:
        changes, coverage = outcome
        assert self._epoch
        if changes or coverage:
            position = Position(self._epoch, self._seq)
            self._port.emit(Arrival(self.source, position, tuple(changes), coverage))
        self._mirror.show(self._epoch, provided=True)

    def _compare(self, now: float) -> None:
        """Look at the result of a check, when the feed is where it was made."""
        checked = self._checking
        if checked is None or checked.position.seq > self._seq:
            return
        self._checking = None
        if checked.position.seq == self._seq and self._mirror.differs(checked):
            self._resync("safety", now)
