"""What a client finds without credentials: the list of versions.

Imports nothing of Congress but its API.
"""

from flask import Blueprint, Response

from congress.api import answers
from congress.api.access import PUBLIC, guarded
from congress.api.v1.versions import version

bp = Blueprint("discovery", __name__)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@bp.route("/", methods=METHODS)
@guarded(PUBLIC)
def list_versions() -> Response:
    """The versions of the API; installers take it for a sign of life."""
    return answers.item({"versions": [version("v1/")]})


def choices(path: str) -> Response:
    """The answer for a path outside every version."""
    return answers.item({"choices": [version("v1" + path)]}, status=300)
