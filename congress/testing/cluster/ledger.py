"""Watches the ledger and the receiver while a simulation runs.

May import ``congress.interfaces``, ``congress.model`` and the world.

What it objects to at once: two nodes that claim one activation that was promised
to run at most once; a step of an entry that cannot be; a call without a claim, or
by another node than the one that claimed; the effect of an at-most-once action
twice; an action for which there was never a reason.
"""

from dataclasses import dataclass, field

from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionState, DesiredAction, Promise, action_id
from congress.testing.cluster.process import Process
from congress.testing.cluster.world import Received, World


@dataclass(slots=True)
class Activation:
    """One rise of an action, as the ledger tells it."""

    desired: DesiredAction
    generation: int
    state: ActionState
    promise: Promise
    claims: list[str] = field(default_factory=list)


class LedgerWatch:
    """Keeps every activation there ever was, by its id."""

    def __init__(self, world: World) -> None:
        self.activations: dict[str, Activation] = {}
        self._world = world
        self._known: dict[str, LedgerEntry] = {}
        self._seen: object = None
        world.on_commit.append(self._committed)
        world.on_call.append(self._called)

    def entries(self) -> list[LedgerEntry]:
        """The ledger as it stands."""
        return list(self._known.values())

    def _committed(self, process: Process) -> None:
        ledger = self._world.storage.contents.ledger
        if ledger is self._seen:
            return
        self._seen = ledger
        for (_, key), entry in ledger.items():
            old = self._known.get(key)
            if entry is not old:
                self._known[key] = entry
                self._step(process, old, entry)

    def _step(self, process: Process, old: LedgerEntry | None, new: LedgerEntry) -> None:
        desired = new.desired
        process.note(
            "ledger",
            f"{desired.action}{desired.arguments} #{new.generation} {new.state} {new.active}",
        )
        id_ = action_id(new.key, new.generation)
        activation = self.activations.get(id_)
        if activation is None:
            activation = Activation(desired, new.generation, new.state, new.promise)
            self.activations[id_] = activation
        if problem := _problem(old, new):
            self._world.object(f"{process.instance} wrote {_shown(new)}: {problem}")
        if new.state is ActionState.CLAIMED and (old is None or old.state is not new.state):
            others = set(activation.claims) - {process.instance}
            if others and new.promise is Promise.AT_MOST_ONCE:
                self._world.object(f"{process.instance} claimed {_shown(new)} after {others}")
            activation.claims.append(process.instance)
        activation.state, activation.promise = new.state, new.promise

    def _called(self, process: Process, received: Received) -> None:
        activation = self.activations.get(received.key)
        call = f"{received.action}{received.arguments}"
        if activation is None:
            self._world.object(f"{process.instance} called {call} without an entry")
            return
        if process.instance not in activation.claims:
            self._world.object(f"{process.instance} called {call} claimed by {activation.claims}")
        if activation.promise is Promise.AT_MOST_ONCE and self._world.effects(received.key):
            self._world.object(f"{process.instance} called {call} a second time")
        self._check_reason(process, received)

    def _check_reason(self, process: Process, received: Received) -> None:
        """Hold a call against all that was ever true."""
        row = (str(received.arguments[0]),)
        one, two = self._world.services["s0"], self._world.services["s1"]
        there = one.read and row in one.tables["t"].rises
        reasons = {
            "once": there,
            "again": there,
            "guarded": there and two.read and row in two.tables["u"].ever_absent,
            "extra": there and two.read and row in two.tables["u"].rises,
        }
        if not reasons[received.action]:
            self._world.object(
                f"{process.instance} called {received.action}{row} without any reason"
            )


def _problem(old: LedgerEntry | None, new: LedgerEntry) -> str:
    """Why a step of an entry cannot be, if so."""
    if old is None:
        return "" if new.generation == 1 else "the first generation is not 1"
    if new.generation == old.generation:
        if old.state.final and new.state is not old.state:
            return f"it was {old.state} already"
        return ""
    if new.generation != old.generation + 1:
        return f"the generation before was {old.generation}"
    return "" if old.state.final else f"the generation before is {old.state}"


def _shown(entry: LedgerEntry) -> str:
    desired = entry.desired
    return f"{desired.action}{desired.arguments} #{entry.generation} {entry.state}"
