"""What a transaction spends, as compiled rules report it.

May import ``congress.engine`` below it and ``congress.model`` only. Compiled
rules report by the thousand, which is why this is not ``Budget``; the limits,
and what is said when one is reached, are the same.

Invariant: a meter belongs to one engine for good, so that compiled rules may
hold on to it, and starts anew with every attempt.
"""

from collections import Counter
from typing import Never

from congress.engine.run.budget import Deadline, Limits, OverBudget, RuleName
from congress.model.values import Value


class Meter:
    """Counts what is spent. ``rule`` is the one that is being worked off."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.rule: RuleName | None = None
        self.failures: Counter[str] = Counter()
        self._costs: Counter[RuleName | None] = Counter()
        self.start(None)

    def start(self, deadline: Deadline | None) -> None:
        """Begin a new attempt."""
        self.failures.clear()
        self.rule = None
        self._deadline = deadline
        self._costs.clear()
        self._steps = 0
        self._rows = 0

    def __call__(self, steps: int, rows: int) -> int:
        """Some more rows were looked at, and so many rows are found by now.

        :returns: 0, the steps not yet reported.
        """
        limits = self.limits
        self._costs[self.rule] += steps
        self._steps += steps
        if self._steps > limits.steps:
            hint = "join on shared variables, or compare earlier"
            message = f"more than {limits.steps} combinations of rows were tried"
            raise OverBudget(message, hint, self._dearest())
        if rows > limits.derived_rows:
            self._too_many()
        if self._deadline is not None and self._deadline():
            message = "the time for evaluation is over"
            hint = "make the rule more specific"
            raise OverBudget(message, hint, self._dearest(), timed=True)
        return 0

    def spend(self) -> None:
        """One more step was made."""
        self(1, 0)

    def derive(self, rows: int) -> None:
        """So many rows more were derived."""
        self._rows += rows
        if self._rows > self.limits.derived_rows:
            self._too_many()

    def check(self, value: Value) -> None:
        """A builtin computed this value."""
        if isinstance(value, str):
            if len(value) > self.limits.string_length:
                self.oversize(f"a string grew beyond {self.limits.string_length} characters")
        elif isinstance(value, int) and value.bit_length() > self.limits.integer_bits:
            self.oversize(f"an integer grew beyond {self.limits.integer_bits} bits")

    def oversize(self, message: str) -> Never:
        """Give up because the rule that is being worked off made too large a value.

        :raises OverBudget: always.
        """
        raise OverBudget(message, "bound the values that the rule makes", self.rule)

    def _too_many(self) -> Never:
        hint = "make the rule more specific, or raise the limit on derived rows"
        message = f"more than {self.limits.derived_rows} rows were derived"
        raise OverBudget(message, hint, self._dearest())

    def _dearest(self) -> RuleName | None:
        """The rule that has spent most, whichever happens to be at work."""
        if not self._costs:
            return self.rule
        return max(self._costs, key=self._costs.__getitem__)
