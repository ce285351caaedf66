"""Schemas of policies and data sources: their tables with columns, in positional order."""

from typing import Any

from flask import Blueprint, Response

from congress.api import answers
from congress.api.access import guarded
from congress.api.backend import backend
from congress.model.diagnostic import refuse

bp = Blueprint("schemas", __name__, url_prefix="/v1")


@bp.get("/policies/<policy>/schema")
@guarded("policy:schema:show")
def show_policy_schema(policy: str) -> Response:
    """All tables that the rules of a policy mention."""
    return answers.item(_policy_schema(policy))


@bp.get("/policies/<policy>/tables/<table>/spec")
@guarded("policy:schema:show")
def show_policy_table_schema(policy: str, table: str) -> Response:
    """One of them."""
    return answers.item(_table(_policy_schema(policy), f"policy {policy!r}", table))


@bp.get("/data-sources/<datasource>/schema")
@guarded("datasource:schema:show")
def show_datasource_schema(datasource: str) -> Response:
    """All tables of a data source."""
    return answers.item(_datasource_schema(datasource))


@bp.get("/data-sources/<datasource>/tables/<table>/spec")
@guarded("datasource:schema:show")
def show_datasource_table_schema(datasource: str, table: str) -> Response:
    """One of them."""
    schema = _datasource_schema(datasource)
    return answers.item(_table(schema, f"data source {datasource!r}", table))


def _policy_schema(policy: str) -> dict[str, Any]:
    schema: dict[str, Any] = backend().engine("table_schema", policy=policy)
    return schema


def _datasource_schema(datasource: str) -> dict[str, Any]:
    record = backend().datasource(datasource)
    schema: dict[str, Any] = backend().source(record, "schema")
    return schema


def _table(schema: dict[str, Any], owner: str, table: str) -> dict[str, Any]:
    for found in schema["tables"]:
        if found["table_id"] == table:
            return dict(found)
    raise refuse("not-found", f"{owner} has no table {table!r}")
