"""Types of columns: found out from the data, or declared and then insisted on.

May import the model, and its own folder.

Invariants: the type of a text column is that of all its cells, never of one, so
a cell is a number only where every cell of its column is one or empty; a cell
that reads as no type stays exactly the text it was.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence

from congress.model.schema import ColumnType
from congress.model.values import FALSE, TRUE, Boolean, Value

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,299})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,299})(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?")
_TRUTHS = {"true": TRUE, "false": FALSE}


def _truth(text: str) -> Value:
    """Read a truth value, whatever its case."""
    truth = _TRUTHS.get(text.lower())
    if truth is None:
        raise ValueError("not true or false")
    return truth


def _integer(text: str) -> Value:
    """Read a decimal integer; leading zeros or a plus sign make it a text."""
    if not _INTEGER.fullmatch(text):
        raise ValueError("not an integer")
    return int(text)


def _number(text: str) -> Value:
    """Read a decimal number that a float can hold."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError("not a number")
    return float(text)


#: From the narrowest type to the widest.
_READERS: tuple[tuple[ColumnType, Callable[[str], Value]], ...] = (
    (ColumnType.BOOLEAN, _truth),
    (ColumnType.INTEGER, _integer),
    (ColumnType.NUMBER, _number),
)


def read_text(text: str, kind: ColumnType) -> Value:
    """Turn one text cell into a value of a declared type; an empty cell is null.

    :raises ValueError: if it does not read as that type.
    """
    if not text:
        return None
    for candidate, read in _READERS:
        if candidate is kind:
            return read(text.strip())
    return text


def infer_texts(texts: Sequence[str]) -> tuple[ColumnType, list[Value]]:
    """The narrowest type of a column of texts, and its values. Empty cells are null."""
    if not any(texts):
        return ColumnType.ANY, [None] * len(texts)
    for kind, read in _READERS:
        try:
            return kind, [read(text) if text else None for text in texts]
        except ValueError:
            continue
    return ColumnType.STRING, [text or None for text in texts]


def infer_values(values: Iterable[Value]) -> ColumnType:
    """The narrowest type that all values of a column have; nulls have any."""
    kinds = {_kind(value) for value in values if value is not None}
    if len(kinds) == 1:
        return kinds.pop()
    if kinds == {ColumnType.INTEGER, ColumnType.NUMBER}:
        return ColumnType.NUMBER
    return ColumnType.ANY


def _kind(value: Value) -> ColumnType:
    """The type of one value."""
    if isinstance(value, str):
        return ColumnType.STRING
    if isinstance(value, Boolean):
        return ColumnType.BOOLEAN
    return ColumnType.INTEGER if isinstance(value, int) else ColumnType.NUMBER
