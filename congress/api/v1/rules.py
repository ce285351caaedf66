"""Rules of a policy: list, show, create, delete."""

import msgspec
from flask import Blueprint, Response

from congress.api import answers
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.requests import attribution, read_body, read_flag

bp = Blueprint("rules", __name__, url_prefix="/v1/policies/<policy>/rules")


class NewRule(msgspec.Struct):
    """One statement, as a client gives it. Other keys, an ``id`` too, mean nothing."""

    rule: str
    name: str | None = None
    comment: str | None = None


@bp.get("")
@guarded("policy:rule:list")
def list_rules(policy: str) -> Response:
    """The rules of a policy, with the texts they were given as."""
    return answers.collection(backend().engine("rule_list", policy=policy))


@bp.post("")
@guarded("policy:rule:create")
def create_rule(policy: str) -> Response:
    """Add one statement to a policy.

    With ``allow_parked=1`` it may name columns that are not known yet.
    """
    rule = backend().engine(
        "rule_create",
        policy=policy,
        **msgspec.structs.asdict(read_body(NewRule)),
        allow_parked=read_flag("allow_parked", digits=True),
        **attribution(),
    )
    return answers.created(rule, "policies", policy, "rules")


@bp.get("/<rule>")
@guarded("policy:rule:show")
def show_rule(policy: str, rule: str) -> Response:
    """One rule."""
    return answers.item(backend().engine("rule_show", policy=policy, rule=rule))


@bp.delete("/<rule>")
@guarded("policy:rule:delete")
def delete_rule(policy: str, rule: str) -> Response:
    """Delete a rule; answers what was deleted."""
    return answers.item(backend().engine("rule_delete", policy=policy, rule=rule, **attribution()))
