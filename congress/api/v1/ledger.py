"""The action ledger: what policy and people asked for, what came of it, and decisions."""

import dataclasses
import datetime
import json
from typing import Any

from flask import Blueprint, Response

from congress.api import answers, listing
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.requests import asked, asked_action, attribution
from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionState, action_id
from congress.model.diagnostic import refuse
from congress.model.values import row_to_plain

bp = Blueprint("ledger", __name__, url_prefix="/v1/ledger")

DEFAULT_LIMIT = 1000

#: What can be decided about an entry, and the rule of each.
DECISIONS = {
    "mark-done": "ledger:mark-done",
    "retry": "ledger:retry",
    "cancel": "ledger:cancel",
}

FIELDS = (
    "id", "datasource", "action", "arguments", "policy", "rule", "state", "active", "manual",
    "generation", "attempts", "promise", "message", "result", "created_at", "updated_at",
)  # fmt: skip


@bp.get("")
@guarded("ledger:list")
def list_ledger() -> Response:
    """The newest entries first, of one data source and in one state if so asked."""
    behind = backend()
    wanted = asked("datasource")
    name = behind.datasource(wanted).name if wanted else None
    states = _states(asked("state"))
    entries = behind.storage.read(lambda tx: tx.ledger.list(name, states=states, newest_first=True))
    plain = [entry_to_plain(entry) for entry in entries]
    return listing.collection(plain, FIELDS, apart=("datasource", "state"), limit=DEFAULT_LIMIT)


@bp.post("/<entry>")
@guarded(DECISIONS)
def act_on_entry(entry: str) -> Response:
    """``action=mark-done``, ``action=retry`` or ``action=cancel``."""
    decision = asked_action(DECISIONS)
    behind = backend()
    found = _find(entry)
    about = {"key": found.key, "generation": found.generation, "decision": decision}
    source = behind.storage.read(lambda tx: tx.datasources.get(found.desired.datasource))
    told: Any = (
        behind.source(source, "decide", **about, **attribution())
        if source
        else behind.manager("decide_orphan", **about, **attribution())
    )
    decided = dataclasses.replace(
        found,
        state=ActionState(told["state"]),
        message=told["message"],
        updated_at=told["updated_at"],
    )
    return answers.item(entry_to_plain(decided))


def _find(entry: str) -> LedgerEntry:
    """The entry of an id; ids are made of keys, so all are looked at."""
    for found in backend().storage.read(lambda tx: tx.ledger.list(newest_first=True)):
        if action_id(found.key, found.generation) == entry:
            return found
    raise refuse(
        "not-found",
        f"the ledger has no entry {entry!r}",
        hint="congress ledger list --long shows the ids; a new activation has a new one",
    )


def _states(text: str | None) -> tuple[ActionState, ...]:
    if not text:
        return ()
    wanted = text.split(",")
    if unknown := [part for part in wanted if part not in set(ActionState)]:
        valid = ", ".join(ActionState)
        message = f"there is no state {unknown[0]!r}; states are {valid}"
        raise refuse("invalid", message, where="state")
    return tuple(ActionState(part) for part in wanted)


def entry_to_plain(entry: LedgerEntry) -> dict[str, Any]:
    """A ledger entry as a JSON object; times are UTC in ISO 8601."""
    desired = entry.desired
    return {
        "id": action_id(entry.key, entry.generation),
        "datasource": desired.datasource,
        "action": desired.action,
        "arguments": _arguments(entry),
        "policy": desired.policy,
        "rule": desired.rule,
        "state": str(entry.state),
        "active": entry.active,
        "manual": entry.manual,
        "generation": entry.generation,
        "attempts": entry.attempts,
        "promise": str(entry.promise),
        "message": entry.message,
        "result": entry.result,
        "created_at": _moment(entry.created_at),
        "updated_at": _moment(entry.updated_at),
    }


def _arguments(entry: LedgerEntry) -> list[Any]:
    """What the action was given; a person's call is kept as one JSON text."""
    given = row_to_plain(entry.desired.arguments)
    if not entry.manual:
        return list(given)
    try:
        call = json.loads(str(given[0]))
        named = [f"{name}={json.dumps(value)}" for name, value in call["named"].items()]
        return [*call["positional"], *named]
    except (ValueError, TypeError, LookupError, AttributeError):
        return list(given)


def _moment(seconds: float) -> str | None:
    if not seconds:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()
