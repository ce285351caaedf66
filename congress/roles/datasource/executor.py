"""Carries out what the ledger says is due, and writes what came of it.

Imports the interfaces and the model only. Jobs of the action loop, except where a
method says otherwise.

Invariants: nothing runs that was not claimed under the lease that is still held;
what was claimed in this tenure is never claimed again before its outcome is
written; edges reach the ledger in the order they came.
"""

import json
import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from congress.interfaces.runtime import Clock, Loop, Timer
from congress.interfaces.storage import Fenced, LedgerEntry, StorageError
from congress.model.action import ActionState, DesiredAction, Promise
from congress.model.diagnostic import Refused
from congress.roles.datasource.arguments import bind
from congress.roles.datasource.backoff import pause
from congress.roles.datasource.caller import Caller, Prepared, Returned
from congress.roles.datasource.copies import Edge
from congress.roles.datasource.leases import Tenure
from congress.roles.datasource.ledger import PENDING, SWITCHED_OFF, Ledger, Outcome
from congress.roles.datasource.settings import Settings

LOG = logging.getLogger(__name__)

PASSED = "its condition passed before it could run"
UNARMED = "its rule is not armed: a table it depends on is not complete or not current"

FIRST_RETRY = 1.0
LONGEST_RETRY = 60.0

#: How often waiting activations are looked at, seconds.
LOOK = 1.0

#: Edges written in one transaction at most.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Guards:
    """What must hold before an activation runs, as the obeyed copy tells it.

    :param confirmed: a complete copy has been compared with the ledger in this tenure.
    :param following: there is a complete copy to ask now.
    :param held: the activation's rule is not armed.
    """

    confirmed: Callable[[], bool]
    following: Callable[[], bool]
    held: Callable[[DesiredAction], bool]


class Executor:
    """The actions of one datasource in one tenure."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        clock: Clock,
        loop: Loop,
        ledger: Ledger,
        tenure: Tenure,
        caller: Caller,
        guards: Guards,
        acted: Callable[[], None],
    ) -> None:
        self._name = name
        self._settings = settings
        self._clock = clock
        self._loop = loop
        self._ledger = ledger
        self._tenure = tenure
        self._caller = caller
        self._guards = guards
        self._acted = acted
        self._edges: deque[Edge] = deque()
        self._pending: dict[str, LedgerEntry] = {}
        self._due: dict[str, float] = {}
        self._first_tried: dict[str, float] = {}
        self._unwritten: deque[tuple[LedgerEntry, Outcome]] = deque()
        self._decided: deque[str] = deque()
        self._running: tuple[str, float] | None = None
        self._posted = False
        self._timer: Timer | None = None
        self._failures = 0

    def begin(self, entries: Iterable[LedgerEntry]) -> None:
        """Start from what the ledger holds."""
        for entry in entries:
            self._keep(entry)
        self.kick()

    def take(self, edges: Sequence[Edge]) -> None:
        """Record rises and falls, and run what rose."""
        self._edges.extend(edges)
        self.kick()

    def kick(self) -> None:
        """Go on soon. Any thread."""
        if not self._posted:
            self._posted = True
            self._loop.post(self._step)

    def reconsider(self, key: str) -> None:
        """Go on from what a person decided about an entry. Any thread."""
        self._decided.append(key)
        self.kick()

    def overdue(self) -> str | None:
        """The action that runs longer than it may, if one does. Any thread."""
        running = self._running
        if running and self._clock.monotonic() > running[1] + self._settings.action_timeout:
            return running[0]
        return None

    def submit(
        self, action: str, positional: Sequence[object], named: dict[str, object], **who: str
    ) -> LedgerEntry:
        """Record a manual call. Any thread; ``run_manual`` runs it.

        :raises Refused: for an unknown action or arguments that do not fit.
        :raises StorageError: it was not recorded.
        """
        spec = self._caller.spec(action)
        bind(spec, positional, named)
        text = json.dumps({"positional": positional, "named": named}, ensure_ascii=False)
        desired = DesiredAction("", f"manual/{uuid.uuid4()}", self._name, action, (text,))
        enabled = self._settings.actions_enabled
        return self._ledger.add_manual(desired, enabled=enabled, **who)

    def run_manual(self, entry: LedgerEntry) -> LedgerEntry:
        """Run a recorded manual call, or leave it waiting; the entry as it stands then."""
        self._keep(entry)
        try:
            self._run(entry)
            stored = self._ledger.get(entry.key)
        except StorageError as error:
            LOG.warning("action %s of %s waits: %s", entry.desired.action, self._name, error)
            stored = None
        self.kick()
        return stored or entry

    def _step(self) -> None:
        self._posted = False
        if self._timer:
            self._timer.cancel()
        if not self._tenure.held():
            self._timer = self._loop.later(LOOK, self.kick)
            return
        try:
            self._write_outcomes()
            self._read_decided()
            self._record()
            progress = self._run_next()
        except Fenced:
            # Either another node took over, and this executor is ended soon, or nobody
            # did while the lease had run out, and it can be renewed.
            LOG.warning("the ledger of %s is not this node's at the moment", self._name)
            self._timer = self._loop.later(LOOK, self.kick)
            return
        except StorageError as error:
            self._wait_for_storage(error)
            return
        self._failures = 0
        if progress or self._edges or self._unwritten:
            self.kick()
        elif self._pending:
            self._timer = self._loop.later(LOOK, self.kick)

    def _wait_for_storage(self, error: StorageError) -> None:
        if not self._failures:
            LOG.warning("the ledger of %s cannot be written: %s", self._name, error)
        self._failures += 1
        delay = pause(self._failures, FIRST_RETRY, LONGEST_RETRY, self._name)
        self._timer = self._loop.later(delay, self.kick)

    def _read_decided(self) -> None:
        while self._decided:
            stored = self._ledger.get(self._decided[0])
            self._decided.popleft()
            if stored is not None:
                self._keep(stored)

    def _record(self) -> None:
        """Write the edges up to one that must wait for an activation of its key to run."""
        batch: list[Edge] = []
        risen: set[str] = set()
        for edge in self._edges:
            if len(batch) >= BATCH or (edge.rise and self._first_runs(edge.key, risen)):
                break
            batch.append(edge)
            if edge.rise:
                risen.add(edge.key)
        if not batch:
            return
        for entry in self._ledger.record(batch, enabled=self._settings.actions_enabled):
            self._keep(entry)
        for _ in batch:
            self._edges.popleft()

    def _first_runs(self, key: str, risen: set[str]) -> bool:
        """Whether an earlier rise of a key can run before the next one is written."""
        entry = self._pending.get(key)
        return key in risen or (entry is not None and self._verdict(entry) is not None)

    def _keep(self, entry: LedgerEntry) -> None:
        """Note how an entry is stored."""
        if entry.state in PENDING:
            self._pending[entry.key] = entry
            return
        self._pending.pop(entry.key, None)
        if self._claimed_unknowingly(entry):
            self._unwritten.append((entry, Outcome(ActionState.NEW)))
        else:
            self._due.pop(entry.key, None)
            self._first_tried.pop(entry.key, None)

    def _claimed_unknowingly(self, entry: LedgerEntry) -> bool:
        """Whether storage kept a claim of this tenure and reported a failure: it did not run."""
        return (
            entry.state is ActionState.CLAIMED
            and entry.fence == self._tenure.epoch
            and all(claimed.key != entry.key for claimed, _ in self._unwritten)
        )

    def _run_next(self) -> bool:
        """Do the next thing that can be done; whether there was one."""
        for entry in self._pending.values():
            act = self._verdict(entry)
            if act is not None:
                act(entry)
                return True
        return False

    def _verdict(self, entry: LedgerEntry) -> Callable[[LedgerEntry], None] | None:
        """What to do with a pending activation now; ``None`` to wait."""
        if not self._settings.actions_enabled:
            return self._suppress
        if not entry.manual:
            if self._guards.held(entry.desired):
                return self._hold if entry.state is ActionState.NEW else None
            if not self._guards.confirmed():
                return None
            if entry.state is ActionState.HELD and not self._guards.following():
                return None
        if self._due.get(entry.key, 0.0) > self._clock.monotonic() or not self._caller.ready():
            return None
        return self._expire if self._late(entry) else self._run

    def _late(self, entry: LedgerEntry) -> bool:
        """Whether an activation whose condition has passed has waited too long since then,
        since it was last tried, or since a person asked for it again."""
        if entry.manual or entry.active:
            return False
        age = self._clock.time() - entry.updated_at
        if not self._caller.repeats(entry):
            return age > self._settings.park_window
        limit = self._settings.retry_timeout
        return limit > 0 and age > max(limit, self._settings.park_window)

    def _suppress(self, entry: LedgerEntry) -> None:
        self._turn(entry, ActionState.SUPPRESSED, SWITCHED_OFF)

    def _expire(self, entry: LedgerEntry) -> None:
        self._turn(entry, ActionState.SUPPRESSED, PASSED)

    def _hold(self, entry: LedgerEntry) -> None:
        self._turn(entry, ActionState.HELD, UNARMED)

    def _turn(self, entry: LedgerEntry, state: ActionState, message: str) -> None:
        turned = self._ledger.turn(entry, state, message)
        if turned is None:
            self._look_again(entry)
        else:
            self._keep(turned)

    def _look_again(self, entry: LedgerEntry) -> None:
        """An activation is not pending any more, whatever was remembered of it."""
        stored = self._ledger.get(entry.key)
        self._pending.pop(entry.key, None)
        if stored is not None:
            self._keep(stored)

    def _run(self, entry: LedgerEntry) -> None:
        """Claim an activation, call the driver, write what came of it."""
        if entry.key not in self._pending or self._verdict(entry) != self._run:
            return
        try:
            prepared = self._caller.prepare(entry)
        except Refused as refused:
            self._turn(entry, ActionState.FAILED, str(refused))
            return
        claimed = self._ledger.claim(entry, prepared.promise)
        if claimed is None:
            self._look_again(entry)
            return
        self._pending.pop(entry.key, None)
        if not self._tenure.held():
            # It did not run. Whoever writes first says so: this node, if it owns the
            # datasource after all, or the next owner, who cannot know and is in doubt.
            LOG.warning("action %s of %s was claimed too late to be run", entry.key, self._name)
            self._unwritten.append((claimed, Outcome(ActionState.NEW)))
            return
        self._unwritten.append((claimed, self._call(claimed, prepared)))
        self._write_outcomes()
        self._acted()

    def _call(self, claimed: LedgerEntry, prepared: Prepared) -> Outcome:
        self._running = (claimed.desired.action, self._clock.monotonic())
        try:
            returned = self._caller.run(prepared.call)
        finally:
            self._running = None
        outcome = returned.outcome
        if outcome.state is ActionState.FAILED:
            LOG.warning(
                "action %s of %s failed: %s", prepared.call.name, self._name, outcome.message
            )
        if self._again(claimed, returned):
            delay = pause(claimed.attempts, FIRST_RETRY, LONGEST_RETRY, claimed.key)
            self._due[claimed.key] = self._clock.monotonic() + delay
            return Outcome(ActionState.NEW, message=outcome.message)
        return outcome

    def _again(self, claimed: LedgerEntry, returned: Returned) -> bool:
        """Whether a call that failed is to be repeated. The time for that begins anew with
        each owner, whose wall clock may not be that of the one before."""
        if not returned.again or claimed.promise is Promise.AT_MOST_ONCE:
            return False
        now = self._clock.monotonic()
        first = self._first_tried.setdefault(claimed.key, now)
        limit = self._settings.retry_timeout
        return limit <= 0 or now - first < limit

    def _write_outcomes(self) -> None:
        while self._unwritten:
            claimed, outcome = self._unwritten[0]
            try:
                finished = self._ledger.finish(claimed, outcome)
            except Fenced:
                LOG.warning(
                    "action %s of %s ended after another node took over; it is in doubt there",
                    claimed.desired.action,
                    self._name,
                )
                raise
            self._unwritten.popleft()
            stored = finished or self._ledger.get(claimed.key)
            if stored is not None:
                self._keep(stored)
