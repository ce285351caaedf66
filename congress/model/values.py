"""The values that tables hold: null, booleans, numbers and strings.

May import the standard library only.

Invariant: inside Congress a boolean is one of the two objects ``TRUE`` and
``FALSE``, never a Python ``bool``. Python holds ``True == 1 == 1.0``, so a set
of plain rows could not tell ``(True,)`` from ``(1,)``; with the sentinels
ordinary tuples, sets and dictionaries follow the equality of the policy
language (``1`` and ``1.0`` are one value, everything else is distinct).
``from_plain`` and ``to_plain`` convert at the edges (drivers, bus, API).
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias


class Boolean:
    """A truth value that equals nothing but itself. Only two exist."""

    __slots__ = ("truth",)

    def __init__(self, truth: bool) -> None:
        self.truth = truth

    def __bool__(self) -> bool:
        return self.truth

    def __repr__(self) -> str:
        return "true" if self.truth else "false"

    def __copy__(self) -> "Boolean":
        return self

    def __deepcopy__(self, memo: object) -> "Boolean":
        return self

    def __reduce__(self) -> str:
        return "TRUE" if self.truth else "FALSE"


TRUE = Boolean(True)
FALSE = Boolean(False)

Value: TypeAlias = str | int | float | Boolean | None
Row: TypeAlias = tuple[Value, ...]
Plain: TypeAlias = str | int | float | bool | None


def from_plain(value: object) -> Value:
    """Turn a JSON scalar into a value.

    :raises ValueError: for NaN, infinity, or anything that is no scalar.
    """
    if value is None or isinstance(value, str | Boolean):
        return value
    if value is True:
        return TRUE
    if value is False:
        return FALSE
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number a table can hold")
        return float(value)
    raise ValueError(f"a {type(value).__name__} is not a string, number, boolean or null")


def to_plain(value: Value) -> Plain:
    """Turn a value into the JSON scalar it stands for."""
    return value.truth if isinstance(value, Boolean) else value


def row_from_plain(values: Iterable[object]) -> Row:
    """Turn a sequence of JSON scalars into a row.

    :raises ValueError: naming the first value that cannot be held.
    """
    return tuple([from_plain(value) for value in values])


def row_to_plain(row: Row) -> list[Plain]:
    """Turn a row into a list of JSON scalars."""
    return [value.truth if isinstance(value, Boolean) else value for value in row]


def order_key(value: Value) -> tuple[int, str | int | float]:
    """Key of a total order over all values: null, booleans, numbers, strings."""
    if isinstance(value, str):
        return (3, value)
    if value is None:
        return (0, 0)
    if isinstance(value, Boolean):
        return (1, int(value.truth))
    return (2, value)


def row_order_key(row: Row) -> list[tuple[int, str | int | float]]:
    """Key of a total order over rows."""
    return [order_key(value) for value in row]


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def canonical(values: Sequence[Value]) -> str:
    """The one JSON text of a row: equal rows have equal texts, on every node.

    Integral floats are written as integers, because they equal them.
    """
    return _encode(
        [
            value
            if isinstance(value, str) or value is None
            else value.truth
            if isinstance(value, Boolean)
            else int(value)
            if isinstance(value, float) and value.is_integer()
            else value
            for value in values
        ]
    )
