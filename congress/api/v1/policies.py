"""Policies: list, show, create, delete."""

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from congress.api import answers
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.errors import refuse_with
from congress.api.requests import attribution, read_body, read_flag
from congress.api.v1.rules import NewRule
from congress.model.diagnostic import refuse
from congress.model.policy import ABBREVIATION_LENGTH

bp = Blueprint("policies", __name__, url_prefix="/v1/policies")

NO_NAME = 1010
BAD_ABBREVIATION = 1022


class NewPolicy(msgspec.Struct):
    """The body of a creation. Old clients send null for what is not set."""

    name: str | None = None
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    abbreviation: object = msgspec.UNSET
    kind: str | msgspec.UnsetType | None = msgspec.UNSET
    rules: list[NewRule] | msgspec.UnsetType = msgspec.UNSET


@bp.get("")
@guarded("policy:list")
def list_policies() -> Response:
    """All policies that are stored; those that mirror a data source are not."""
    return answers.collection(backend().engine("policy_list"))


@bp.post("")
@guarded("policy:create")
def create_policy() -> Response:
    """Create a policy, with rules if the body has the key ``rules``.

    With ``library_policy=L`` it is created as the library has it, and the body is empty.
    """
    if "library_policy" in request.args:
        return _activate(request.args["library_policy"])
    body = read_body(NewPolicy)
    args = _creation(body)
    return answers.created(backend().engine("policy_create", **args, **attribution()), "policies")


def _activate(library: str) -> Response:
    if read_body(object, default=()):
        message = "a policy is created as the library has it; the body must be empty or {}"
        raise refuse("invalid", message)
    made = backend().engine(
        "library_activate",
        library=library,
        allow_parked=read_flag("allow_parked", digits=True),
        **attribution(),
    )
    return answers.created(made, "policies")


def _creation(body: NewPolicy) -> dict[str, Any]:
    """The arguments of ``policy_create``; refuses what no policy can have."""
    if not body.name:
        raise refuse_with(400, NO_NAME, "a policy needs a name", where="name")
    args: dict[str, Any] = {"name": body.name, "abbreviation": _abbreviation(body.abbreviation)}
    args["description"] = body.description or None
    args["kind"] = body.kind.lower() if isinstance(body.kind, str) and body.kind else None
    if not isinstance(body.rules, msgspec.UnsetType):
        _refuse_nulls(body)
        args["rules"] = [msgspec.structs.asdict(rule) for rule in body.rules]
    return args


def _abbreviation(given: object) -> str | None:
    if given is msgspec.UNSET or given is None:
        return None
    if isinstance(given, str) and 0 < len(given) <= ABBREVIATION_LENGTH:
        return given
    raise refuse_with(
        400,
        BAD_ABBREVIATION,
        f"an abbreviation is a text of 1 to {ABBREVIATION_LENGTH} characters, not {given!r:.40}",
        where="abbreviation",
    )


def _refuse_nulls(body: NewPolicy) -> None:
    """With rules, what is not known must be left out."""
    for name in ("description", "abbreviation", "kind"):
        if getattr(body, name) is None:
            raise refuse("invalid", f"{name} must be a text or left out, not null", where=name)


@bp.get("/<policy>")
@guarded("policy:show")
def show_policy(policy: str) -> Response:
    """One policy."""
    return answers.item(backend().engine("policy_show", policy=policy))


@bp.delete("/<policy>")
@guarded("policy:delete")
def delete_policy(policy: str) -> Response:
    """Delete a policy and its rules; answers what was deleted."""
    return answers.item(backend().engine("policy_delete", policy=policy, **attribution()))
