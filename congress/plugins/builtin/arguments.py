"""Argument checks that the builtins share.

May import ``congress.model`` and the standard library only. Booleans and null
are no numbers and no strings; whatever does not suit is a ``TypeError``, which
the engine takes for a call without an answer.
"""

from typing import TypeAlias

from congress.model.values import Value

Number: TypeAlias = int | float

LONGEST_STRING = 4_000_000
WIDEST_INTEGER = 1 << 20


def number(value: Value) -> Number:
    """The value, if it is a number."""
    if isinstance(value, int | float):
        return value
    raise TypeError(f"{value!r} is not a number")


def string(value: Value) -> str:
    """The value, if it is a string."""
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is not a string")


def text(value: Value) -> str:
    """A string, or a number as it is written."""
    return value if isinstance(value, str) else str(number(value))


def integer(value: Value) -> int:
    """An integer, or a float that equals one."""
    given = number(value)
    if isinstance(given, float) and not given.is_integer():
        raise ValueError(f"{given} is not an integer")
    return int(given)


def added(left: Value, right: Value) -> Number | str:
    """The sum of two numbers, or two strings one after the other."""
    if isinstance(left, str):
        return left + string(right)
    return number(left) + number(right)
