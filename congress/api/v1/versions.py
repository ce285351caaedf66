"""``/v1`` and its contract in machine-readable form."""

from typing import Any

from flask import Blueprint, Response, request

from congress.api import answers
from congress.api.access import guarded
from congress.api.openapi import contract_json

bp = Blueprint("versions", __name__)

UPDATED = "2013-08-12T17:42:13Z"


def version(path: str) -> dict[str, Any]:
    """The one version there is, with a link to a path below this server's root."""
    return {
        "id": "v1",
        "status": "CURRENT",
        "updated": UPDATED,
        "links": [{"rel": "self", "href": request.host_url + path}],
    }


@bp.get("/v1")
@guarded("version:show")
def show_version() -> Response:
    """The version, with where it is described."""
    found = version("v1/")
    description = {
        "rel": "describedby",
        "type": "application/json",
        "href": request.host_url + "v1/openapi.json",
    }
    found["links"].append(description)
    return answers.item({"version": found})


@bp.get("/v1/openapi.json")
@guarded("version:show")
def show_contract() -> Response:
    """The OpenAPI document."""
    return Response(contract_json(), content_type=answers.JSON)
