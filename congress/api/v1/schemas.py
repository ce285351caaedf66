"""Schemas of data sources: their tables with columns, in positional order."""

from typing import Any

from flask import Blueprint, Response

from congress.api import answers
from congress.api.access import guarded
from congress.api.backend import backend
from congress.model.diagnostic import refuse

bp = Blueprint("schemas", __name__, url_prefix="/v1/data-sources/<datasource>")


@bp.get("/schema")
@guarded("datasource:schema:show")
def show_schema(datasource: str) -> Response:
    """All tables of a data source."""
    return answers.item(_schema(datasource))


@bp.get("/tables/<table>/spec")
@guarded("datasource:schema:show")
def show_table_schema(datasource: str, table: str) -> Response:
    """One table of a data source."""
    for found in _schema(datasource)["tables"]:
        if found["table_id"] == table:
            return answers.item(found)
    raise refuse("not-found", f"data source {datasource!r} has no table {table!r}")


def _schema(datasource: str) -> dict[str, Any]:
    record = backend().datasource(datasource)
    schema: dict[str, Any] = backend().source(record, "schema")
    return schema
