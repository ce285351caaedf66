"""Changes of policy: carried out, or only tried.

May import ``congress.model`` and ``congress.interfaces``.
"""

from collections.abc import Callable
from typing import Any

from flask import Response

from congress.api import answers
from congress.api.backend import backend
from congress.api.requests import attribution, read_flag


def edit(method: str, answer: Callable[[Any], Response], **args: Any) -> Response:
    """Have a method of the policy engine change policy.

    With ``validate_only=1`` nothing is changed, and the answer tells what would be.

    :param answer: makes the answer from what the method gave.
    """
    only = read_flag("validate_only", digits=True)
    found = backend().engine(method, **args, validate_only=only, **attribution())
    return answers.item(found) if only else answer(found)


def parked_allowed() -> bool:
    """Whether rules may name columns that are not known yet."""
    return read_flag("allow_parked", digits=True)
