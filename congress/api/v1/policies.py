"""Policies: list, show, create, change, apply, delete."""

from typing import Any

import msgspec
from flask import Blueprint, Response

from congress.api import answers, etags, listing
from congress.api.access import authorise, guarded
from congress.api.access_rules import ADD_RULE, EXCHANGE
from congress.api.backend import backend
from congress.api.edits import edit, parked_allowed
from congress.api.errors import refuse_with
from congress.api.requests import (
    asked,
    asked_action,
    given,
    read_body,
    read_changes,
    read_flag,
    read_number,
)
from congress.api.v1.rules import NewRule
from congress.model.diagnostic import refuse
from congress.model.policy import ABBREVIATION_LENGTH

bp = Blueprint("policies", __name__, url_prefix="/v1/policies")

FIELDS = ("id", "name", "abbreviation", "description", "owner_id", "kind")

NO_NAME = 1010
BAD_ABBREVIATION = 1022


class NewPolicy(msgspec.Struct):
    """The body of a creation. Old clients send null for what is not set."""

    name: str | None = None
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    abbreviation: object = msgspec.UNSET
    kind: str | msgspec.UnsetType | None = msgspec.UNSET
    rules: list[NewRule] | msgspec.UnsetType = msgspec.UNSET


class PolicyChanges(msgspec.Struct, forbid_unknown_fields=True):
    """What a policy is to be given; null is the default.

    ``id`` and ``owner_id`` may be there, as in the answers, and mean nothing.
    """

    id: object = msgspec.UNSET
    owner_id: object = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    abbreviation: object = msgspec.UNSET
    kind: str | msgspec.UnsetType | None = msgspec.UNSET
    rules: list[NewRule] | msgspec.UnsetType = msgspec.UNSET


class DescribedPolicy(PolicyChanges, rename={"depends_on": "depends-on"}):
    """A policy of a file; what is left out stays as it is, or has its default."""

    depends_on: list[str] | msgspec.UnsetType = msgspec.UNSET


class Application(msgspec.Struct):
    """Policies as they are to be."""

    policies: list[DescribedPolicy]


@bp.get("")
@guarded("policy:list")
def list_policies() -> Response:
    """All policies that are stored; those that mirror a data source are not."""
    return listing.collection(backend().engine("policy_list"), FIELDS)


@bp.post("")
@guarded({"": "policy:create", "apply": "policy:apply"})
def create_policy() -> Response:
    """Create a policy, with rules if the body has the key ``rules``; or ``action=apply``.

    With ``library_policy=L`` it is created as the library has it, and the body is empty.
    """
    if asked_action(("", "apply")) == "apply":
        return _apply()
    if (library := asked("library_policy")) is not None:
        return _activate(library)
    new = _creation(read_body(NewPolicy))
    return edit("policy_create", _created, **new, allow_parked=parked_allowed())


def _created(policy: dict[str, Any]) -> Response:
    return answers.created(policy, "policies")


def _apply() -> Response:
    """Let policies be as the body describes them, all at once; answers what that took."""
    return edit(
        "policy_apply",
        answers.item,
        policies=msgspec.to_builtins(read_body(Application))["policies"],
        revision=read_number("revision"),
        prune=read_flag("prune", digits=True),
        allow_parked=parked_allowed(),
    )


def _activate(library: str) -> Response:
    if read_body(object, default=()):
        message = "a policy is created as the library has it; the body must be empty or {}"
        raise refuse("invalid", message)
    authorise(ADD_RULE)
    return edit("library_activate", _created, library=library, allow_parked=parked_allowed())


def _creation(body: NewPolicy) -> dict[str, Any]:
    """The arguments of ``policy_create``; refuses what no policy can have."""
    if not body.name:
        raise refuse_with(400, NO_NAME, "a policy needs a name", where="name")
    args: dict[str, Any] = {"name": body.name, "abbreviation": _abbreviation(body.abbreviation)}
    args["description"] = body.description or None
    args["kind"] = body.kind.lower() if isinstance(body.kind, str) and body.kind else None
    if not isinstance(body.rules, msgspec.UnsetType):
        authorise(ADD_RULE)
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
    return etags.tagged(backend().engine("policy_show", policy=policy))


@bp.put("/<policy>")
@guarded("policy:update")
def replace_policy(policy: str) -> Response:
    """Give a policy what the body has, and defaults for the rest.

    It keeps its kind, and its rules, unless the body has others.
    """
    defaults = {"description": None, "abbreviation": None}
    return _change(policy, {**defaults, **given(read_body(PolicyChanges))})


@bp.patch("/<policy>")
@guarded("policy:update")
def change_policy(policy: str) -> Response:
    """Give a policy what the body has, and leave it the rest."""
    return _change(policy, read_changes(PolicyChanges))


def _change(policy: str, changes: dict[str, Any]) -> Response:
    if "abbreviation" in changes:
        _abbreviation(changes["abbreviation"])
    if "rules" in changes:
        authorise(*EXCHANGE)
    seen = etags.seen(lambda: backend().engine("policy_show", policy=policy))
    return edit(
        "policy_update",
        etags.tagged,
        policy=policy,
        description=msgspec.to_builtins(changes),
        seen=seen,
        allow_parked=parked_allowed(),
    )


@bp.delete("/<policy>")
@guarded("policy:delete")
def delete_policy(policy: str) -> Response:
    """Delete a policy and its rules; answers what was deleted."""
    seen = etags.seen(lambda: backend().engine("policy_show", policy=policy))
    return edit("policy_delete", answers.item, policy=policy, seen=seen)
