"""Aggregates of a group that gains and loses values.

May import ``congress.engine.run.aggregate`` and ``congress.model`` only. Null
takes no part in any aggregate and is never added here.

Invariant: the result depends on the values that are left alone, not on what came
and went: sums are kept as exact fractions and rounded once.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol, TypeAlias

from congress.engine.run.aggregate import Unsuitable
from congress.model.values import Boolean, Value


class Tally(Protocol):
    """One aggregate of one group."""

    def add(self, value: Value, number: int) -> None:
        """So many times more, or less, of a value."""

    def result(self) -> Value:
        """The aggregate.

        :raises Unsuitable: if the values cannot be aggregated this way.
        :raises OverflowError: if it is too large a float.
        """


class Count:
    """How many different values there are."""

    def __init__(self) -> None:
        self._values: dict[Value, int] = {}

    def add(self, value: Value, number: int) -> None:
        """So many times more, or less, of a value."""
        _shift(self._values, value, number)

    def result(self) -> Value:
        """The number of values."""
        return len(self._values)


class Sum:
    """The sum of numbers."""

    def __init__(self) -> None:
        self._whole = 0
        self._rest = Fraction(0)
        self._floats = 0
        self._size = 0
        self._unsuitable = 0

    def add(self, value: Value, number: int) -> None:
        """So many times more, or less, of a value."""
        self._size += number
        if isinstance(value, float):
            self._rest += Fraction(value) * number
            self._floats += number
        elif isinstance(value, int):
            self._whole += value * number
        else:
            self._unsuitable += number

    def result(self) -> Value:
        """The sum; none of no numbers."""
        return self._total() if self._size else None

    def _total(self) -> int | float:
        if self._unsuitable:
            raise Unsuitable("the values are not all numbers")
        if not self._floats and not self._rest:
            return self._whole
        return float(self._rest + self._whole)


class Average(Sum):
    """The mean of numbers."""

    def result(self) -> Value:
        """The mean; none of no numbers."""
        return self._total() / self._size if self._size else None


class Extreme:
    """The first of numbers, or of strings, in an order."""

    def __init__(self, choose: Callable[..., Value]) -> None:
        self._choose = choose
        self._values: dict[Value, int] = {}
        self._strings = 0
        self._others = 0
        self._best: Value = None

    def add(self, value: Value, number: int) -> None:
        """So many times more, or less, of a value."""
        before = len(self._values)
        _shift(self._values, value, number)
        step = len(self._values) - before
        if isinstance(value, str):
            self._strings += step
        elif isinstance(value, Boolean):
            self._others += step
        if step < 0 and value == self._best:
            self._best = None
        elif (
            step > 0
            and self._best is not None
            and isinstance(value, str) == isinstance(self._best, str)
        ):
            self._best = None if isinstance(value, Boolean) else self._choose(self._best, value)

    def result(self) -> Value:
        """The first of the values; none of no values."""
        if not self._values:
            return None
        if self._others or 0 < self._strings < len(self._values):
            raise Unsuitable("the values are not all numbers, nor all strings")
        if self._best is None:
            self._best = self._choose(self._values)
        return self._best


def _shift(values: dict[Value, int], value: Value, number: int) -> None:
    left = values.get(value, 0) + number
    if left:
        values[value] = left
    else:
        values.pop(value, None)


Maker: TypeAlias = Callable[[], Tally]

TALLIES: Mapping[str, Maker] = {
    "count": Count,
    "sum": Sum,
    "min": lambda: Extreme(min),
    "max": lambda: Extreme(max),
    "avg": Average,
}
