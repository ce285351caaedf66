"""What a person may decide about actions of a data source that is deleted.

Imports the interfaces and the model only. Any thread, on any node with this role: nobody
owns such a data source, so nobody works on its actions.

Invariant: the data source is not stored while the decision is, and the audit record is
made in the same transaction.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from congress.interfaces.runtime import Clock
from congress.interfaces.storage import LedgerEntry, StorageBackend, Transaction
from congress.model.action import ActionState
from congress.model.diagnostic import refuse
from congress.roles.datasource.decisions import Decision
from congress.roles.datasource.ledger import audit_record

_OPEN = (ActionState.NEW, ActionState.HELD, ActionState.CLAIMED, ActionState.IN_DOUBT)
_TRIED = (ActionState.CLAIMED, ActionState.IN_DOUBT)

#: As ``decisions.DECISIONS``, but nothing is executed any more.
DECISIONS: Mapping[str, Decision] = {
    "mark-done": Decision(_TRIED, ActionState.DONE),
    "cancel": Decision(_OPEN, ActionState.SUPPRESSED),
}


class Orphans:
    """The ledger entries that deleted data sources left."""

    def __init__(self, storage: StorageBackend, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def decide(
        self, key: str, generation: int, name: str, *, actor: str, request_id: str
    ) -> LedgerEntry:
        """Carry out a decision about the n-th rise of a key; the entry as it is then.

        :raises Refused: it does not apply, or the data source exists.
        :raises StorageError: nothing was changed.
        """

        def work(tx: Transaction) -> LedgerEntry:
            old = tx.ledger.get(key)
            if old is None or old.generation != generation:
                raise refuse("not-found", "the ledger has another activation by now")
            self._check(tx, old, name)
            changes: dict[str, Any] = {
                "state": DECISIONS[name].state,
                "message": f"{name} by {actor}",
                "updated_at": self._clock.time(),
            }
            new = dataclasses.replace(old, **changes)
            tx.ledger.put(new, old)
            verb = f"ledger:{name}"
            tx.audit.add(audit_record(tx, new, str(new.state), actor, request_id, verb))
            return new

        return self._storage.run(work)

    def _check(self, tx: Transaction, entry: LedgerEntry, name: str) -> None:
        source = entry.desired.datasource
        if tx.datasources.get(source) is not None:
            message = f"data source {source!r} exists again"
            raise refuse("conflict", message, hint="repeat the request")
        decision = DECISIONS.get(name)
        if decision is None:
            raise refuse(
                "conflict",
                f"{name} is not possible: data source {source!r} is deleted",
                hint="mark the action as done or cancel it; or create a data source of that "
                "name first",
            )
        if entry.state not in decision.states:
            fitting = " or ".join(decision.states)
            message = f"{name} is for an action that is {fitting}; this one is {entry.state}"
            raise refuse("conflict", message)
