"""Authorisation: who may do what. Every route passes through here.

Imports ``congress.model`` and ``congress.interfaces`` only, besides Flask.

Invariant: a route that names no rule is refused to everybody.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request

from congress.api.requests import caller
from congress.model.diagnostic import refuse

V = TypeVar("V", bound=Callable[..., Any])

#: Rules that hold for every authenticated caller; all others need the admin role.
OPEN_RULES = frozenset({"version:show"})

#: The rule of routes that need no caller at all.
PUBLIC = "public"

_ATTRIBUTE = "congress_rule"


def guarded(rule: str) -> Callable[[V], V]:
    """Name the rule that a view is subject to."""

    def mark(view: V) -> V:
        setattr(view, _ATTRIBUTE, rule)
        return view

    return mark


def rule_of(app: Flask, endpoint: str) -> str | None:
    """The rule of a route, if it names one."""
    return getattr(app.view_functions[endpoint], _ATTRIBUTE, None)


def authorise(rule: str) -> None:
    """Let the request pass, or refuse it.

    :raises Refused: ``unauthenticated`` or ``forbidden``.
    """
    who = caller()
    if rule not in OPEN_RULES and "admin" not in who.roles:
        raise refuse(
            "forbidden",
            f"{who.user_name or who.user_id} may not do this ({rule})",
            hint="it takes the role admin",
        )


def install(app: Flask) -> None:
    """Authorise every request that found a route, before its view runs."""

    def check() -> None:
        if request.endpoint is None or request.method == "OPTIONS":
            return
        rule = rule_of(app, request.endpoint)
        if rule is None:
            raise refuse("forbidden", f"nobody may use {request.path}")
        if rule != PUBLIC:
            authorise(rule)

    app.before_request(check)
