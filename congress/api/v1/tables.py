"""Tables of a policy and of a data source, by name only."""

from flask import Blueprint, Response

from congress.api import answers, listing
from congress.api.access import guarded
from congress.api.backend import backend
from congress.model.diagnostic import refuse

bp = Blueprint("tables", __name__, url_prefix="/v1")

FIELDS = ("id",)


@bp.get("/policies/<policy>/tables")
@guarded("policy:table:list")
def list_policy_tables(policy: str) -> Response:
    """Every table that the rules of a policy mention."""
    names = backend().engine("table_list", policy=policy)
    return listing.collection([{"id": name} for name in names], FIELDS)


@bp.get("/policies/<policy>/tables/<table>")
@guarded("policy:table:show")
def show_policy_table(policy: str, table: str) -> Response:
    """One of them."""
    return answers.item(backend().engine("table_show", policy=policy, table=table))


@bp.get("/data-sources/<datasource>/tables")
@guarded("datasource:table:list")
def list_datasource_tables(datasource: str) -> Response:
    """The tables of a data source."""
    return listing.collection([{"id": name} for name in _tables(datasource)], FIELDS)


@bp.get("/data-sources/<datasource>/tables/<table>")
@guarded("datasource:table:show")
def show_datasource_table(datasource: str, table: str) -> Response:
    """One of them."""
    if table not in _tables(datasource):
        raise refuse("not-found", f"data source {datasource!r} has no table {table!r}")
    return answers.item({"id": table})


def _tables(datasource: str) -> list[str]:
    record = backend().datasource(datasource)
    names: list[str] = backend().source(record, "tables")
    return names
