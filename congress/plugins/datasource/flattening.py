"""One cell of a table out of whatever a document holds there.

May import ``congress.model`` and the standard library only.

Invariant: what ``flatten`` gives can be held by a table, encoded as UTF-8 and
written in decimal; equal nested values give equal texts, whatever the order of
their keys.
"""

import json

from congress.model.values import Value, from_plain

_INTEGER_BITS = 4096


def flatten(value: object, limit: int) -> Value:
    """Turn a JSON value into a cell; lists and objects become canonical JSON text.

    :param limit: the longest text allowed, in characters.
    :raises ValueError: saying what is wrong with the value; it does not quote it.
    """
    if isinstance(value, list | tuple | dict):
        value = _canonical_text(value)
    cell = from_plain(value)
    if isinstance(cell, str):
        _check_text(cell, limit)
    elif isinstance(cell, int) and cell.bit_length() > _INTEGER_BITS:
        raise ValueError(f"an integer of more than {_INTEGER_BITS} bits")
    return cell


def _check_text(text: str, limit: int) -> None:
    """Refuse text that is too long, or that no encoding can carry."""
    if len(text) > limit:
        raise ValueError(f"a text of {len(text)} characters, over the limit of {limit}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text with half a surrogate pair") from error


def _canonical_text(value: object) -> str:
    """The JSON text of a nested value, keys in order."""
    try:
        return json.dumps(
            value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        )
    except RecursionError as error:
        raise ValueError("a value that is nested too deeply") from error
    except (TypeError, ValueError) as error:
        raise ValueError("a nested value that is not JSON") from error
