"""The aggregates of rule heads.

May import ``congress.model`` only.

Invariant: a result does not depend on the order of the values, and null takes
no part in any aggregate.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from congress.model.values import Value

Function = Callable[[Sequence[Value]], Value]


class Unsuitable(ValueError):  # noqa: N818 - no fault: the group is merely not derived
    """The values of a group do not suit the aggregate."""


def aggregate(name: str, values: Iterable[Value]) -> Value:
    """The aggregate of a group's values, one per joined row.

    :raises Unsuitable: if the values cannot be aggregated this way.
    """
    present = [value for value in values if value is not None]
    try:
        return AGGREGATES[name](present)
    except OverflowError as error:
        raise Unsuitable(str(error)) from error


def _count(values: Sequence[Value]) -> Value:
    return len(set(values))


def _sum(values: Sequence[Value]) -> Value:
    return _total(values) if values else None


def _average(values: Sequence[Value]) -> Value:
    return _total(values) / len(values) if values else None


def _smallest(values: Sequence[Value]) -> Value:
    return _ordered(values, min)


def _largest(values: Sequence[Value]) -> Value:
    return _ordered(values, max)


def _ordered(values: Sequence[Value], choose: Callable[[Iterable[float]], float]) -> Value:
    if not values:
        return None
    strings = [value for value in values if isinstance(value, str)]
    if len(strings) == len(values):
        return min(strings) if choose is min else max(strings)
    return choose(_numbers(values))


def _total(values: Sequence[Value]) -> int | float:
    """Integers are added exactly and floats with one rounding, whatever their order."""
    numbers = _numbers(values)
    whole = sum(number for number in numbers if isinstance(number, int))
    parts = [number for number in numbers if isinstance(number, float)]
    if not parts:
        return whole
    total = math.fsum([*parts, whole])
    if not math.isfinite(total):
        raise Unsuitable("the sum is too large")
    return total


def _numbers(values: Sequence[Value]) -> list[int | float]:
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) != len(values):
        raise Unsuitable("the values are not all numbers, nor all strings")
    return numbers


AGGREGATES: Mapping[str, Function] = {
    "count": _count,
    "sum": _sum,
    "min": _smallest,
    "max": _largest,
    "avg": _average,
}
