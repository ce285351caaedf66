"""Rows: of a policy's tables, of a data source's tables, and those pushed to one."""

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from congress.api import answers, listing, revision, row_lists
from congress.api.access import guarded
from congress.api.backend import POLICY_ENGINE, backend, source_service
from congress.api.requests import asked, read_body, read_changes, read_flag
from congress.model.diagnostic import refuse

bp = Blueprint("rows", __name__, url_prefix="/v1")

_KEY_LENGTH = 255


class RowChanges(msgspec.Struct, forbid_unknown_fields=True):
    """Rows to put into a table, and rows to take out of it."""

    upsert: list[Any] | msgspec.UnsetType = msgspec.UNSET
    delete: list[Any] | msgspec.UnsetType = msgspec.UNSET


@bp.get("/policies/<policy>/tables/<table>/rows")
@guarded("policy:row:list")
@revision.tells
def list_policy_rows(policy: str, table: str) -> Response:
    """What a table of a policy holds; how it came about with ``trace=true`` as a text, and
    with ``explain=json`` as an object."""
    part = listing.asked_part()
    found = backend().engine(
        "row_list",
        policy=policy,
        table=table,
        trace=read_flag("trace"),
        explain=_explained(),
        **row_lists.selection(part),
    )
    revision.keep(found["revision"])
    return row_lists.answer(POLICY_ENGINE, found, part)


def _explained() -> bool:
    form = asked("explain")
    if form not in (None, "json"):
        raise refuse("invalid", f"explain can be json, not {form!r:.40}", where="explain")
    return form == "json"


@bp.get("/data-sources/<datasource>/tables/<table>/rows")
@guarded("datasource:row:list")
def list_datasource_rows(datasource: str, table: str) -> Response:
    """What a table of a data source holds."""
    part = listing.asked_part()
    wanted = row_lists.selection(part)
    record = backend().datasource(datasource)
    found = backend().source(record, "rows", table=table, **wanted)
    return row_lists.answer(source_service(record), found, part)


@bp.put("/data-sources/<datasource>/tables/<table>/rows")
@guarded("datasource:row:replace")
def replace_rows(datasource: str, table: str) -> Response:
    """Replace the rows of a table of a data source that is given its data."""
    return _push(datasource, "push", table=table, rows=_bounded(read_body(list[Any])))


@bp.post("/data-sources/<datasource>/tables/<table>/rows")
@guarded("datasource:row:create")
def put_rows(datasource: str, table: str) -> Response:
    """Put rows into a table; a row with the key of one that is there replaces it."""
    return _push(datasource, "change_rows", table=table, upsert=_bounded(read_body(list[Any])))


@bp.delete("/data-sources/<datasource>/tables/<table>/rows")
@guarded("datasource:row:delete")
def delete_rows(datasource: str, table: str) -> Response:
    """Take rows out of a table, by their keys; those that are not there are passed over."""
    return _push(datasource, "change_rows", table=table, delete=_bounded(read_body(list[Any])))


@bp.patch("/data-sources/<datasource>/tables/<table>/rows")
@guarded("datasource:row:update")
def change_rows(datasource: str, table: str) -> Response:
    """Put some rows into a table and take others out, all at once."""
    changes = read_changes(RowChanges)
    _bounded([row for rows in changes.values() for row in rows])
    return _push(datasource, "change_rows", table=table, **changes)


def _push(datasource: str, method: str, **args: Any) -> Response:
    record = backend().datasource(datasource)
    backend().source(record, method, **args, idempotency_key=_idempotency_key())
    return answers.nothing()


def _bounded(rows: list[Any]) -> list[Any]:
    """The rows, if they are not too many.

    :raises Refused: ``too-large``.
    """
    most = backend().max_pushed_rows
    if len(rows) > most:
        raise refuse(
            "too-large", f"{len(rows)} rows are more than the {most} that may come at a time"
        )
    return rows


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 0 < len(key) <= _KEY_LENGTH:
        raise refuse(
            "invalid", f"an Idempotency-Key has 1 to {_KEY_LENGTH} characters", where="header"
        )
    return key
