"""The outermost layer: tidies paths, numbers requests, sends ``/v1`` through authentication.

Imports ``congress.model`` and ``congress.interfaces`` only. What every request passes is
done here in one layer, as oslo.middleware's classes each make a WebOb request of it; of
those, the ones for proxies and for other sites' pages are put around it where they are
configured.

Invariants: nothing below ``/v1`` is reached without the authentication strategy, except
``OPTIONS``, which runs no view, and signed requests, which a data source judges. Every
answer below ``/v1`` has an id that no client chose, and every failure the error body.
"""

import logging
import random
import re
from collections.abc import Callable, Iterable
from typing import Any

from oslo_config import cfg
from oslo_middleware import CORS, HTTPProxyToWSGI, cors, http_proxy_to_wsgi

from congress.api.errors import error_body
from congress.api.requests import REQUEST_ID
from congress.api.revision import HEADER as REVISION
from congress.api.signatures import is_signed
from congress.interfaces.auth import WsgiApp
from congress.model.diagnostic import Diagnostic

LOG = logging.getLogger(__name__)

REQUEST_ID_HEADER = "X-Openstack-Request-Id"

_SLASHES = re.compile("/{2,}")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


def is_versioned(path: str) -> bool:
    """Whether a tidy path belongs to version 1 of the API."""
    return path == "/v1" or path.startswith("/v1/")


def tidy(path: str) -> str:
    """The path without doubled and trailing slashes."""
    return _SLASHES.sub("/", path).rstrip("/") or "/"


def request_id() -> str:
    """A new id of the form that OpenStack's services have.

    oslo.context's own asks the system for random bytes, and while it does other requests
    go first; no id is a secret.
    """
    text = f"{random.getrandbits(128):032x}"
    return f"req-{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


class Front:
    """Chooses the way of a request."""

    def __init__(self, app: WsgiApp, secured: WsgiApp) -> None:
        self._app = app
        self._secured = secured

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = path = tidy(environ.get("PATH_INFO", ""))
        if not is_versioned(path):
            return self._app(environ, start_response)
        environ[REQUEST_ID] = number = request_id()

        def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, (REQUEST_ID_HEADER, number)], *rest)

        open_to_all = environ["REQUEST_METHOD"] == "OPTIONS" or is_signed(environ)
        try:
            return (self._app if open_to_all else self._secured)(environ, begin)
        except Exception:
            LOG.exception("%s %s failed", environ["REQUEST_METHOD"], path)
            return _failed(begin)


def _failed(begin: StartResponse) -> list[bytes]:
    """The answer when something outside the application failed."""
    diagnostic = Diagnostic(
        "internal",
        "a fault of this program stopped the request",
        hint="the server's log has it under the request id of this answer",
    )
    body = error_body([diagnostic], 500)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    begin("500 Internal Server Error", headers)
    return [body]


def set_cors_defaults() -> None:
    """What pages of the sites in ``[cors] allowed_origin`` may send and see.

    For the sample configuration, too (entry point ``oslo.config.opts.defaults``).
    """
    cors.set_defaults(
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "X-Auth-Token",
            REQUEST_ID_HEADER,
            REVISION,
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "Last-Event-ID",
        ],
        expose_headers=[REQUEST_ID_HEADER, REVISION, "ETag", "Location", "Retry-After"],
    )


def compose(app: WsgiApp, wrap: Callable[[WsgiApp], WsgiApp], conf: cfg.ConfigOpts) -> WsgiApp:
    """The application as it is served: proxies are trusted, and pages of other sites let
    in, if that is configured.

    :param wrap: what the authentication strategy makes of an application.
    """
    front: WsgiApp = Front(app, wrap(app))
    conf.register_opts(http_proxy_to_wsgi.OPTS, group="oslo_middleware")
    if conf.oslo_middleware.enable_proxy_headers_parsing:
        front = HTTPProxyToWSGI(front, conf)
    set_cors_defaults()
    conf.register_opts(cors.OPTS, group="cors")
    if conf.cors.allowed_origin:
        front = CORS(front, conf)
    return front
