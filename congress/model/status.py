"""How well a part of the system is.

May import the standard library only.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class State(enum.StrEnum):
    """The four states a part can be in, from best to worst."""

    OK = "ok"
    NOT_READY = "not_ready"
    DEGRADED = "degraded"
    FAILED = "failed"


_BADNESS = {State.OK: 0, State.NOT_READY: 1, State.DEGRADED: 2, State.FAILED: 3}


@dataclass(frozen=True, slots=True)
class Health:
    """The state of one part, with what a person should know about it.

    ``since`` is in seconds since the epoch; zero where nobody kept it.
    """

    state: State = State.OK
    message: str = ""
    since: float = 0.0


def worst(healths: Iterable[Health]) -> Health:
    """The worst of several; fine if there are none. The first of equals wins."""
    result = Health()
    for health in healths:
        if _BADNESS[health.state] > _BADNESS[result.state]:
            result = health
    return result
