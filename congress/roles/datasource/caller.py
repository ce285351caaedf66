"""Calls of a driver's actions.

Imports the interfaces and the model only. Jobs of the action loop, but for the
specifications, which are kept where anybody may read them.

Invariant: only declared actions are called, with arguments that fit what was
declared, and with the same idempotency key whenever a call is repeated.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from congress.interfaces.datasource import Acts
from congress.interfaces.runtime import Clock
from congress.interfaces.storage import LedgerEntry
from congress.model.action import (
    ActionCall,
    ActionSpec,
    ActionState,
    Promise,
    action_id,
)
from congress.model.diagnostic import Refused, refuse
from congress.model.values import Plain, row_to_plain
from congress.roles.datasource.arguments import bind
from congress.roles.datasource.ledger import Outcome
from congress.roles.datasource.settings import Settings


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that may be made, and the promise under which."""

    call: ActionCall
    promise: Promise


@dataclass(frozen=True, slots=True)
class Returned:
    """What came of a call; ``again`` tells that repeating it may help."""

    outcome: Outcome
    again: bool = False


class Caller:
    """One datasource's driver, as the executor sees it."""

    def __init__(
        self, name: str, settings: Settings, clock: Clock, explain: Callable[[Exception], str]
    ) -> None:
        self._name = name
        self._settings = settings
        self._clock = clock
        self._explain = explain
        self._driver: object = None
        self._specs: Mapping[str, ActionSpec] = {}

    def use(self, driver: object) -> None:
        """The driver is open; ``None``: there is none any more. Any thread."""
        self._driver = driver

    def declare(self, specs: Sequence[ActionSpec]) -> None:
        """What can be called now. Any thread."""
        self._specs = {spec.name: spec for spec in specs}

    def ready(self) -> bool:
        """Whether there is a driver to call."""
        return self._driver is not None

    def specs(self) -> list[ActionSpec]:
        """What can be called now, by name. Any thread."""
        return [self._specs[name] for name in sorted(self._specs)]

    def spec(self, action: str) -> ActionSpec:
        """A declared action. Any thread.

        :raises Refused: if it is not declared.
        """
        spec = self._specs.get(action)
        if spec is not None:
            return spec
        if not self._specs:
            raise refuse("unsupported", f"datasource {self._name!r} has no actions")
        raise refuse(
            "invalid",
            f"datasource {self._name!r} has no action {action!r}",
            hint=f"its actions are: {', '.join(sorted(self._specs))}",
            where="name",
        )

    def prepare(self, entry: LedgerEntry) -> Prepared:
        """The call that an activation stands for.

        :raises Refused: if it cannot be made.
        """
        spec = self.spec(entry.desired.action)
        key = action_id(entry.key, entry.generation)
        arguments = row_to_plain(entry.desired.arguments)
        if entry.manual:
            given = json.loads(str(arguments[0]))
            positional, named = given["positional"], given["named"]
        else:
            positional, named = arguments, {}
        bound = bind(spec, positional, named)
        call = ActionCall(spec.name, cast(tuple[Plain, ...], tuple(positional)), bound, key)
        repeats = self.repeats(entry)
        return Prepared(call, Promise.AT_LEAST_ONCE if repeats else Promise.AT_MOST_ONCE)

    def repeats(self, entry: LedgerEntry) -> bool:
        """Whether an activation is promised to run at least once. Manual ones never are."""
        if entry.manual:
            return False
        spec = self._specs.get(entry.desired.action)
        declared = spec is not None and spec.promise is Promise.AT_LEAST_ONCE
        return declared or self._settings.repeats_all

    def run(self, call: ActionCall) -> Returned:
        """Call the driver and wait."""
        driver = self._driver
        if not isinstance(driver, Acts):
            message = f"datasource {self._name!r} has no actions"
            return Returned(Outcome(ActionState.FAILED, message=message))
        deadline = self._clock.monotonic() + self._settings.action_timeout
        try:
            result = driver.execute(call, deadline)
        except Refused as refused:
            return Returned(Outcome(ActionState.FAILED, message=self._explain(refused)))
        except Exception as error:
            return Returned(Outcome(ActionState.FAILED, message=self._explain(error)), again=True)
        return Returned(Outcome(ActionState.DONE, result.value, result.message))
