"""The outermost layer: tidies paths, numbers requests, sends ``/v1`` through authentication.

Imports nothing of Congress but its API; oslo.middleware does the work.

Invariant: nothing below ``/v1`` is reached without the authentication strategy,
except ``OPTIONS``, which runs no view, and signed requests, which a data source judges.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from oslo_config import cfg
from oslo_middleware import HTTPProxyToWSGI, RequestId

from congress.api.signatures import is_signed
from congress.interfaces.auth import WsgiApp

_SLASHES = re.compile("/{2,}")


def is_versioned(path: str) -> bool:
    """Whether a tidy path belongs to version 1 of the API."""
    return path == "/v1" or path.startswith("/v1/")


def tidy(path: str) -> str:
    """The path without doubled and trailing slashes."""
    return _SLASHES.sub("/", path).rstrip("/") or "/"


class Front:
    """Chooses the pipeline for a request."""

    def __init__(self, app: WsgiApp, secured: WsgiApp) -> None:
        self._open = app
        self._unauthenticated: WsgiApp = RequestId(app)
        self._secured: WsgiApp = RequestId(secured)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        environ["PATH_INFO"] = path = tidy(environ.get("PATH_INFO", ""))
        if not is_versioned(path):
            return self._open(environ, start_response)
        if environ["REQUEST_METHOD"] == "OPTIONS" or is_signed(environ):
            return self._unauthenticated(environ, start_response)
        return self._secured(environ, start_response)


def compose(app: WsgiApp, wrap: Callable[[WsgiApp], WsgiApp], conf: cfg.ConfigOpts) -> WsgiApp:
    """The application as it is served, behind proxies that are trusted if so configured.

    :param wrap: what the authentication strategy makes of an application.
    """
    front: WsgiApp = HTTPProxyToWSGI(Front(app, wrap(app)), conf)
    return front
