"""Builtins that calculate.

May import ``congress.model``, ``congress.interfaces`` and this folder only.
Numbers calculate as in Python. A result too large to be made at all is a
``MemoryError``, raised before it is made, so that no argument can exhaust the node.
"""

from congress.interfaces.builtin import BuiltinSet
from congress.model.builtin import Builtin
from congress.model.values import Value
from congress.plugins.builtin.arguments import (
    LONGEST_STRING,
    WIDEST_INTEGER,
    Number,
    added,
    number,
    string,
)


def maximum(x: Value, y: Value) -> Number | str:
    """The larger of two numbers or strings; of equals the first."""
    if isinstance(x, str):
        return max(x, string(y))
    return max(number(x), number(y))


def minus(x: Value, y: Value) -> Number:
    """The difference."""
    return number(x) - number(y)


def multiplied(x: Value, y: Value) -> Number | str:
    """The product of two numbers, or a string repeated."""
    if isinstance(x, str) and isinstance(y, int):
        return _repeated(x, y)
    if isinstance(x, int) and isinstance(y, str):
        return _repeated(y, x)
    if isinstance(x, int) and isinstance(y, int):
        if x.bit_length() + y.bit_length() > WIDEST_INTEGER:
            raise MemoryError("the product is too large")
        return x * y
    return number(x) * number(y)


def _repeated(text: str, times: int) -> str:
    if not text or times <= 0:
        return ""
    if len(text) * times > LONGEST_STRING:
        raise MemoryError("the repeated string is too long")
    return text * times


def divided(x: Value, y: Value) -> Number:
    """The quotient, rounded down if both are integers."""
    left, right = number(x), number(y)
    if isinstance(left, int) and isinstance(right, int):
        return left // right
    return left / right


def as_float(x: Value) -> float:
    """A number, or the number a string spells, as a float."""
    return float(_spelled(x))


def as_integer(x: Value) -> int:
    """A number without its fraction, or the integer a decimal string spells."""
    return int(_spelled(x))


def _spelled(x: Value) -> Number | str:
    if isinstance(x, str):
        if "_" in x:
            raise ValueError(f"{x!r} is not a number")
        return x
    return number(x)


_ANY_NUMBER = ("number", "number", "number")
_NUMBER_OR_STRING = ("number or string",) * 3

BUILTINS: BuiltinSet = (
    Builtin(
        name="max",
        inputs=("x", "y"),
        outputs=("z",),
        function=maximum,
        types=_NUMBER_OR_STRING,
        inline="y if y > x else x",
        description="z is the larger of x and y",
    ),
    Builtin(
        name="plus",
        inputs=("x", "y"),
        outputs=("z",),
        function=added,
        types=_NUMBER_OR_STRING,
        grows=True,
        inline="x + y",
        description="z is the sum of x and y; two strings are joined",
    ),
    Builtin(
        name="minus",
        inputs=("x", "y"),
        outputs=("z",),
        function=minus,
        types=_ANY_NUMBER,
        grows=True,
        inline="x - y",
        description="z is x less y",
    ),
    Builtin(
        name="mul",
        inputs=("x", "y"),
        outputs=("z",),
        function=multiplied,
        types=_NUMBER_OR_STRING,
        grows=True,
        description="z is the product of x and y; a string times an integer is repeated",
    ),
    Builtin(
        name="div",
        inputs=("x", "y"),
        outputs=("z",),
        function=divided,
        types=_ANY_NUMBER,
        grows=True,
        description="z is x divided by y, rounded down if both are integers",
    ),
    Builtin(
        name="float",
        inputs=("x",),
        outputs=("y",),
        function=as_float,
        types=("number or string", "number"),
        description="y is x as a float",
    ),
    Builtin(
        name="int",
        inputs=("x",),
        outputs=("y",),
        function=as_integer,
        types=("number or string", "number"),
        description="y is x as an integer, fractions cut off",
    ),
)
