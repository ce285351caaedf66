"""How a write of policy is made: tried, stored under the next revision, then in force.

Imports the interfaces and the model. Runs on the store loop.

Invariants: a write is either stored whole, as one revision with its audit record,
or not at all, even where storage cannot tell which; the engine sees nothing of it
before it is stored. Two nodes cannot both go on from one revision: the later one reads
what the other did, validates again and repeats.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from congress.interfaces.role import Bus
from congress.interfaces.runtime import Clock
from congress.interfaces.storage import (
    AuditRecord,
    ChangeRecord,
    Conflict,
    Duplicate,
    StorageBackend,
    StorageError,
    Transaction,
)
from congress.model.diagnostic import Refused, refuse
from congress.roles.policy.book import Book
from congress.roles.policy.news import Revision
from congress.roles.policy.requests import NewRule, Origin
from congress.roles.policy.synchronizer import TOPIC, Synchronizer
from congress.roles.policy.trial import Trial

LOG = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """One write, made for one revision.

    :param records: the change as others apply it.
    :param store: puts it into the stores.
    :param rules: new rules by id, to be tried in the engine.
    :param allow_parked: accept rules that wait for the schema of a source.
    :param details: for the audit trail.
    """

    verb: str
    target: str
    records: Sequence[ChangeRecord]
    store: Callable[[Transaction], None]
    rules: Mapping[str, NewRule] = field(default_factory=dict)
    allow_parked: bool = False
    details: Mapping[str, object] = field(default_factory=dict)


class Writer(Protocol):
    """Whoever carries out plans, or only tells what they would do."""

    def write(self, make: Callable[[Book], tuple[Plan | None, T]], origin: Origin) -> T:
        """Make a plan for a book, and give the answer that comes with it."""


class PolicyWriter:
    """Carries out plans, on the store loop."""

    def __init__(
        self,
        storage: StorageBackend,
        bus: Bus,
        synchronizer: Synchronizer,
        trial: Trial,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._bus = bus
        self._synchronizer = synchronizer
        self._trial = trial
        self._clock = clock

    def write(self, make: Callable[[Book], tuple[Plan | None, T]], origin: Origin) -> T:
        """Make a plan for the latest revision and carry it out; again if it collides.

        :param make: gives the plan and the answer; no plan if there is nothing to do.
        :raises Refused: what ``make`` or the engine refuses; ``conflict`` if others
            kept changing policy meanwhile.
        :raises StorageError: storage is away; if the write was stored nevertheless, it takes
            effect when storage is back.
        """
        for _ in range(ATTEMPTS):
            book = self._synchronizer.catch_up()
            plan, answer = make(book)
            if plan is None:
                return answer
            self._trial.check(book, plan.records, plan.rules, allow_parked=plan.allow_parked)
            try:
                revision = self._store(book.revision, plan, origin)
            except Conflict:
                continue
            except StorageError:
                # The answer may have been lost after the write was stored.
                self._synchronizer.doubt()
                raise
            self._enforce(Revision(revision, plan.records))
            return answer
        raise refuse(
            "conflict",
            "policy was changed by others again and again",
            hint="repeat the request",
        )

    def _store(self, known: int, plan: Plan, origin: Origin) -> int:
        try:
            with self._storage.transaction(write=True) as tx:
                revision = tx.changes.advance(known, plan.records)
                plan.store(tx)
                tx.audit.add(
                    AuditRecord(
                        at=self._clock.time(),
                        actor=origin.actor,
                        verb=plan.verb,
                        target=plan.target,
                        outcome="ok",
                        request_id=origin.request_id,
                        revision=revision,
                        details=plan.details,
                    )
                )
            return revision
        except Duplicate as duplicate:
            raise _refusal(duplicate) from duplicate

    def _enforce(self, revision: Revision) -> None:
        """Put in force what is stored; if that fails here, following the log repeats it."""
        try:
            self._synchronizer.apply(revision)
        except TimeoutError:
            LOG.warning("revision %d is stored; the engine is still busy", revision.number)
        self._bus.notify(TOPIC, {"revision": revision.number})


def _refusal(duplicate: Duplicate) -> Refused:
    code = "duplicate-rule" if duplicate.kind == "rule" else "duplicate-policy"
    return refuse(code, str(duplicate))
