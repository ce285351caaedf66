"""Aggregates of a group that gains and loses values.

May import ``congress.engine.run.aggregate`` and ``congress.model`` only. Null
takes no part in any aggregate and is never added here.

Invariant: the result depends on the values that are left alone, not on what came
and went: sums are kept as exact fractions and rounded once.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol, TypeAlias

from congress.engine.run.aggregate import Unsuitable, in_range, mean
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
        self._size = 0
        self._unsuitable = 0

    def add(self, value: Value, number: int) -> None:
        """So many times more, or less, of a value."""
        self._size += number
        if isinstance(value, int):
            self._whole += value * number
        elif isinstance(value, float):
            self._rest += Fraction(value) * number
        else:
            self._unsuitable += number

    def result(self) -> Value:
        """The sum; none of no numbers."""
        return in_range(self._total()) if self._size else None

    def _total(self) -> Fraction:
        if self._unsuitable:
            raise Unsuitable("the values are not all numbers")
        return self._rest + self._whole


class Average(Sum):
    """The mean of numbers."""

    def result(self) -> Value:
        """The mean; none of no numbers."""
        return mean(self._total(), self._size) if self._size else None


class Extreme:
    """The first of numbers, or of strings, in an order.

    Values are put in order once the first of them has gone, and kept so from then on.
    """

    def __init__(self, place: int) -> None:
        """With the place of the first among all values in order: 0, or -1 for the largest."""
        self._place = place
        self._choose: Callable[..., Value] = max if place else min
        self._values: dict[Value, int] = {}
        self._strings = 0
        self._others = 0
        self._best: Value = None
        self._ordered: list[Value] | None = None

    def add(self, value: Value, number: int) -> None:
        """So many times more, or less, of a value."""
        before = len(self._values)
        _shift(self._values, value, number)
        step = len(self._values) - before
        if not step:
            return
        if isinstance(value, str):
            self._strings += step
        elif isinstance(value, Boolean):
            self._others += step
        if not self._comparable():
            self._best = self._ordered = None
        elif step > 0:
            self._gain(value)
        else:
            self._lose(value)

    def _comparable(self) -> bool:
        return not self._others and self._strings in (0, len(self._values))

    def _gain(self, value: Value) -> None:
        if self._ordered is not None:
            insort(self._ordered, value)  # type: ignore[type-var]
        elif self._best is not None:
            self._best = self._choose(self._best, value)

    def _lose(self, value: Value) -> None:
        if self._ordered is not None:
            del self._ordered[bisect_left(self._ordered, value)]  # type: ignore[type-var]
        elif value == self._best:
            self._best = None
            self._ordered = sorted(self._values)  # type: ignore[type-var]

    def result(self) -> Value:
        """The first of the values; none of no values."""
        if not self._values:
            return None
        if not self._comparable():
            raise Unsuitable("the values are not all numbers, nor all strings")
        if self._ordered is not None:
            return self._ordered[self._place]
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
    "min": lambda: Extreme(0),
    "max": lambda: Extreme(-1),
    "avg": Average,
}
