"""The aggregates of rule heads.

May import the tokens and ``congress.model`` only.

Invariant: a result does not depend on the order of the values: sums are exact and
rounded once. Null takes no part in any aggregate.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import TypeAlias

from congress.engine.lang.tokens import INTEGER_BITS
from congress.model.values import Value

Counts: TypeAlias = Mapping[Value, int]
Function: TypeAlias = Callable[[Counts], Value]


class Unsuitable(ValueError):  # noqa: N818 - no fault: the group is merely not derived
    """The values of a group do not suit the aggregate."""


def aggregate(name: str, values: Iterable[Value] | Counts) -> Value:
    """The aggregate of a group's values, one per joined row.

    :param values: all of them, or how often each is there.
    :raises Unsuitable: if the values cannot be aggregated this way.
    """
    counts = Counter(values)
    counts.pop(None, None)
    try:
        return AGGREGATES[name](counts)
    except OverflowError as error:
        raise Unsuitable(str(error)) from error


def in_range(total: Fraction) -> int | float:
    """An exact sum as a value of the language.

    :raises Unsuitable: if it is larger than integers may be.
    :raises OverflowError: if it is too large a float.
    """
    if total.denominator != 1:
        return float(total)
    if total.numerator.bit_length() > INTEGER_BITS:
        raise Unsuitable(f"the sum has more than {INTEGER_BITS} bits")
    return total.numerator


def mean(total: Fraction, size: int) -> float:
    """An exact sum shared among so many.

    :raises OverflowError: if it is too large a float.
    """
    return float(total / size)


def _count(counts: Counts) -> Value:
    return len(counts)


def _sum(counts: Counts) -> Value:
    return in_range(_total(counts)) if counts else None


def _average(counts: Counts) -> Value:
    return mean(_total(counts), sum(counts.values())) if counts else None


def _smallest(counts: Counts) -> Value:
    return _ordered(counts, min)


def _largest(counts: Counts) -> Value:
    return _ordered(counts, max)


def _ordered(counts: Counts, choose: Callable[[Iterable[float]], float]) -> Value:
    if not counts:
        return None
    strings = [value for value in counts if isinstance(value, str)]
    if len(strings) == len(counts):
        return min(strings) if choose is min else max(strings)
    return choose(_numbers(counts))


def _total(counts: Counts) -> Fraction:
    """The exact sum."""
    return sum((Fraction(value) * counts[value] for value in _numbers(counts)), Fraction(0))


def _numbers(counts: Counts) -> list[int | float]:
    numbers = [value for value in counts if isinstance(value, int | float)]
    if len(numbers) != len(counts):
        raise Unsuitable("the values are not all numbers, nor all strings")
    return numbers


AGGREGATES: Mapping[str, Function] = {
    "count": _count,
    "sum": _sum,
    "min": _smallest,
    "max": _largest,
    "avg": _average,
}
