"""ETags: what a client saw, and whether it is still so.

Imports ``congress.model`` only, besides Flask.

An object has the ETag of its JSON form. A request with ``If-Match`` is carried out only
if the object is still the one the client saw; the role that writes compares once more,
together with the write, so that nothing can come in between.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from flask import Response, request

from congress.api import answers
from congress.model.diagnostic import refuse

_LENGTH = 16


def etag_of(thing: object) -> str:
    """A short text that differs where things differ."""
    return hashlib.blake2b(msgspec.json.encode(thing), digest_size=_LENGTH).hexdigest()


def tagged(thing: object, tag: str | None = None) -> Response:
    """The answer that is one thing, with its ETag; 304 if the client has it already.

    :param tag: the ETag, where it is not that of the thing alone.
    """
    response = answers.item(thing)
    response.set_etag(tag or etag_of(thing))
    response.make_conditional(request)
    return response


def require(tag: Callable[[], str]) -> bool:
    """Whether the request is subject to a condition, which then holds.

    :param tag: the ETag of the thing as it is now; asked only if there is a condition.
    :raises Refused: ``changed`` if it does not hold.
    """
    if not request.if_match:
        return False
    if not request.if_match.contains(tag()):
        raise refuse("changed", "it was changed since you read it", hint="read it again")
    return True


def seen(current: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The thing as the client saw it, which is as it is now; ``None`` without a condition.

    :raises Refused: ``changed`` if the client saw another one.
    """
    thing: list[Mapping[str, Any]] = []

    def tag() -> str:
        thing.append(current())
        return etag_of(thing[0])

    return thing[0] if require(tag) else None
