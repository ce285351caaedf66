"""What one transaction or query may cost.

May import ``congress.model`` only. The engine has no clock: whoever calls it
passes a hook that tells when time is over.

Invariant: work that goes on for long asks ``spend`` often enough for the hook
to be heard within some thousand steps.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Never, TypeAlias

from congress.model.diagnostic import Diagnostic, Refused
from congress.model.values import Value

Deadline: TypeAlias = Callable[[], bool]
RuleName: TypeAlias = tuple[str, str]

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
    """A limit was reached.

    ``rule`` is the one to blame; ``timed`` says that it was the clock's limit.
    """

    def __init__(
        self, message: str, hint: str, rule: RuleName | None = None, *, timed: bool = False
    ) -> None:
        where = f"{rule[0]}: {rule[1]}" if rule else ""
        super().__init__(Diagnostic("budget", message, hint=hint, where=where))
        self.rule = rule
        self.timed = timed


class Budget:
    """Counts what is spent. One object per attempt at a transaction, query or simulation."""

    def __init__(self, limits: Limits, deadline: Deadline | None = None) -> None:
        self.limits = limits
        self._deadline = deadline
        self._rule: RuleName | None = None
        self._costs: Counter[RuleName | None] = Counter()
        self._rows = 0
        self._steps = 0
        self._pending = 0

    def begin(self, rule: RuleName) -> None:
        """What is spent from now on is spent by a rule."""
        self._charge()
        self._rule = rule

    def derive(self) -> None:
        """One more row was derived."""
        self._rows += 1
        if self._rows > self.limits.derived_rows:
            hint = "make the rule more specific, or raise the limit on derived rows"
            message = f"more than {self.limits.derived_rows} rows were derived"
            raise OverBudget(message, hint, self._dearest())

    def spend(self) -> None:
        """One more step of a join was made."""
        self._pending += 1
        if self._pending < _STEPS_BETWEEN_LOOKS:
            return
        self._charge()
        if self._steps > self.limits.steps:
            hint = "join on shared variables, or compare earlier"
            message = f"more than {self.limits.steps} combinations of rows were tried"
            raise OverBudget(message, hint, self._dearest())
        if self._deadline is not None and self._deadline():
            message = "the time for evaluation is over"
            hint = "make the rule more specific"
            raise OverBudget(message, hint, self._dearest(), timed=True)

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
        raise OverBudget(message, "bound the values that the rule makes", self._rule)

    def _charge(self) -> None:
        self._costs[self._rule] += self._pending
        self._steps += self._pending
        self._pending = 0

    def _dearest(self) -> RuleName | None:
        """The rule that has spent most, whichever happens to be at work."""
        self._charge()
        return max(self._costs, key=self._costs.__getitem__)
