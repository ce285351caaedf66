"""Sorting that lets other threads go on.

May import the standard library only.

Invariant: the result is that of ``sorted``.
"""

import heapq
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

#: Comparisons hold the interpreter; so many items are compared in about a millisecond.
_PORTION = 2_000


def in_order(items: Sequence[T], key: Callable[[T], Any]) -> list[T]:
    """The items in ascending order of their keys, sorted portion by portion."""
    portions = [
        sorted(items[start : start + _PORTION], key=key) for start in range(0, len(items), _PORTION)
    ]
    if len(portions) < 2:
        return portions[0] if portions else []
    return list(heapq.merge(*portions, key=key))
