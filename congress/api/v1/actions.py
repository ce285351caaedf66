"""What can be done to a policy or a data source besides storing it."""

from typing import Any

import msgspec
from flask import Blueprint, Response

from congress.api import answers, listing
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.errors import Answer, RouteRefused, refuse_with
from congress.api.requests import asked_action, attribution, read_body, read_flag
from congress.interfaces.storage import DatasourceRecord
from congress.model.diagnostic import LANGUAGE_CODES, Refused, refuse

bp = Blueprint("actions", __name__, url_prefix="/v1")

INCOMPLETE_SIMULATION = 1004
SIMULATION_FAILED = 1007
EXECUTION_REFUSED = 1016
BAD_ACTION_NAME = 1017
BAD_ARGUMENTS = 1018


class Simulation(msgspec.Struct):
    """The body of a simulation; null counts as missing."""

    query: str | None = None
    sequence: str | None = None
    action_policy: str | None = None


class Inquiry(msgspec.Struct):
    """The body of a request for an explanation; how much it may tell can be left out."""

    query: str | None = None
    limit: int | None = None
    depth: int | None = None
    nodes: int | None = None
    alternatives: int | None = None
    examples: int | None = None


class Execution(msgspec.Struct):
    """The body of a manual action."""

    name: str | None = None
    args: object = None


@bp.post("/policies/<policy>")
@guarded({"simulate": "policy:simulate", "explain": "policy:explain", "execute": "policy:execute"})
def act_on_policy(policy: str) -> Response:
    """``action=simulate``, ``action=explain`` or ``action=execute``."""
    known = {"simulate": _simulate, "explain": _explain, "execute": _execute_by_policy}
    return known[asked_action(known)](policy)


@bp.post("/data-sources/<datasource>")
@guarded({"request-refresh": "datasource:request-refresh", "execute": "datasource:execute"})
def act_on_datasource(datasource: str) -> Response:
    """``action=request-refresh`` or ``action=execute``."""
    known = {"request-refresh": _refresh, "execute": _execute}
    return known[asked_action(known)](datasource)


@bp.get("/data-sources/<datasource>/actions")
@guarded("datasource:action:list")
def list_actions(datasource: str) -> Response:
    """What a data source can be told to do, by name."""
    record = backend().datasource(datasource)
    found: list[dict[str, Any]] = backend().source(record, "actions")
    by_name = sorted(found, key=lambda action: str(action["name"]))
    return listing.collection(by_name, ("name", "args", "description"), key="name")


def _simulate(policy: str) -> Response:
    body = read_body(Simulation)
    missing = [name for name in body.__struct_fields__ if getattr(body, name) is None]
    if missing:
        text = f"a simulation needs {', '.join(missing)}"
        raise refuse_with(400, INCOMPLETE_SIMULATION, text, where=missing[0])
    try:
        found = backend().engine(
            "simulate",
            policy=policy,
            query=body.query,
            sequence=body.sequence,
            action_policy=body.action_policy,
            delta=read_flag("delta", digits=True),
            trace=read_flag("trace", digits=True),
        )
    except Refused as refused:
        if refused.code not in LANGUAGE_CODES and refused.code != "not-found":
            raise
        backend().engine("policy_status", policy=policy)
        raise RouteRefused(Answer(400, SIMULATION_FAILED), *refused.diagnostics) from refused
    return answers.item(found)


def _explain(policy: str) -> Response:
    """Why the rows of an atom are there, or why there are none."""
    body = read_body(Inquiry)
    if body.query is None:
        text = "an explanation needs a query"
        hint = 'send for instance {"query": "error(x)"}'
        raise refuse("invalid", text, hint=hint, where="query")
    found = backend().engine("explain", policy=policy, **msgspec.structs.asdict(body))
    return answers.item(found)


def _execute_by_policy(_policy: str) -> Response:
    """The name is ``service:action``; which policy was addressed does not matter."""
    body = _execution()
    service, _, action = str(body.name).partition(":")
    if not service or not action or ":" in action:
        text = f"the name must be service:action, not {body.name!r}"
        raise refuse_with(400, BAD_ACTION_NAME, text, where="name")
    try:
        record = backend().datasource(service)
    except Refused as refused:
        raise RouteRefused(Answer(400, EXECUTION_REFUSED), *refused.diagnostics) from refused
    return _run(record, action, body.args)


def _execute(datasource: str) -> Response:
    record = backend().datasource(datasource)
    body = _execution()
    return _run(record, str(body.name), body.args)


def _execution() -> Execution:
    body = read_body(Execution)
    if not body.name:
        raise refuse_with(400, EXECUTION_REFUSED, "an action needs a name", where="name")
    if body.args is not None and not isinstance(body.args, dict):
        raise refuse_with(
            400,
            BAD_ARGUMENTS,
            'args must be an object such as {"positional": [], "named": {}}',
            where="args",
        )
    return body


def _run(record: DatasourceRecord, name: str, args: object) -> Response:
    """Have an action executed; with ``wait=true`` the answer tells what came of it."""
    done: Any = backend().source_patiently(
        record,
        "execute",
        name=name,
        args=args or {},
        wait=read_flag("wait", digits=True),
        **attribution(),
    )
    return answers.item(done or {})


def _refresh(datasource: str) -> Response:
    record = backend().datasource(datasource)
    read_body(object, default={})
    backend().source(record, "refresh")
    return answers.item(None)
