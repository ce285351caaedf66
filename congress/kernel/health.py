"""Health of a node: what each part says, and what follows for the whole.

May import ``congress.model`` and the standard library only.

Two questions are kept apart. *Alive*: does the process do its work, or would
starting it anew help? *Ready*: should it be given work now? A node that waits for
its first complete data is alive and not ready.
"""

from collections.abc import Callable, Mapping

from congress.model.status import Health, State, worst


def ask(health: Callable[[], Health]) -> Health:
    """A part's health; a part that cannot even tell has failed."""
    try:
        found: object = health()
    except Exception as error:
        return Health(State.FAILED, f"cannot tell its health: {type(error).__name__}: {error}")
    if isinstance(found, Health):
        return found
    return Health(State.FAILED, f"tells {found!r} for its health")


def liveness(parts: Mapping[str, Health]) -> Health:
    """Whether the node is alive: no part of it has failed."""
    failed = {name: one for name, one in parts.items() if one.state is State.FAILED}
    return _summary(failed)


def readiness(parts: Mapping[str, Health]) -> Health:
    """Whether the node can be given work: no part has failed or is not ready.

    A degraded part does its work, if not all of it.
    """
    unfit = (State.FAILED, State.NOT_READY)
    return _summary({name: one for name, one in parts.items() if one.state in unfit})


def _summary(unfit: Mapping[str, Health]) -> Health:
    if not unfit:
        return Health()
    message = "; ".join(
        f"{name}: {health.message or health.state}" for name, health in sorted(unfit.items())
    )
    found = worst(unfit.values())
    return Health(found.state, message, found.since)
