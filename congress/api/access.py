"""Authorisation: every route names its rule, and every request is held against it.

Imports ``congress.model`` and ``congress.interfaces`` only, besides Flask.

Invariant: a route that names no rule is refused to everybody.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from flask import Flask

from congress.api import requests
from congress.api.authority import Authority
from congress.api.requests import asked_action, caller, this
from congress.model.diagnostic import refuse

V = TypeVar("V", bound=Callable[..., Any])

#: The rule of routes that need no caller at all.
PUBLIC = "public"

#: What a route is subject to: a rule, or one for each value of ``action`` (``""``: none).
Guard = str | Mapping[str, str]

_ATTRIBUTE = "congress_rule"
_EXCEPTION = "congress_exception"
_EXTENSION = "congress_authority"
_IMPLIED = {"HEAD", "OPTIONS"}


def guarded(
    rule: Guard, *, unless: Callable[[dict[str, Any]], bool] = lambda _environ: False
) -> Callable[[V], V]:
    """Name the rule that a view is subject to; by action, if it has several.

    :param unless: tells of requests which the view judges itself.
    """

    def mark(view: V) -> V:
        setattr(view, _ATTRIBUTE, rule)
        setattr(view, _EXCEPTION, unless)
        return view

    return mark


def rule_of(app: Flask, endpoint: str) -> Guard | None:
    """What a route is subject to, if it says so."""
    return getattr(app.view_functions[endpoint], _ATTRIBUTE, None)


def operations(app: Flask) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The methods and paths that each rule guards."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for rule, method, path in _guarded_routes(app):
        found[rule].append((method, path))
    return {rule: sorted(routes, key=lambda route: route[1]) for rule, routes in found.items()}


def _guarded_routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    for route in app.url_map.iter_rules():
        path = route.rule.replace("<", "{").replace(">", "}")
        guard = rule_of(app, route.endpoint) or PUBLIC
        for method in sorted((route.methods or set()) - _IMPLIED):
            if isinstance(guard, str):
                yield guard, method, path
            else:
                for action, rule in guard.items():
                    yield rule, method, f"{path}?action={action}" if action else path


def authorise(*rules: str) -> None:
    """Let the request pass if all the rules do, or refuse it.

    :raises Refused: ``unauthenticated`` or ``forbidden``.
    """
    who = caller()
    authority = cast(Authority, requests.app().extensions[_EXTENSION])
    for rule in rules:
        if authority.allows(rule, who):
            continue
        raise refuse(
            "forbidden",
            f"{who.name} may not do this ({rule})",
            hint="it takes the role admin, or to see something the role reader in the scope "
            "of the system, unless the policy file says otherwise",
        )


def _excepted(view: Callable[..., Any]) -> bool:
    """Whether the view judges the request itself."""
    return bool(getattr(view, _EXCEPTION)(this().environ))


def attach(extensions: dict[str, Any], authority: Authority) -> None:
    """Make it the judge within an application."""
    extensions[_EXTENSION] = authority


def check() -> None:
    """Authorise a request that found a route, before its view runs.

    :raises Refused: it may not go on.
    """
    asked = this()
    if asked.endpoint is None or asked.method == "OPTIONS":
        return
    app = requests.app()
    guard = rule_of(app, asked.endpoint)
    if guard is None:
        raise refuse("forbidden", f"nobody may use {asked.path}")
    if guard == PUBLIC or _excepted(app.view_functions[asked.endpoint]):
        return
    if not isinstance(guard, str):
        caller()
        guard = guard[asked_action(guard)]
    authorise(guard)
