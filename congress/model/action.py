"""Actions: what drivers offer, what policy asks for, and what came of it.

May import the standard library and ``congress.model`` only.

Invariant: an action's key depends on its policy, rule, datasource, name and
arguments by value, so every policy engine computes the same key, and its
``action_id`` on the key and the generation, so a repeated call can be told.
"""

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from congress.model.values import Plain, Row, canonical


class Promise(enum.StrEnum):
    """What is promised when a node dies between claiming a call and its result."""

    AT_MOST_ONCE = "at_most_once"
    AT_LEAST_ONCE = "at_least_once"


class ActionState(enum.StrEnum):
    """Where one activation of an action stands in the ledger."""

    NEW = "new"
    HELD = "held"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    SUPPRESSED = "suppressed"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the activation by itself."""
        return self in (
            ActionState.DONE,
            ActionState.FAILED,
            ActionState.IN_DOUBT,
            ActionState.SUPPRESSED,
        )


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """An action a driver offers.

    ``parameters`` is the JSON Schema of the named arguments, an object schema
    whose ``properties`` stand in positional order. ``variadic`` names a property
    of array type that takes all further positional arguments.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    idempotent: bool = False
    promise: Promise = Promise.AT_MOST_ONCE
    variadic: str | None = None


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One invocation. ``idempotency_key`` is the same for every repetition."""

    name: str
    positional: tuple[Plain, ...] = ()
    named: Mapping[str, object] = field(default_factory=dict)
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What a driver reports of a call that ran: a JSON value and a short text."""

    value: object = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class DesiredAction:
    """An action that should be in force, as a policy engine publishes it."""

    policy: str
    rule: str
    datasource: str
    action: str
    arguments: Row

    @property
    def key(self) -> str:
        """The identity of the action, equal on every policy engine."""
        parts = [self.policy, self.rule, self.datasource, self.action, canonical(self.arguments)]
        text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def action_id(key: str, generation: int) -> str:
    """The identity of one activation: the key's n-th rise."""
    return hashlib.sha256(f"{key}:{generation}".encode()).hexdigest()[:32]
