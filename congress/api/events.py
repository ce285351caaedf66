"""Server-sent events: the changes of a table as an endless answer.

May import ``congress.model`` and ``congress.interfaces``.

Invariant: an event ``mark`` is sent only after everything up to its transaction.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from congress.api.changes import Changes
from congress.api.errors import answer_of, error_body
from congress.api.watchers import Watch
from congress.model.diagnostic import Refused

MEDIA_TYPE = "text/event-stream"

#: Milliseconds after which a client connects again.
_RETRY = 2000

#: Seconds between two questions to an engine that cannot keep one waiting.
_PAUSE = 1.0

#: Refusals that pass: the stream goes on when they have passed.
_PASSING = frozenset({"unavailable", "timeout"})

_encode = msgspec.json.Encoder().encode


def event(name: str, data: object, mark: str = "") -> bytes:
    """One event."""
    number = b"id: " + mark.encode() + b"\n" if mark else b""
    return number + b"event: " + name.encode() + b"\ndata: " + _encode(data) + b"\n\n"


def stream(told: dict[str, Any] | None, changes: Changes, watch: Watch) -> Iterator[bytes]:
    """The events of a table, until the watch is over or the table is gone.

    :param told: what ``changes`` told first.
    """
    yield b"retry: %d\n\n" % _RETRY
    columns: list[str] | None = None
    while not watch.over():
        try:
            told = told or changes.next()
            if columns != told["columns"]:
                columns = told["columns"]
                yield event("columns", columns)
            if told["reset"] or told["changes"] or watch.silent():
                yield from _tell(told, changes)
                watch.tell()
            elif not changes.waits:
                watch.pause(_PAUSE)
        except Refused as refused:
            if refused.code not in _PASSING:
                yield event("end", _refusal(refused))
                return
            if watch.silent():
                yield b": the policy engine does not answer\n\n"
                watch.tell()
            watch.pause(_PAUSE)
        told = None


def _tell(told: dict[str, Any], changes: Changes) -> Iterator[bytes]:
    """What is new, and the mark up to which it goes."""
    if told["reset"]:
        yield event("reset", {"reason": told["reset"]})
    for change in changes.of(told):
        yield event("change", change)
    mark = {"transaction": told["transaction"], "coverage": told["coverage"]}
    yield event("mark", mark, told["mark"])


def _refusal(refused: Refused) -> msgspec.Raw:
    return msgspec.Raw(error_body(refused.diagnostics, answer_of(refused).error_code).strip())
