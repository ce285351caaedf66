"""The part of a document that is a table, and its records.

May import its own folder only.

A place in a document is a path of keys: ``servers.0.ports`` (a leading ``$.``
is allowed), or a list of keys where a key itself has a dot.
"""

from collections.abc import Sequence

from congress.plugins.datasource.file.faults import BadFile
from congress.plugins.datasource.file.sheet import Sheet

#: Columns of documents whose records have no keys of their own.
_KEY, _VALUE = "key", "value"


def read_path(text: str | Sequence[str]) -> tuple[str, ...]:
    """The keys of a path."""
    if not isinstance(text, str):
        return tuple(text)
    return tuple(filter(None, text.removeprefix("$").split(".")))


def select(document: object, path: Sequence[str]) -> object:
    """The value at a path.

    :raises BadFile: if the document has nothing there.
    """
    here = document
    for depth, key in enumerate(path, start=1):
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isdecimal() and int(key) < len(here):
            here = here[int(key)]
        else:
            raise BadFile(f"nothing at {'.'.join(path[:depth])!r}")
    return here


def read_records(document: object, *, most: int, places: Sequence[int] | None = None) -> Sheet:
    """Turn a list of objects, lists or scalars, or an object of objects, into records.

    The keys of an object of objects become the column ``key``; scalars stand in ``value``.

    :raises BadFile: for anything else, or a mixture.
    """
    if isinstance(document, dict):
        document = _keyed(document)
    if not isinstance(document, list):
        raise BadFile("neither a list nor an object of objects; select names the table's place")
    if len(document) > most:
        raise BadFile(f"more than {most} records")
    if all(isinstance(item, dict) for item in document):
        return Sheet(_columns(document), document, places)
    if all(isinstance(item, list) for item in document):
        sheet = Sheet(None, document, places)
        for index, item in enumerate(document):
            if len(item) != len(document[0]):
                problem = f"{len(item)} values instead of {len(document[0])}"
                raise BadFile(problem, **sheet.place(index))
        return sheet
    if any(isinstance(item, dict | list) for item in document):
        raise BadFile("a mixture of objects, lists and plain values")
    return Sheet((_VALUE,), [[item] for item in document], places)


def _keyed(document: dict[str, object]) -> list[dict[str, object]]:
    """The records of an object of objects, each with its key."""
    records: list[dict[str, object]] = []
    for key, value in document.items():
        if not isinstance(value, dict):
            raise BadFile("an object whose values are no objects; select names the table's place")
        if _KEY in value:
            raise BadFile(f"an object below {key!r} with a field 'key' of its own")
        records.append({_KEY: key, **value})
    return records


def _columns(records: Sequence[dict[str, object]]) -> tuple[str, ...]:
    """The keys of all records in the order of their first appearance."""
    return tuple(dict.fromkeys(key for record in records for key in record))
