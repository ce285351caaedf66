"""Which names and kinds a policy can have.

May import the tokens and ``congress.model`` only.
"""

import re

from congress.engine.lang.tokens import RESERVED
from congress.model.diagnostic import refuse
from congress.model.policy import NAME_LENGTH, PolicyKind

_FORM = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z", re.ASCII)


def valid_policy_name(name: str) -> str | None:
    """What is wrong with a policy's name, or nothing."""
    if not _FORM.match(name):
        return "it takes ASCII letters, digits, '_' and '.', and does not begin with a digit or '.'"
    if name.endswith("."):
        return "it does not end with '.'"
    if name in RESERVED:
        return f"{name!r} is a reserved word"
    if name == "builtin":
        return "'builtin' is the prefix of the builtins"
    if len(name) > NAME_LENGTH:
        return f"it has at most {NAME_LENGTH} characters"
    return None


def policy_kind(kind: str) -> PolicyKind:
    """The kind that a word in any case stands for.

    :raises Refused: if there is none.
    """
    try:
        return PolicyKind(kind.lower())
    except ValueError as error:
        choices = ", ".join(sorted(PolicyKind))
        message = f"there is no kind of policy {kind!r}"
        raise refuse("bad-kind", message, hint=f"there are {choices}") from error
