"""The application: routes, limits and error answers, without authentication.

May import ``congress.model`` and ``congress.interfaces``.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from congress.api import access, audit, discovery, errors, health, revision
from congress.api.authority import Authority
from congress.api.backend import Backend, attach, backend
from congress.api.front import is_versioned
from congress.api.v1 import BLUEPRINTS
from congress.model.diagnostic import refuse

F = TypeVar("F", bound=Callable[..., Any])


def create_app(behind: Backend) -> Flask:
    """Make the application.

    Requests to ``/v1`` must carry a ``Caller`` in their environment.
    """
    app = make_routes()
    attach(app.extensions, behind)
    app.before_request(_bound_request)
    access.install(app, Authority(behind.conf, behind.clock))
    audit.install(app)
    revision.install(app)
    errors.install(app)
    app.register_error_handler(NotFound, _on_not_found)
    return app


class Api(Flask):
    """The application. None of its functions is asynchronous, so no request looks for that."""

    def ensure_sync(self, func: F) -> F:
        """See ``Flask.ensure_sync``."""
        return func


def make_routes() -> Flask:
    """An application that has the routes and can answer none of them."""
    app = Api("congress.api", static_folder=None)
    app.url_map.merge_slashes = False
    for blueprint in (discovery.bp, health.bp, *BLUEPRINTS):
        app.register_blueprint(blueprint)
    return app


def _bound_request() -> None:
    """Refuse what no view should have to think of."""
    most = backend().max_request_bytes
    request.max_content_length = most
    if (request.content_length or 0) > most:
        raise refuse("too-large", f"a request may have {most} bytes at most")
    if "\0" in request.path:
        raise refuse("invalid", "the path holds a NUL character")


def _on_not_found(error: NotFound) -> Response:
    """Outside ``/v1`` every path is answered with the choice of versions."""
    if is_versioned(request.path):
        return errors.on_http_error(error)
    return discovery.choices(request.path)
