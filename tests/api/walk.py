"""All routes of the API as requests, and who should get through.

The list comes from the application, so that a route that is added is walked, too.
What is expected is said here in words of HTTP, apart from the rules it checks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from congress.api.access import rule_of
from congress.api.app import make_routes

#: What stands for the parts of a path.
NAMES: Mapping[str, str] = {
    "policy": "classification",
    "rule": "r1",
    "datasource": "cloud1",
    "table": "servers",
    "driver": "cloud",
    "library": "shelf",
}

#: Actions that answer a question and change nothing.
QUESTIONS = frozenset({"simulate", "explain"})

#: Methods and paths that need no token.
OPEN = frozenset(
    {(method, "/") for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
    | {("GET", path) for path in ("/healthcheck", "/health/live", "/health/ready")}
)

#: What everybody with a token may see.
FOR_ANYBODY = frozenset({"/v1", "/v1/openapi.json"})

#: The callers, from the least to the most powerful.
NOBODY, BAD_TOKEN, MEMBER, READER, ADMIN = "no token", "bad token", "member", "reader", "admin"


@dataclass(frozen=True)
class Step:
    """One request to make."""

    method: str
    path: str
    open: bool
    for_anybody: bool
    question: bool

    def status_for(self, who: str) -> int | None:
        """The status with which somebody is refused; ``None`` if he gets through."""
        if self.open:
            return None
        if who in (NOBODY, BAD_TOKEN):
            return 401
        if who == ADMIN or self.for_anybody:
            return None
        return None if who == READER and self.question else 403


def steps() -> Iterator[Step]:
    """Every route with every method, and every action of those that have several."""
    app = make_routes()
    for route in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: NAMES.get(found[1], "x"), route.rule)
        guard = rule_of(app, route.endpoint)
        actions = list(guard) if isinstance(guard, Mapping) else [""]
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            for action in actions:
                yield Step(
                    method,
                    f"{path}?action={action}" if action else path,
                    (method, route.rule) in OPEN,
                    route.rule in FOR_ANYBODY,
                    method == "GET" or action in QUESTIONS,
                )
