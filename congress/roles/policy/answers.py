"""Policies and rules as JSON objects, as clients have always seen them.

Imports the engine's printer and the model. No I/O.
"""

from typing import Any

from congress.engine import pretty_rule
from congress.model.policy import PolicyDef, RuleDef
from congress.roles.policy.draft import Step
from congress.roles.policy.requests import NewRule


def policy_to_plain(policy: PolicyDef) -> dict[str, Any]:
    """A policy in lists and on its own."""
    return {
        "id": policy.id,
        "name": policy.name,
        "abbreviation": policy.abbreviation,
        "description": policy.description,
        "owner_id": policy.owner,
        "kind": str(policy.kind),
    }


def created_policy_to_plain(policy: PolicyDef, rules: tuple[NewRule, ...] | None) -> dict[str, Any]:
    """A policy in the answer to its creation; its rules only if the request had any."""
    plain = policy_to_plain(policy)
    order = ("id", "name", "owner_id", "description", "abbreviation", "kind")
    created: dict[str, Any] = {key: plain[key] for key in order}
    if rules is not None:
        created["rules"] = [
            {"rule": rule.pretty, "comment": rule.comment, "name": rule.name} for rule in rules
        ]
    return created


def rule_to_plain(rule: RuleDef) -> dict[str, Any]:
    """A rule with its text as it was given."""
    return {"rule": rule.text, "id": rule.id, "comment": rule.comment, "name": rule.name}


def created_rule_to_plain(rule: RuleDef) -> dict[str, Any]:
    """A rule in the answer to its creation, laid out for reading."""
    return {**rule_to_plain(rule), "rule": pretty_rule(rule.text)}


def step_to_plain(step: Step) -> dict[str, Any]:
    """One step of a write that changes several things."""
    kind = "rule" if step.rule else "policy"
    plain = {"op": step.op, "kind": kind, "policy": step.policy, "id": step.id}
    return {**plain, "rule": step.rule} if step.rule else plain
