"""Flask, without what no request of this API needs.

Imports nothing of Congress.

Flask looks in many places for what an application might have: hooks of blueprints and
signals, a session, several hosts, asynchronous views. Together that takes longer than
finding a row. Here a request has one step before its view and one after it, given when the
application is made; ``before_request`` and its like are not looked for.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import MapAdapter

F = TypeVar("F", bound=Callable[..., Any])

_NO_SESSION = NullSession()


class NoSessions(SessionInterface):
    """Every request has the same session, which can hold nothing."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """See ``SessionInterface.open_session``."""
        return _NO_SESSION


class Api(Flask):
    """The application.

    :param admit: done before a view; raises what stops the request.
    :param complete: done to every answer.
    """

    session_interface = NoSessions()

    def __init__(
        self,
        name: str,
        admit: Callable[[], None] = lambda: None,
        complete: Callable[[Response], None] = lambda _response: None,
    ) -> None:
        super().__init__(name, static_folder=None)
        self.url_map.merge_slashes = False
        self._admit = admit
        self._complete = complete

    def full_dispatch_request(self) -> Response:
        """See ``Flask.full_dispatch_request``."""
        try:
            self._admit()
            answer = self.dispatch_request()
        except Exception as error:
            answer = self.handle_user_exception(error)
        response = self.make_response(answer)
        self._complete(response)
        return response

    def do_teardown_request(self, exc: object = None) -> None:
        """See ``Flask.do_teardown_request``."""

    def do_teardown_appcontext(self, exc: object = None) -> None:
        """See ``Flask.do_teardown_appcontext``."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """See ``Flask.create_url_adapter``. Routes are found by path and method alone."""
        if request is None:
            return None
        scheme, path = request.environ["wsgi.url_scheme"], request.path
        root = request.environ.get("SCRIPT_NAME", "")
        return MapAdapter(self.url_map, "", root, "", scheme, path, request.method)

    def ensure_sync(self, func: F) -> F:
        """See ``Flask.ensure_sync``. No function of this application is asynchronous."""
        return func
