"""What a person may decide about an activation in the ledger.

Imports the interfaces and the model only. Any thread.

Invariant: a decision is about what is stored, and made in one transaction with its
audit record. So none undoes a claim, and of two people who decide one is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionState
from congress.model.diagnostic import refuse
from congress.roles.datasource.ledger import PENDING, Ledger


@dataclass(frozen=True, slots=True)
class Decision:
    """The states it applies to, and the one it leads to."""

    states: Sequence[ActionState]
    state: ActionState


#: By the names the API gives them.
DECISIONS: Mapping[str, Decision] = {
    "mark-done": Decision((ActionState.IN_DOUBT,), ActionState.DONE),
    "retry": Decision((ActionState.IN_DOUBT, ActionState.FAILED), ActionState.NEW),
    "cancel": Decision(PENDING, ActionState.SUPPRESSED),
}


def decide(
    ledger: Ledger, key: str, generation: int, name: str, *, actor: str, request_id: str
) -> LedgerEntry:
    """Carry out a decision about the n-th rise of a key; the entry as it is then.

    :raises Refused: there is no such decision or activation, or it does not apply.
    :raises StorageError: nothing was changed.
    """
    decision = DECISIONS.get(name)
    if decision is None:
        raise refuse("invalid", f"there is no decision {name!r}", where="decision")
    hint = "congress ledger list shows how things stand"
    stored = ledger.get(key)
    if stored is None or stored.generation != generation:
        raise refuse("not-found", "the ledger has another activation by now", hint=hint)
    decided = ledger.decide(
        stored,
        decision.states,
        decision.state,
        decision=name,
        actor=actor,
        request_id=request_id,
    )
    if decided is None:
        fitting = " or ".join(decision.states)
        text = f"{name} is for an action that is {fitting}; this one is {stored.state}"
        raise refuse("conflict", text, hint=hint)
    return decided
