"""The application: routes, limits and error answers, without authentication.

May import ``congress.model`` and ``congress.interfaces``.

What every request passes stands here: ``_admit`` before its view, ``_complete`` after it.
"""

from typing import Any

from flask import Response
from werkzeug.exceptions import NotFound

from congress.api import access, audit, discovery, errors, health, revision
from congress.api.application import Api
from congress.api.authority import Authority
from congress.api.backend import Backend, attach, backend
from congress.api.front import is_versioned
from congress.api.requests import this
from congress.api.v1 import BLUEPRINTS
from congress.model.diagnostic import refuse


def create_app(behind: Backend) -> Api:
    """Make the application.

    Requests to ``/v1`` must carry a ``Caller`` in their environment.
    """
    app = make_routes(_admit, _complete)
    attach(app.extensions, behind)
    access.attach(app.extensions, Authority(behind.conf, behind.clock))
    errors.install(app)
    app.register_error_handler(NotFound, _on_not_found)
    return app


def make_routes(*steps: Any) -> Api:
    """An application that has the routes and, without the steps, can answer none of them."""
    app = Api("congress.api", *steps)
    for blueprint in (discovery.bp, health.bp, *BLUEPRINTS):
        app.register_blueprint(blueprint)
    return app


def _admit() -> None:
    """Refuse what no view should have to think of."""
    environ = this().environ
    if "CONTENT_LENGTH" in environ or environ["REQUEST_METHOD"] != "GET":
        _bound_body()
    if "\0" in environ["PATH_INFO"]:
        raise refuse("invalid", "the path holds a NUL character")
    access.check()
    revision.await_asked()


def _bound_body() -> None:
    """Refuse a body that says it is too large; of one that says nothing, no more is read."""
    asked, most = this(), backend().max_request_bytes
    asked.max_content_length = most
    if (asked.content_length or 0) > most:
        raise refuse("too-large", f"a request may have {most} bytes at most")


def _complete(response: Response) -> None:
    """Add what every answer tells, and keep what every request leaves."""
    revision.tell(response)
    audit.record(response)


def _on_not_found(error: NotFound) -> Response:
    """Outside ``/v1`` every path is answered with the choice of versions."""
    path = this().path
    if is_versioned(path):
        return errors.on_http_error(error)
    return discovery.choices(path)
