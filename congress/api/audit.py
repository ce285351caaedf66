"""The audit trail of requests: what was refused, and what no role keeps a record of.

May import ``congress.model`` and ``congress.interfaces``, besides Flask.

Invariant: every request to write that came to a route leaves a record. Where a view
hands ``attribution`` to a role, the role stores it within the write; all others, and
those that were not carried out, are recorded here once the answer is known.
"""

import logging

from flask import Response

from congress.api.access import rule_of
from congress.api.access_rules import READS
from congress.api.backend import backend
from congress.api.requests import app, asked, attributed, request_id, this
from congress.interfaces.auth import CALLER_KEY, Caller
from congress.interfaces.storage import AuditRecord, StorageError, Transaction

LOG = logging.getLogger(__name__)

DENIED, REFUSED, FAILED, OK = "denied", "refused", "failed", "ok"

#: Who sent a notification that a signature vouches for.
SIGNATURE = "signature"

_SAFE = ("GET", "HEAD", "OPTIONS")

#: The longest path that is kept in full.
_LENGTH = 1000


def outcome_of(status: int) -> str:
    """What a status means for a write."""
    if status == 403:
        return DENIED
    if status >= 500:
        return FAILED
    return REFUSED if status >= 400 else OK


def record(response: Response) -> None:
    """Record a request to write, now that its answer is known."""
    verb = _written()
    if verb is None:
        return
    outcome = outcome_of(response.status_code)
    actor = _actor(outcome)
    if actor is None or (outcome == OK and attributed()):
        return
    target = this().path.removeprefix("/v1/")[:_LENGTH]
    details = {"status": response.status_code}

    def add(tx: Transaction) -> None:
        at, number = backend().clock.time(), tx.changes.revision()
        tx.audit.add(AuditRecord(at, actor, verb, target, outcome, request_id(), number, details))

    try:
        backend().storage.run(add)
    except StorageError as error:
        LOG.warning("no audit record of %s %s by %s: %s", verb, target, actor, error)


def _actor(outcome: str) -> str | None:
    """Who sent the request. What strangers try is not kept: they could fill the database."""
    found = this().environ.get(CALLER_KEY)
    if isinstance(found, Caller):
        return found.name
    return SIGNATURE if outcome == OK else None


def _written() -> str | None:
    """The rule of a request to write; ``None`` for others."""
    request = this()
    if request.method in _SAFE or request.endpoint is None:
        return None
    guard = rule_of(app(), request.endpoint)
    if guard is not None and not isinstance(guard, str):
        guard = guard.get((asked("action") or "").replace("_", "-"))
    return None if guard in READS else guard
