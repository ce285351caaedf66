"""The audit trail: who wrote what, when, and what came of it."""

import datetime
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from congress.api import listing
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.requests import asked, read_number
from congress.interfaces.storage import AuditQuery, AuditRecord
from congress.model.diagnostic import refuse

bp = Blueprint("audit", __name__, url_prefix="/v1/audit")

DEFAULT_LIMIT = 1000

FIELDS = (
    "id", "at", "actor", "verb", "target", "outcome", "request_id", "revision", "details"
)  # fmt: skip

#: Records that are read at a time to count them.
_PIECE = 10_000

_TEXTS = ("actor", "verb", "target", "outcome", "request_id")


@bp.get("")
@guarded("audit:list")
def list_audit() -> Response:
    """The newest records first, of those that match; ``marker`` is the id of the last seen."""
    part = listing.asked_part()
    part.check_fields(FIELDS)
    texts: dict[str, Any] = {name: asked(name) for name in _TEXTS}
    query = AuditQuery(**texts, since=_moment("since"), until=_moment("until"))
    if part.count_only:
        return listing.count(_number(query))
    most = part.limit or DEFAULT_LIMIT
    found = _read(query, read_number("marker"), most + 1)
    plain = [record_to_plain(record) for record in found[:most]]
    return listing.page(plain, part, "id", more=len(found) > most)


def _read(query: AuditQuery, before: int | None, limit: int) -> Sequence[AuditRecord]:
    return backend().storage.read(lambda tx: tx.audit.list(query, before_id=before, limit=limit))


def _number(query: AuditQuery) -> int:
    """How many records match, counted piece by piece."""
    total, before = 0, None
    while found := _read(query, before, _PIECE):
        total, before = total + len(found), found[-1].id
    return total


def record_to_plain(record: AuditRecord) -> dict[str, Any]:
    """A record as a JSON object; its time is UTC in ISO 8601."""
    return {
        "id": record.id,
        "at": datetime.datetime.fromtimestamp(record.at, datetime.UTC).isoformat(),
        "actor": record.actor,
        "verb": record.verb,
        "target": record.target,
        "outcome": record.outcome,
        "request_id": record.request_id,
        "revision": record.revision,
        "details": record.details,
    }


def _moment(name: str) -> float | None:
    """A time of the query, in ISO 8601; without a zone it is UTC."""
    text = asked(name)
    if text is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        return zoned.timestamp()
    except (ValueError, OverflowError):
        raise refuse(
            "invalid",
            f"{name} must be a time like 2026-11-28T14:00:00Z, not {text!r:.60}",
            where=name,
        ) from None
