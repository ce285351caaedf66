"""Data sources: list, show, create, delete."""

import re

import msgspec
from flask import Blueprint, Response

from congress.api import answers, listing
from congress.api.access import guarded
from congress.api.backend import backend, datasource_to_plain
from congress.api.requests import attribution, read_body
from congress.model.diagnostic import refuse
from congress.model.policy import NAME_LENGTH

bp = Blueprint("datasources", __name__, url_prefix="/v1/data-sources")

FIELDS = ("id", "name", "driver", "description", "type", "enabled", "config")

_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")


class NewDatasource(msgspec.Struct):
    """The body of a creation. Old clients send null for what is not set."""

    name: str
    driver: str
    config: dict[str, object] | None = None
    description: str | None = None
    enabled: bool | None = None
    id: str | None = None


@bp.get("")
@guarded("datasource:list")
def list_datasources() -> Response:
    """All configured data sources, whether they run or not."""
    behind = backend()
    records = behind.storage.read(lambda tx: tx.datasources.list())
    secrets = {driver: behind.secret_options(driver) for driver in {r.driver for r in records}}
    shown = [datasource_to_plain(record, secrets[record.driver]) for record in records]
    return listing.collection(shown, FIELDS)


@bp.get("/<datasource>")
@guarded("datasource:show")
def show_datasource(datasource: str) -> Response:
    """One data source, without its secrets."""
    record = backend().datasource(datasource)
    return answers.item(datasource_to_plain(record, backend().secret_options(record.driver)))


@bp.post("")
@guarded("datasource:create")
def create_datasource() -> Response:
    """Configure a data source and start it."""
    body = read_body(NewDatasource)
    _check(body)
    record = backend().manager(
        "datasource_create",
        name=body.name,
        driver=body.driver,
        config=body.config,
        description=body.description,
        enabled=body.enabled is not False,
        id=body.id,
        **attribution(),
    )
    return answers.created(record, "data-sources")


def _check(body: NewDatasource) -> None:
    if not 0 < len(body.name) <= NAME_LENGTH:
        raise refuse("invalid", f"a name has 1 to {NAME_LENGTH} characters", where="name")
    if not body.driver:
        raise refuse("invalid", "a data source needs a driver", where="driver")
    if body.id is not None and not _ID.fullmatch(body.id):
        raise refuse(
            "invalid", "an id has up to 36 letters, digits, hyphens and underscores", where="id"
        )


@bp.delete("/<datasource>")
@guarded("datasource:delete")
def delete_datasource(datasource: str) -> Response:
    """Stop a data source and forget it, its pushed rows included."""
    record = backend().datasource(datasource)
    backend().manager("datasource_delete", datasource=record.id, **attribution())
    return answers.item(None)
