"""What the API answers: JSON bodies, collections, created things and row streams.

Imports nothing of Congress.

Invariant: every body is JSON in UTF-8 and ends with a line end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from flask import Response, request

R = TypeVar("R")

JSON = "application/json"

#: Collections up to this many bytes are indented for people.
_INDENT_UP_TO = 64 * 1024


def item(body: object, status: int = 200) -> Response:
    """One thing, on one line."""
    return Response(msgspec.json.encode(body) + b"\n", status=status, content_type=JSON)


def collection(results: Sequence[object], following: str | None = None) -> Response:
    """A list of things under ``results``.

    :param following: the address of the rest, if these are not all.
    """
    rest = {} if following is None else {"next": following}
    text = msgspec.json.encode({"results": results, **rest})
    if len(text) <= _INDENT_UP_TO:
        text = msgspec.json.format(text, indent=2)
    return Response(text + b"\n", content_type=JSON)


def created(thing: Mapping[str, Any], *path: str) -> Response:
    """A new thing, with the place where it is from now on: ``path`` below ``/v1``."""
    response = item(thing, status=201)
    place = "/".join(quote(part, safe="") for part in (*path, str(thing["id"])))
    response.headers["Location"] = f"{request.host_url}v1/{place}"
    response.autocorrect_location_header = False
    return response


def nothing() -> Response:
    """Success without a body."""
    return Response(b"", content_type=JSON)


def row_stream(
    pieces: Iterable[Sequence[R]], shape: Callable[[R], object], rest: Mapping[str, object]
) -> Response:
    """Rows under ``results``, and what else is told with them.

    They are encoded piece by piece while they are sent, so that a large table is never
    held here as a whole.

    :param pieces: made one by one; none is empty but perhaps the first.
    :param shape: makes of a row what stands for it.
    """
    return Response(_row_texts(pieces, shape, rest), content_type=JSON)


def _row_texts(
    pieces: Iterable[Sequence[R]], shape: Callable[[R], object], rest: Mapping[str, object]
) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    lead = b'{"results":['
    for piece in pieces:
        yield lead + encoder.encode([shape(row) for row in piece])[1:-1]
        lead = b","
    yield b"]" + b"".join(
        b"," + encoder.encode(name) + b":" + encoder.encode(value) for name, value in rest.items()
    )
    yield b"}\n"
