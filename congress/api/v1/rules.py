"""Rules of a policy: list, show, create, change, delete."""

import msgspec
from flask import Blueprint, Response

from congress.api import answers, etags, listing
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.edits import edit, parked_allowed
from congress.api.requests import read_body, read_changes

bp = Blueprint("rules", __name__, url_prefix="/v1/policies/<policy>/rules")

FIELDS = ("rule", "id", "comment", "name")


class NewRule(msgspec.Struct):
    """One statement, as a client gives it. Other keys, an ``id`` too, mean nothing."""

    rule: str
    name: str | None = None
    comment: str | None = None


class RuleChanges(msgspec.Struct, forbid_unknown_fields=True):
    """What a statement is to be given. An ``id`` may be there and means nothing."""

    id: object = msgspec.UNSET
    rule: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    comment: str | msgspec.UnsetType | None = msgspec.UNSET


@bp.get("")
@guarded("policy:rule:list")
def list_rules(policy: str) -> Response:
    """The rules of a policy, with the texts they were given as."""
    return listing.collection(backend().engine("rule_list", policy=policy), FIELDS)


@bp.post("")
@guarded("policy:rule:create")
def create_rule(policy: str) -> Response:
    """Add one statement to a policy.

    With ``allow_parked=1`` it may name columns that are not known yet.
    """
    return edit(
        "rule_create",
        lambda rule: answers.created(rule, "policies", policy, "rules"),
        policy=policy,
        **msgspec.structs.asdict(read_body(NewRule)),
        allow_parked=parked_allowed(),
    )


@bp.get("/<rule>")
@guarded("policy:rule:show")
def show_rule(policy: str, rule: str) -> Response:
    """One rule."""
    return etags.tagged(backend().engine("rule_show", policy=policy, rule=rule))


@bp.put("/<rule>")
@guarded("policy:rule:update")
def replace_rule(policy: str, rule: str) -> Response:
    """Give a rule another text, name and comment; it keeps its id."""
    return _change(policy, rule, msgspec.structs.asdict(read_body(NewRule)))


@bp.patch("/<rule>")
@guarded("policy:rule:update")
def change_rule(policy: str, rule: str) -> Response:
    """Give a rule what the body has, and leave it the rest."""
    return _change(policy, rule, read_changes(RuleChanges))


@bp.delete("/<rule>")
@guarded("policy:rule:delete")
def delete_rule(policy: str, rule: str) -> Response:
    """Delete a rule; answers what was deleted."""
    seen = etags.seen(lambda: backend().engine("rule_show", policy=policy, rule=rule))
    return edit("rule_delete", answers.item, policy=policy, rule=rule, seen=seen)


def _change(policy: str, rule: str, changes: dict[str, object]) -> Response:
    seen = etags.seen(lambda: backend().engine("rule_show", policy=policy, rule=rule))
    return edit(
        "rule_update",
        etags.tagged,
        policy=policy,
        rule=rule,
        changes=changes,
        seen=seen,
        allow_parked=parked_allowed(),
    )
