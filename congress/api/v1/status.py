"""How policies, rules and data sources are."""

from flask import Blueprint, Response

from congress.api import answers
from congress.api.access import guarded
from congress.api.backend import backend

bp = Blueprint("status", __name__, url_prefix="/v1")


@bp.get("/policies/<policy>/status")
@guarded("policy:status:show")
def show_policy_status(policy: str) -> Response:
    """Whether a policy is in force; data sources have a policy of their name as well."""
    return answers.item(backend().engine("policy_status", policy=policy))


@bp.get("/policies/<policy>/rules/<rule>/status")
@guarded("policy:rule:status:show")
def show_rule_status(policy: str, rule: str) -> Response:
    """Whether a rule is in force."""
    return answers.item(backend().engine("rule_status", policy=policy, rule=rule))


@bp.get("/data-sources/<datasource>/status")
@guarded("datasource:status:show")
def show_datasource_status(datasource: str) -> Response:
    """How a data source fares; all values but the lists are texts."""
    record = backend().datasource(datasource)
    return answers.item(backend().source(record, "status"))
