"""Explanations as answers of the service, with the age of the rows of sources.

Imports the engine and the model. No I/O, no clock.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from congress.engine import (
    DEEPEST,
    Bounds,
    Engine,
    Standing,
    explanation_to_plain,
    explanation_to_text,
)
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.model.values import TRUE, Row
from congress.roles.policy.runtime import Deadline
from congress.roles.policy.standing import STATUS_SOURCE, STATUS_TABLE

#: The most that a request may ask for: an answer has to fit into a message.
MOST = Bounds(limit=1000, depth=DEEPEST, nodes=10_000, alternatives=100, examples=100)

#: Works an explanation out; on any thread, while the engine goes on.
Pending: TypeAlias = Callable[[], dict[str, Any]]


def read_bounds(**given: object) -> Bounds:
    """Bounds from the arguments of a call; null counts as not given.

    :raises Refused: with everything that is wrong.
    """
    problems: list[Diagnostic] = []
    chosen: dict[str, int] = {}
    for name, value in given.items():
        most = getattr(MOST, name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
            message = f"{name} must be a number from 1 to {most}"
            problems.append(Diagnostic("invalid", message, where=name))
        else:
            chosen[name] = value
    if problems:
        raise Refused(*problems)
    return Bounds(**chosen)


def examine(
    engine: Engine, policy: str, atom: object, bounds: Bounds, now: float, deadline: Deadline
) -> Pending:
    """Copy what an explanation needs while the engine holds still.

    :param now: seconds since the epoch.
    :raises Refused: if the atom is none that can be explained.
    """
    if not isinstance(atom, str):
        raise refuse("invalid", "query must be a text", where="query")
    pending = engine.examine(policy, atom, bounds=bounds, deadline=deadline)
    known = _standings(engine.rows(STATUS_SOURCE, STATUS_TABLE), now)

    def explain() -> dict[str, Any]:
        found = replace(pending(), standings=known)
        return {**explanation_to_plain(found), "text": explanation_to_text(found)}

    return explain


def _standings(rows: Iterable[Row], now: float) -> dict[tuple[str, str], Standing]:
    """How far the tables of sources can be relied on, from the table of statuses."""
    known: dict[tuple[str, str], Standing] = {}
    for source, table, as_of, complete, stale, _ in rows:
        age = max(0.0, now - as_of) if isinstance(as_of, int | float) else None
        known[str(source), str(table)] = Standing(age, complete is TRUE, stale is TRUE)
    return known
