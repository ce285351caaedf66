"""Builtins that compare.

May import ``congress.model``, ``congress.interfaces`` and this folder only.
Ordering is between two numbers or two strings (by code point); anything else
has no answer. Equality is that of the language and answers for any two values.
"""

import operator
from collections.abc import Callable

from congress.interfaces.builtin import BuiltinSet
from congress.model.builtin import Builtin
from congress.model.values import Value
from congress.plugins.builtin.arguments import number, string

_ORDERINGS = (
    ("lt", operator.lt, "<", "less than"),
    ("lteq", operator.le, "<=", "less than or equal to"),
    ("gt", operator.gt, ">", "greater than"),
    ("gteq", operator.ge, ">=", "greater than or equal to"),
)


def _ordering(compare: Callable[..., bool]) -> Callable[[Value, Value], bool]:
    def ordered(x: Value, y: Value) -> bool:
        if isinstance(x, str):
            return compare(x, string(y))
        return compare(number(x), number(y))

    return ordered


def equal(x: Value, y: Value) -> bool:
    """Whether two values are one: numbers by value, anything else by kind and value."""
    return x == y


BUILTINS: BuiltinSet = (
    *(
        Builtin(
            name=name,
            inputs=("x", "y"),
            outputs=(),
            function=_ordering(compare),
            types=("number or string", "number or string"),
            inline=f"x {sign} y",
            description=f"x is {words} y",
        )
        for name, compare, sign, words in _ORDERINGS
    ),
    Builtin(
        name="equal",
        inputs=("x", "y"),
        outputs=(),
        function=equal,
        types=("any", "any"),
        inline="x == y",
        description="x and y are the same value; never fails",
    ),
)
