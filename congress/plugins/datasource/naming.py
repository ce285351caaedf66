"""Names that a policy can refer to, and how to make one out of any text.

May import the standard library only.

Invariant: ``identifier`` gives a name that ``name_problem`` has nothing to say
about, and leaves such a name as it is.
"""

import re

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_FOREIGN = re.compile(r"[^A-Za-z0-9_]+")
_RESERVED = frozenset({"not", "NOT", "execute", "insert", "delete"})


def name_problem(name: str) -> str | None:
    """Say why a policy cannot refer to a table or column of that name, or nothing."""
    if name in _RESERVED:
        return f"{name!r} is a reserved word of the policy language"
    if not _NAME.fullmatch(name):
        return f"{name!r} is not a name (letters, digits, '_' and '.', no digit first)"
    return None


def identifier(text: str) -> str:
    """The nearest name that a policy can refer to; empty if nothing is left of the text."""
    if name_problem(text) is None:
        return text
    name = _FOREIGN.sub("_", text.strip()).strip("_")
    if not name:
        return ""
    if name in _RESERVED or name[0].isdigit():
        return f"_{name}"
    return name
