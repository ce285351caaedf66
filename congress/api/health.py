"""Whether this node is alive, and whether it should be given requests.

May import ``congress.model`` and ``congress.interfaces``. These routes need no
credentials, so they tell states only; the messages that go with them may name
what is not everybody's business.
"""

from flask import Blueprint, Response

from congress.api import answers
from congress.api.access import PUBLIC, guarded
from congress.api.backend import backend
from congress.model.status import Health, State, worst

bp = Blueprint("health", __name__)

_DEAD = (State.FAILED,)
_UNREADY = (State.FAILED, State.NOT_READY)


@bp.get("/health/live")
@guarded(PUBLIC)
def show_liveness() -> Response:
    """200 unless a part has failed, so that a restart would help."""
    return _report(_DEAD)


@bp.get("/health/ready")
@bp.get("/healthcheck")
@guarded(PUBLIC)
def show_readiness() -> Response:
    """200 if this node can answer requests now."""
    return _report(_UNREADY)


def _report(bad: tuple[State, ...]) -> Response:
    services = backend().node_health()
    overall: Health = worst(services.values())
    states = {name: str(health.state) for name, health in services.items()}
    body = {"status": str(overall.state), "services": states}
    return answers.item(body, status=503 if overall.state in bad else 200)
