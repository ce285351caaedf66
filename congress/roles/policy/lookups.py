"""Filters of rows as questions to the engine, which finds rows by index.

Imports the engine's printer and the model. No I/O.

Invariant: the answers to the questions hold every row that the filter takes; they may
hold others.
"""

import itertools
import json
from collections.abc import Mapping, Sequence

from congress.engine import print_value
from congress.model.values import Value, from_plain

#: More questions than that cost more than going through the rows.
_MOST = 16

#: How numbers, booleans and null begin.
_BEGINNINGS = frozenset("-0123456789tfn")


def questions(
    table: str, columns: Sequence[str], where: Mapping[str, frozenset[str]]
) -> list[str] | None:
    """The atoms to ask; ``None`` if the rows have to be gone through.

    :param where: the texts that a column may have, as ``Selection`` has them.
    """
    choices = [_choices(number, where.get(name)) for number, name in enumerate(columns)]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MOST or not any(name in where for name in columns):
        return None
    return [f"{table}({', '.join(terms)})" for terms in itertools.product(*choices)]


def _choices(number: int, texts: frozenset[str] | None) -> Sequence[str]:
    """The terms that may stand in a column: a variable, or the values wanted."""
    if texts is None:
        return (f"x{number}",)
    return tuple(dict.fromkeys(print_value(value) for text in texts for value in _values(text)))


def _values(text: str) -> list[Value]:
    """What a text may stand for: the string, and a number, boolean or null written so."""
    if text[:1] not in _BEGINNINGS:
        return [text]
    try:
        return [text, from_plain(json.loads(text))]
    except ValueError:
        return [text]
