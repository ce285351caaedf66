"""Builtins that say what is wrong with a value.

May import ``congress.model``, ``congress.interfaces`` and this folder only. The
result is an empty string for a good value and a sentence for any other; bounds
that make no sense have no answer at all.
"""

import math
from collections.abc import Callable
from typing import TypeVar

from congress.interfaces.builtin import BuiltinSet
from congress.model.builtin import Builtin
from congress.model.values import Value
from congress.plugins.builtin.arguments import Number, integer, number, text
from congress.plugins.builtin.expression import compiled

Bound = TypeVar("Bound", int, float)


def _integer(value: Value) -> int:
    if isinstance(value, str):
        if "_" in value:
            raise ValueError(f"{value!r} is not an integer")
        return int(value)
    return integer(value)


def _float(value: Value) -> float:
    if isinstance(value, str):
        if "_" in value:
            raise ValueError(f"{value!r} is not a number")
        return float(value)
    return float(number(value))


def _bound(value: Value, convert: Callable[[Value], Bound]) -> Bound | None:
    return None if value == "" else convert(value)


def _ranged(
    low: Value, high: Value, value: Value, convert: Callable[[Value], Bound], kind: str
) -> str:
    smallest, largest = _bound(low, convert), _bound(high, convert)
    if smallest is not None and largest is not None and largest < smallest:
        raise ValueError("the upper bound is below the lower")
    shown = text(value)
    try:
        given: Number = convert(value)
    except (ValueError, OverflowError):
        return f"{shown} is not {kind}"
    if isinstance(given, float) and not math.isfinite(given):
        return f"{shown} is not {kind}"
    if smallest is not None and given < smallest:
        return f"{shown} is less than {smallest}"
    if largest is not None and given > largest:
        return f"{shown} is greater than {largest}"
    return ""


def validate_integer(low: Value, high: Value, value: Value) -> str:
    """What is wrong with an integer, or with a text that should spell one."""
    return _ranged(low, high, value, _integer, "an integer")


def validate_float(low: Value, high: Value, value: Value) -> str:
    """What is wrong with a number, or with a text that should spell one."""
    return _ranged(low, high, value, _float, "a number")


def validate_string(
    regex: Value, longest: Value, quotes: Value, ignore_case: Value, value: Value
) -> str:
    """What is wrong with a string: its quotes, its length, or that no part fits a pattern."""
    given = text(value)
    expression = compiled(text(regex), ignore_case=_flag(ignore_case)) if regex != "" else None
    limit = 0 if longest == "" else integer(longest)
    if _flag(quotes) and given[:1] in ("'", '"') and given:
        if len(given) < 2 or given[-1] != given[0]:
            return f"{given} has a quote that is not closed"
        given = given[1:-1]
    if 0 < limit < len(given):
        return f"{given} has {len(given)} characters, more than {limit}"
    if expression is not None and not expression.search(given):
        return f"{given} does not match {regex}"
    return ""


def _flag(value: Value) -> bool:
    return value != "" and integer(value) != 0


BUILTINS: BuiltinSet = (
    Builtin(
        name="validate_int",
        inputs=("min", "max", "v"),
        outputs=("r",),
        function=validate_integer,
        types=("number or empty", "number or empty", "number or string", "string"),
        grows=True,
        description="r says what is wrong with v as an integer from min to max, or is empty",
    ),
    Builtin(
        name="validate_float",
        inputs=("min", "max", "v"),
        outputs=("r",),
        function=validate_float,
        types=("number or empty", "number or empty", "number or string", "string"),
        grows=True,
        description="r says what is wrong with v as a number from min to max, or is empty",
    ),
    Builtin(
        name="validate_string",
        inputs=("regex", "max_length", "quotes", "ignore_case", "v"),
        outputs=("r",),
        function=validate_string,
        types=("string", "number or empty", "number", "number", "string", "string"),
        grows=True,
        description="r says what is wrong with the string v, or is empty",
    ),
)
