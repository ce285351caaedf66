"""Policies and rules as they are stored and shown, without their meaning.

May import the standard library and ``congress.model`` only. What a rule means
is the business of ``congress.engine``; here it is a text with a name.
"""

import enum
from dataclasses import dataclass

ABBREVIATION_LENGTH = 5
NAME_LENGTH = 255
COMMENT_LENGTH = 255

#: The owner every policy shows; older dashboards offer "delete" only for it.
OWNER = "user"

#: Policies that always exist and cannot be deleted, with their kinds.
SYSTEM_POLICIES = {"classification": "nonrecursive", "action": "action"}


class PolicyKind(enum.StrEnum):
    """What a policy may hold. ``Z3`` is an alias that old clients use."""

    NONRECURSIVE = "nonrecursive"
    ACTION = "action"
    DATALOG = "datalog"
    Z3 = "z3"
    DATASOURCE = "datasource"

    @property
    def recursive(self) -> bool:
        """Whether rules of this kind may depend on themselves."""
        return self in (PolicyKind.DATALOG, PolicyKind.Z3)


@dataclass(frozen=True, slots=True)
class PolicyDef:
    """A named set of rules."""

    id: str
    name: str
    kind: PolicyKind = PolicyKind.NONRECURSIVE
    abbreviation: str = ""
    description: str = ""
    owner: str = OWNER


@dataclass(frozen=True, slots=True)
class RuleDef:
    """One stored statement of a policy: its text is kept as it was given."""

    id: str
    policy: str
    text: str
    name: str | None = None
    comment: str = ""


def default_abbreviation(name: str) -> str:
    """The abbreviation of a policy for which none was given."""
    return name[:ABBREVIATION_LENGTH]
