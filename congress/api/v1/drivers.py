"""Drivers that data sources can be made of."""

from typing import Any

from flask import Blueprint, Response

from congress.api import answers, listing
from congress.api.access import guarded
from congress.api.backend import backend
from congress.interfaces.datasource import DatasourceDriver
from congress.interfaces.plugin import PluginInfo, Scope
from congress.model.diagnostic import Refused, refuse
from congress.model.schema import Schema

bp = Blueprint("drivers", __name__, url_prefix="/v1/system/drivers")

KIND = "driver"
REQUIRED = "required"
OPTIONAL = "(optional)"


@bp.get("")
@guarded("driver:list")
def list_drivers() -> Response:
    """The drivers that are installed, permitted and loadable."""
    plugins = backend().plugins
    found = []
    for name in plugins.names(KIND):
        info = _described(name)
        if info is not None:
            found.append({"id": name, "description": info.summary})
    return listing.collection(found, ("id", "description"))


def _described(name: str) -> PluginInfo | None:
    """What a driver tells of itself; ``None`` if it cannot, which is no one else's fault."""
    try:
        return backend().plugins.describe(KIND, name)
    except Refused:
        return None


@bp.get("/<driver>")
@guarded("driver:show")
def show_driver(driver: str) -> Response:
    """One driver: its options, and its tables where they are known beforehand."""
    plugins = backend().plugins
    info = _described(driver) if driver in plugins.names(KIND) else None
    if info is None:
        raise refuse(
            "not-found",
            f"there is no driver {driver!r}",
            hint="congress driver list shows those there are",
        )
    options = info.options_of(Scope.INSTANCE)
    body: dict[str, Any] = {
        "id": driver,
        "description": info.summary,
        "config": {o.name: REQUIRED if o.required else OPTIONAL for o in options},
    }
    if secret := [option.name for option in options if option.secret]:
        body["secret"] = secret
    kind: type[DatasourceDriver] = plugins.load(KIND, driver)
    body["tables"] = tables_to_plain(kind.static_schema() or Schema())
    return answers.item(body)


def tables_to_plain(schema: Schema) -> list[dict[str, Any]]:
    """The tables of a schema in the form that clients know."""
    return [
        {
            "table_id": table.name,
            "columns": [
                {"name": column.name, "description": column.description} for column in table.columns
            ],
        }
        for table in schema.tables.values()
    ]
