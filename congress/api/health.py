"""Whether this node is alive, and whether it should be given requests.

May import ``congress.model`` and the kernel's idea of health. These routes need no
credentials, so they tell states only; the messages that go with them may name
what is not everybody's business.
"""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response
from oslo_config import cfg
from oslo_middleware.healthcheck.disable_by_file import DisableByFileHealthcheck
from oslo_middleware.healthcheck.opts import DISABLE_BY_FILE_OPTS

from congress.api import answers
from congress.api.access import PUBLIC, guarded
from congress.api.backend import backend
from congress.kernel.health import liveness, readiness
from congress.model.status import Health, State

bp = Blueprint("health", __name__)


@bp.get("/health/live")
@guarded(PUBLIC)
def show_liveness() -> Response:
    """200 unless a part has failed, so that a restart would help."""
    return _report(liveness)


@bp.get("/health/ready")
@bp.get("/healthcheck")
@guarded(PUBLIC)
def show_readiness() -> Response:
    """200 if this node can answer requests now, and nobody took it out of service."""
    if _taken_out(backend().conf):
        return _answer(Health(State.NOT_READY), {})
    return _report(readiness)


def _taken_out(conf: cfg.ConfigOpts) -> bool:
    """Whether the file is there that ``[healthcheck] disable_by_file_path`` names."""
    conf.register_opts(DISABLE_BY_FILE_OPTS, group="healthcheck")
    if not conf.healthcheck.disable_by_file_path:
        return False
    return not DisableByFileHealthcheck(conf, {}).healthcheck(0).available


def _report(judge: Callable[[Mapping[str, Health]], Health]) -> Response:
    services = backend().node_health()
    return _answer(judge(services), services)


def _answer(verdict: Health, services: Mapping[str, Health]) -> Response:
    states = {name: str(health.state) for name, health in services.items()}
    body = {"status": str(verdict.state), "services": states}
    return answers.item(body, status=200 if verdict.state is State.OK else 503)
