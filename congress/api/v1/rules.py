"""Rules of a policy: list, show, create, delete."""

from typing import Any

import msgspec
from flask import Blueprint, Response

from congress.api import answers
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.requests import attribution, read_body
from congress.model.diagnostic import refuse
from congress.model.policy import COMMENT_LENGTH, NAME_LENGTH

bp = Blueprint("rules", __name__, url_prefix="/v1/policies/<policy>/rules")


class NewRule(msgspec.Struct):
    """One statement, as a client gives it. Other keys, an ``id`` too, mean nothing."""

    rule: str
    name: str | None = None
    comment: str | None = None

    def checked(self, where: str = "") -> dict[str, Any]:
        """The rule as a role takes it.

        :raises Refused: a name or comment that is too long.
        """
        for field, limit in (("name", NAME_LENGTH), ("comment", COMMENT_LENGTH)):
            if len(getattr(self, field) or "") > limit:
                place = f"{where}.{field}" if where else field
                raise refuse(
                    "invalid", f"a rule's {field} has at most {limit} characters", where=place
                )
        return {"rule": self.rule, "name": self.name, "comment": self.comment}


@bp.get("")
@guarded("policy:rule:list")
def list_rules(policy: str) -> Response:
    """The rules of a policy, with the texts they were given as."""
    return answers.collection(backend().engine("rule_list", policy=policy))


@bp.post("")
@guarded("policy:rule:create")
def create_rule(policy: str) -> Response:
    """Add one statement to a policy."""
    args = read_body(NewRule).checked()
    rule = backend().engine("rule_create", policy=policy, **args, **attribution())
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
