"""The changes of a policy's table: once, or as a stream of server-sent events."""

from collections.abc import Iterator
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from congress.api import answers, events
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.changes import Changes
from congress.api.requests import asked

bp = Blueprint("changes", __name__, url_prefix="/v1")

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@bp.get("/policies/<policy>/tables/<table>/changes")
@guarded("policy:row:list")
def list_changes(policy: str, table: str) -> Response:
    """What a table gained and lost after the mark ``since``; without one, all it holds."""
    since = asked("since")
    wanted = request.accept_mimetypes.best_match((answers.JSON, events.MEDIA_TYPE))
    if wanted == events.MEDIA_TYPE:
        since = request.headers.get("Last-Event-ID", since)
        return _stream(Changes(backend(), policy, table, since))
    changes = Changes(backend(), policy, table, since)
    told = changes.next(wait=False)
    return Response(_body(told, changes), content_type=answers.JSON)


def _stream(changes: Changes) -> Response:
    """The changes as events; it counts as a watcher until it is closed."""
    watchers = backend().watchers
    watchers.enter()
    try:
        told = changes.next(wait=False)
    except BaseException:
        watchers.leave()
        raise
    body = events.stream(told, changes, watchers.watch())
    response = Response(body, headers=_HEADERS, content_type=events.MEDIA_TYPE)
    response.call_on_close(watchers.leave)
    return response


def _body(told: dict[str, Any], changes: Changes) -> Iterator[bytes]:
    """The answer as JSON, its changes encoded while they are sent."""
    encode = msgspec.json.Encoder().encode
    names = ("mark", "transaction", "reset", "columns", "coverage")
    yield encode({name: told[name] for name in names})[:-1] + b',"changes":['
    lead = b""
    for change in changes.of(told):
        yield lead + encode(change)
        lead = b","
    yield b"]}\n"
