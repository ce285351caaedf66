"""Data sources: list, show, create, change, delete."""

import re
from typing import Any

import msgspec
from flask import Blueprint, Response

from congress.api import answers, etags, listing
from congress.api.access import guarded
from congress.api.backend import backend, datasource_to_plain
from congress.api.requests import attribution, given, read_body, read_changes
from congress.interfaces.storage import DatasourceRecord
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


class DatasourceChanges(msgspec.Struct, forbid_unknown_fields=True):
    """What a data source is to be given.

    ``id`` and ``type`` may be there, as in the answers, and mean nothing; ``name`` and
    ``driver`` must be those it has.
    """

    id: object = msgspec.UNSET
    type: object = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    driver: str | msgspec.UnsetType = msgspec.UNSET
    config: dict[str, object] | msgspec.UnsetType | None = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


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
    return _tagged(backend().datasource(datasource))


def _tagged(record: DatasourceRecord) -> Response:
    shown = datasource_to_plain(record, backend().secret_options(record.driver))
    return etags.tagged(shown, _etag(record))


def _etag(record: DatasourceRecord) -> str:
    """Its ETag; what is shown does not tell one secret from another."""
    return etags.etag_of([record.id, record.generation])


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


@bp.put("/<datasource>")
@guarded("datasource:update")
def replace_datasource(datasource: str) -> Response:
    """Give a data source what the body has, and defaults for the rest."""
    defaults = {"config": None, "description": None, "enabled": True}
    return _change(datasource, {**defaults, **given(read_body(DatasourceChanges))}, whole=True)


@bp.patch("/<datasource>")
@guarded("datasource:update")
def change_datasource(datasource: str) -> Response:
    """Give a data source what the body has, and leave it the rest, options included."""
    return _change(datasource, read_changes(DatasourceChanges), whole=False)


def _change(datasource: str, changes: dict[str, Any], *, whole: bool) -> Response:
    record = backend().datasource(datasource)
    fields = ("name", "driver", "config", "description", "enabled")
    backend().manager(
        "datasource_update",
        datasource=record.id,
        changes={name: changes[name] for name in fields if name in changes},
        whole=whole,
        generation=_expected(record),
        **attribution(),
    )
    return _tagged(backend().datasource(record.id))


def _expected(record: DatasourceRecord) -> int | None:
    """The generation that must still be stored, if the request says so.

    :raises Refused: ``changed`` if it is not.
    """
    return record.generation if etags.require(lambda: _etag(record)) else None


@bp.delete("/<datasource>")
@guarded("datasource:delete")
def delete_datasource(datasource: str) -> Response:
    """Stop a data source and forget it, its pushed rows included."""
    record = backend().datasource(datasource)
    generation = _expected(record)
    backend().manager(
        "datasource_delete", datasource=record.id, generation=generation, **attribution()
    )
    return answers.item(None)
