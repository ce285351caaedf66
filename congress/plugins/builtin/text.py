"""Builtins on strings.

May import ``congress.model``, ``congress.interfaces`` and this folder only.
"""

from congress.interfaces.builtin import BuiltinSet
from congress.model.builtin import Builtin
from congress.model.values import Value
from congress.plugins.builtin.arguments import added, string


def length(x: Value) -> int:
    """The number of characters."""
    return len(string(x))


BUILTINS: BuiltinSet = (
    Builtin(
        name="concat",
        inputs=("x", "y"),
        outputs=("z",),
        function=added,
        types=("string or number",) * 3,
        grows=True,
        inline="x + y",
        description="z is x followed by y; two numbers are added",
    ),
    Builtin(
        name="len",
        inputs=("x",),
        outputs=("n",),
        function=length,
        types=("string", "number"),
        inline="len(x)",
        description="n is the number of characters of x",
    ),
)
