"""The builtins ``sizes``: numbers of bytes written with a unit, as people write them.

They show what a builtin needs: a pure function that takes the values of a rule,
returns a value, and raises ``ValueError`` where there is no answer.

    too_big(volume) :- storage:volumes(volume, size), builtin:size_bytes(size, n),
        builtin:gt(n, 10737418240)
"""

import re

from congress.model.builtin import Builtin
from congress.model.values import Value

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
UNITS |= {f"{unit}i": 2 ** (10 * power) for power, unit in enumerate("kmgt", 1)}

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([kmgt]i?)?b?", re.ASCII | re.IGNORECASE)


def size_bytes(text: Value) -> int:
    """The number of bytes of ``10GiB``, ``1.5 k`` or ``100``.

    :raises ValueError: for any other text, and for values that are no text.
    """
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} is not a size")
    return round(float(found[1]) * UNITS[(found[2] or "").lower()])


def same_size(left: Value, right: Value) -> bool:
    """Whether two texts mean the same number of bytes."""
    return size_bytes(left) == size_bytes(right)


BUILTINS = (
    Builtin(
        "size_bytes",
        inputs=("text",),
        outputs=("bytes",),
        function=size_bytes,
        types=("string", "number"),
        description="The number of bytes of a size with a unit.",
    ),
    Builtin(
        "same_size",
        inputs=("left", "right"),
        outputs=(),
        function=same_size,
        types=("string", "string"),
        description="Both sizes are the same number of bytes.",
    ),
)
