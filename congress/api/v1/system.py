"""How all nodes of this Congress fare, for people and for Prometheus."""

from flask import Blueprint, Response

from congress.api import answers, metrics
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.survey import survey

bp = Blueprint("system", __name__, url_prefix="/v1/system")


@bp.get("/status")
@guarded("system:status")
def show_system_status() -> Response:
    """Every node that is alive: its services, its bus, its policy engine, its data sources."""
    return answers.item(survey(backend()))


@bp.get("/metrics")
@guarded("system:metrics")
def show_metrics() -> Response:
    """The same in the text format of Prometheus."""
    text = metrics.render(survey(backend()), backend().clock.time())
    return Response(text, content_type=metrics.CONTENT_TYPE)
