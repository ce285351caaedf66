"""What one transaction or query may cost.

May import ``congress.model`` only. The engine has no clock: whoever calls it
passes a hook that tells when time is over.

Invariant: work that goes on for long asks ``spend`` often enough for the hook
to be heard within some thousand steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from congress.model.diagnostic import Diagnostic, Refused
from congress.model.values import Value

Deadline: TypeAlias = Callable[[], bool]

_STEPS_BETWEEN_LOOKS = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one transaction.

    :param derived_rows: rows that rules may derive.
    :param string_length: characters of a computed string.
    :param integer_bits: bits of a computed integer.
    :param steps: partial matches that joins may try.
    :param seconds: what the caller should build its deadline hook from.
    """

    derived_rows: int = 2_000_000
    string_length: int = 1_000_000
    integer_bits: int = 4096
    steps: int = 50_000_000
    seconds: float = 30.0


class OverBudget(Refused):
    """A limit was reached. ``rule`` says which rule was being evaluated."""

    def __init__(self, message: str, hint: str, rule: tuple[str, str] | None = None) -> None:
        where = f"{rule[0]}: {rule[1]}" if rule else ""
        super().__init__(Diagnostic("budget", message, hint=hint, where=where))
        self.rule = rule


class Budget:
    """Counts what is spent. One object per transaction, query or simulation."""

    def __init__(self, limits: Limits, deadline: Deadline | None = None) -> None:
        self.limits = limits
        self.rule: tuple[str, str] | None = None
        self._deadline = deadline
        self._rows = 0
        self._steps = 0
        self._pending = 0

    def derive(self) -> None:
        """One more row was derived."""
        self._rows += 1
        if self._rows > self.limits.derived_rows:
            hint = "make the rule more specific, or raise the limit on derived rows"
            self.exceed(f"more than {self.limits.derived_rows} rows were derived", hint)

    def spend(self, steps: int = 1) -> None:
        """Some more steps of a join were made."""
        self._pending += steps
        if self._pending < _STEPS_BETWEEN_LOOKS:
            return
        self._steps += self._pending
        self._pending = 0
        if self._steps > self.limits.steps:
            hint = "join on shared variables, or compare earlier"
            self.exceed(f"more than {self.limits.steps} combinations of rows were tried", hint)
        if self._deadline is not None and self._deadline():
            self.exceed("the time for evaluation is over", "make the rule more specific")

    def check(self, value: Value) -> None:
        """A builtin computed this value."""
        if isinstance(value, str):
            if len(value) > self.limits.string_length:
                message = f"a string grew beyond {self.limits.string_length} characters"
                self.exceed(message, "bound what the rule concatenates")
        elif isinstance(value, int) and value.bit_length() > self.limits.integer_bits:
            message = f"an integer grew beyond {self.limits.integer_bits} bits"
            self.exceed(message, "bound what the rule multiplies")

    def exceed(self, message: str, hint: str) -> None:
        """Give up.

        :raises OverBudget: always.
        """
        raise OverBudget(message, hint, self.rule)
