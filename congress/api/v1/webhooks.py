"""Webhooks: notifications for a data source that understands them."""

from flask import Blueprint, Response, request

from congress.api import answers
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.requests import read_body
from congress.api.signatures import is_signed, read_signed
from congress.model.diagnostic import Refused
from congress.model.signature import not_genuine

bp = Blueprint("webhooks", __name__, url_prefix="/v1/data-sources/<datasource>/webhook")


@bp.post("")
@guarded("datasource:webhook", unless=is_signed)
def receive_webhook(datasource: str) -> Response:
    """Hand a notification to a data source, which judges the signature if there is one."""
    if is_signed(request.environ):
        _receive_signed(datasource)
    else:
        record = backend().datasource(datasource)
        backend().source(record, "webhook", payload=read_body(object))
    return answers.nothing()


def _receive_signed(datasource: str) -> None:
    """A notification of somebody who has no token, and may not learn what there is."""
    signed = read_signed()
    try:
        record = backend().datasource(datasource)
    except Refused as refused:
        raise not_genuine() from refused
    backend().source(record, "signed_webhook", **signed)
