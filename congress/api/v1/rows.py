"""Rows: of a policy's tables, of a data source's tables, and those pushed to one."""

from typing import Any

from flask import Blueprint, Response, request

from congress.api import answers, listing, row_lists
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.requests import read_body, read_flag
from congress.model.diagnostic import refuse

bp = Blueprint("rows", __name__, url_prefix="/v1")

_KEY_LENGTH = 255


@bp.get("/policies/<policy>/tables/<table>/rows")
@guarded("policy:row:list")
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
    return row_lists.answer(found, part)


def _explained() -> bool:
    form = request.args.get("explain")
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
    return row_lists.answer(backend().source(record, "rows", table=table, **wanted), part)


@bp.put("/data-sources/<datasource>/tables/<table>/rows")
@guarded("datasource:row:replace")
def replace_rows(datasource: str, table: str) -> Response:
    """Replace the rows of a table of a data source that is given its data."""
    record = backend().datasource(datasource)
    rows: list[Any] = read_body(list[Any])
    most = backend().max_pushed_rows
    if len(rows) > most:
        raise refuse(
            "too-large", f"{len(rows)} rows are more than the {most} that may come at a time"
        )
    backend().source(record, "push", table=table, rows=rows, idempotency_key=_idempotency_key())
    return answers.nothing()


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 0 < len(key) <= _KEY_LENGTH:
        raise refuse(
            "invalid", f"an Idempotency-Key has 1 to {_KEY_LENGTH} characters", where="header"
        )
    return key
