"""The execution log of one datasource: every step of an action, in storage.

Imports the interfaces and the model only.

Invariants: every write is made under the fence of the datasource's lease, so an
owner that lost it changes nothing any more; each step starts from what is stored,
not from what was remembered; an activation is claimed before its action runs.
"""

import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from congress.interfaces.runtime import Clock
from congress.interfaces.storage import AuditRecord, LedgerEntry, StorageBackend, Transaction
from congress.model.action import ActionState, DesiredAction, Promise, action_id
from congress.model.basis import Basis, from_text, joined, to_text
from congress.roles.datasource.copies import Edge
from congress.roles.datasource.leases import Tenure

T = TypeVar("T")

#: States of an activation that still has to run.
PENDING = (ActionState.NEW, ActionState.HELD)

#: Results of actions are kept up to that many bytes of JSON.
RESULT_SIZE = 65_536

DOUBTFUL = "the node that ran it went away before it told what came of it"
SWITCHED_OFF = "actions are switched off (enable_execute_action)"

Step = tuple[LedgerEntry | None, LedgerEntry]

#: Adds what a step leaves in the audit trail.
Note = Callable[[Transaction, LedgerEntry | None, LedgerEntry], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call. Of a final state, or ``NEW`` if it is to be tried again."""

    state: ActionState
    result: object = None
    message: str = ""


class Ledger:
    """The ledger under one tenure. Used on the action loop, but for what says otherwise."""

    def __init__(
        self, datasource: str, storage: StorageBackend, tenure: Tenure, clock: Clock
    ) -> None:
        self._datasource = datasource
        self._storage = storage
        self._tenure = tenure
        self._clock = clock
        self._fact = f"actions-basis/{datasource}"
        #: What all rises and falls here follow from; ``None`` if that is not known.
        self.basis: Basis | None = None
        self._counts: Counter[ActionState] = Counter()
        self._counting = threading.Lock()

    def counts(self) -> Mapping[str, int]:
        """How many entries are in each state. Any thread."""
        return {str(state): self._counts.get(state, 0) for state in ActionState}

    def load(self) -> Sequence[LedgerEntry]:
        """Take the ledger over: all entries, none of them claimed.

        What another owner had claimed is in doubt, or to be run again where that was
        promised.

        :raises StorageError: storage is away, or the lease lost (``Fenced``).
        """
        now = self._clock.time()

        def work(tx: Transaction) -> tuple[Sequence[LedgerEntry], str | None]:
            entries = []
            for entry in tx.ledger.list(self._datasource):
                if entry.state is ActionState.CLAIMED:
                    settled = _taken_over(entry, now)
                    tx.ledger.put(settled, entry)
                    _note(tx, entry, settled)
                    entries.append(settled)
                else:
                    entries.append(entry)
            return entries, tx.facts.get(self._fact)

        entries, text = self._run(work)
        self.basis = from_text(text) if text else None
        self._counts = Counter(entry.state for entry in entries)
        return entries

    def record(self, edges: Iterable[Edge], *, enabled: bool) -> list[LedgerEntry]:
        """Write rises and falls; the entries as they stand then."""
        written = list(edges)
        now, mono = self._clock.time(), self._clock.monotonic()
        basis = _reached(self.basis, written)

        def work(tx: Transaction) -> tuple[list[Step], list[LedgerEntry]]:
            steps: list[Step] = []
            standing: dict[str, LedgerEntry] = {}
            for edge in written:
                old = tx.ledger.get(edge.key)
                at = now - (mono - edge.at)
                new = _risen(old, edge.desired, at, enabled) if edge.rise else _fallen(old, at)
                if new is not None:
                    tx.ledger.put(new, old)
                    _note(tx, old, new)
                    steps.append((old, new))
                if (entry := new or old) is not None:
                    standing[edge.key] = entry
            self._put_basis(tx, basis)
            return steps, list(standing.values())

        steps, standing = self._run(work)
        self.basis = basis
        self._count(steps)
        return standing

    def add_manual(
        self, desired: DesiredAction, *, enabled: bool, actor: str, request_id: str
    ) -> LedgerEntry:
        """Record a call that a person asked for. Any thread."""
        now = self._clock.time()
        entry = LedgerEntry(
            key=desired.key,
            desired=desired,
            generation=1,
            active=False,
            state=ActionState.NEW if enabled else ActionState.SUPPRESSED,
            manual=True,
            message="" if enabled else SWITCHED_OFF,
            created_at=now,
            updated_at=now,
        )

        def work(tx: Transaction) -> None:
            tx.ledger.put(entry, None)
            outcome = "recorded" if enabled else str(entry.state)
            tx.audit.add(audit_record(tx, entry, outcome, actor, request_id))

        self._run(work)
        self._count([(None, entry)])
        return entry

    def claim(self, entry: LedgerEntry, promise: Promise) -> LedgerEntry | None:
        """Claim a pending activation; ``None`` if it is not pending any more."""
        return self._change(
            entry,
            PENDING,
            state=ActionState.CLAIMED,
            promise=promise,
            fence=self._tenure.epoch,
            attempts=entry.attempts + 1,
            message="",
        )

    def finish(self, entry: LedgerEntry, outcome: Outcome) -> LedgerEntry | None:
        """Write what came of a claimed activation."""
        return self._change(
            entry,
            (ActionState.CLAIMED,),
            state=outcome.state,
            result=bounded(outcome.result),
            message=outcome.message,
        )

    def turn(self, entry: LedgerEntry, state: ActionState, message: str) -> LedgerEntry | None:
        """Bring a pending activation into another state without running it."""
        return self._change(entry, PENDING, state=state, message=message)

    def decide(
        self,
        entry: LedgerEntry,
        states: Sequence[ActionState],
        state: ActionState,
        *,
        decision: str,
        actor: str,
        request_id: str,
    ) -> LedgerEntry | None:
        """Bring an activation into another state because a person says so. Any thread."""

        def note(tx: Transaction, _old: LedgerEntry | None, new: LedgerEntry) -> None:
            tx.audit.add(audit_record(tx, new, str(state), actor, request_id, f"ledger:{decision}"))

        return self._change(entry, states, note, state=state, message=f"{decision} by {actor}")

    def get(self, key: str) -> LedgerEntry | None:
        """An entry as it is stored. Any thread."""
        return self._storage.read(lambda tx: tx.ledger.get(key))

    def _change(
        self,
        entry: LedgerEntry,
        states: Sequence[ActionState],
        note: Note | None = None,
        **changes: Any,
    ) -> LedgerEntry | None:
        def work(tx: Transaction) -> Step | None:
            old = tx.ledger.get(entry.key)
            if old is None or old.generation != entry.generation or old.state not in states:
                return None
            new = dataclasses.replace(old, updated_at=self._clock.time(), **changes)
            tx.ledger.put(new, old)
            (note or _note)(tx, old, new)
            return old, new

        step = self._run(work)
        if step is None:
            return None
        self._count([step])
        return step[1]

    def _put_basis(self, tx: Transaction, basis: Basis | None) -> None:
        stored = tx.facts.get(self._fact)
        text = to_text(basis) if basis else None
        if text is not None and text != stored:
            tx.facts.set(self._fact, text, stored)

    def _run(self, work: Callable[[Transaction], T]) -> T:
        return self._storage.run(work, fence=self._tenure.fence)

    def _count(self, steps: Iterable[Step]) -> None:
        with self._counting:
            counts = self._counts.copy()
            for old, new in steps:
                if old is not None:
                    counts[old.state] -= 1
                counts[new.state] += 1
            self._counts = counts


def _note(tx: Transaction, old: LedgerEntry | None, new: LedgerEntry) -> None:
    """Put the end of an activation into the audit trail."""
    if new.state.final and (
        old is None or (old.generation, old.state) != (new.generation, new.state)
    ):
        actor = "" if new.manual else f"policy:{new.desired.policy}"
        tx.audit.add(audit_record(tx, new, str(new.state), actor))


def audit_record(
    tx: Transaction,
    entry: LedgerEntry,
    outcome: str,
    actor: str,
    request_id: str = "",
    verb: str = "datasource:execute",
) -> AuditRecord:
    """What the audit trail tells of an entry."""
    desired = entry.desired
    return AuditRecord(
        at=entry.updated_at,
        actor=actor,
        verb=verb,
        target=f"{desired.datasource}:{desired.action}",
        outcome=outcome,
        request_id=request_id,
        revision=tx.changes.revision(),
        details={"action_id": action_id(entry.key, entry.generation), "rule": desired.rule},
    )


def _risen(
    old: LedgerEntry | None, desired: DesiredAction, at: float, enabled: bool
) -> LedgerEntry | None:
    """The entry after a rise. One that is still to run stands for the new one too."""
    if old is not None and old.active:
        return None
    if old is not None and not old.state.final:
        return dataclasses.replace(old, active=True, updated_at=at)
    return LedgerEntry(
        key=desired.key,
        desired=desired,
        generation=old.generation + 1 if old else 1,
        active=True,
        state=ActionState.NEW if enabled else ActionState.SUPPRESSED,
        message="" if enabled else SWITCHED_OFF,
        created_at=at,
        updated_at=at,
    )


def _fallen(old: LedgerEntry | None, at: float) -> LedgerEntry | None:
    """The entry after a fall."""
    if old is None or not old.active:
        return None
    return dataclasses.replace(old, active=False, updated_at=at)


def _taken_over(entry: LedgerEntry, now: float) -> LedgerEntry:
    """What becomes of a claim whose owner is gone."""
    if entry.promise is Promise.AT_LEAST_ONCE:
        return dataclasses.replace(entry, state=ActionState.NEW, updated_at=now)
    return dataclasses.replace(entry, state=ActionState.IN_DOUBT, message=DOUBTFUL, updated_at=now)


def _reached(basis: Basis | None, edges: Iterable[Edge]) -> Basis | None:
    """What a ledger follows from after some edges."""
    for edge in edges:
        if edge.basis is not None:
            basis = joined(basis or {}, edge.basis)
    return basis


def bounded(result: object) -> object:
    """A result as it may be stored: a JSON value of limited size."""
    try:
        text = msgspec.json.encode(result)
    except (TypeError, ValueError, RecursionError):
        return str(result)[:RESULT_SIZE]
    if len(text) > RESULT_SIZE:
        return text[:RESULT_SIZE].decode(errors="replace")
    return msgspec.json.decode(text)
