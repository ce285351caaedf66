"""Authentication strategy ``noauth``: everybody on this machine is the administrator.

May import ``congress.model`` and ``congress.interfaces``.

A web page that the user happens to look at can make the browser send requests to
this machine. Hence a body must be declared as JSON, which a page cannot do without
asking first; the ``Host`` must be this machine, so that a name that resolves to it
is of no use; and an ``Origin`` must be the server itself. Whoever serves the
application, the sender must be on this machine, too.
"""

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from congress.interfaces.auth import CALLER_KEY, AuthStrategy, Caller, WsgiApp
from congress.interfaces.plugin import Option, PluginInfo, Scope
from congress.model.diagnostic import Diagnostic
from congress.plugins.auth.refusal import answer_refusal

CALLER = Caller(user_id="noauth", user_name="noauth", roles=("admin",))

Environ = dict[str, Any]

#: Host names and addresses that are read once; nearly all requests come with the same.
_REMEMBERED = 128


class NoAuth(AuthStrategy):
    """Lets every request from this machine pass, as the administrator."""

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""
        return PluginInfo(
            "noauth",
            "no authentication: everybody who reaches the API is the administrator",
            options=(
                Option(
                    "allow_remote",
                    type="boolean",
                    description="Answer on other addresses than loopback too. Whoever reaches "
                    "the port can then do everything.",
                    default=False,
                    scope=Scope.NODE,
                ),
            ),
        )

    def wrap(self, app: WsgiApp) -> WsgiApp:
        """See ``AuthStrategy.wrap``."""
        remote = bool(self.config["allow_remote"])
        exposed = not remote and not is_loopback(self.ctx.bind_host)

        def admit(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            if exposed:
                return answer_refusal(start_response, 503, _exposed(self.ctx.bind_host))
            refusal = _foreign(environ, remote=remote)
            if refusal:
                return answer_refusal(start_response, 403, refusal)
            if refusal := _undeclared(environ):
                return answer_refusal(start_response, 415, refusal)
            environ[CALLER_KEY] = CALLER
            return app(environ, start_response)

        return admit


@lru_cache(maxsize=_REMEMBERED)
def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _exposed(host: str) -> Diagnostic:
    return Diagnostic(
        "not-configured",
        f"without authentication the API does not answer on {host}",
        hint="set bind_host to 127.0.0.1, or auth_strategy to keystone, or, if everybody who "
        "reaches this port may do everything, [auth_noauth] allow_remote",
    )


def _foreign(environ: Environ, *, remote: bool) -> Diagnostic | None:
    """Why a request comes from where none should come from."""
    host = environ.get("HTTP_HOST", "")
    sender = environ.get("REMOTE_ADDR") or "an unknown address"
    if not remote and not is_loopback(sender):
        return Diagnostic(
            "forbidden",
            f"without authentication nobody is answered who calls from {sender:.80}",
            hint="set auth_strategy to keystone, or, if everybody who reaches this port may "
            "do everything, [auth_noauth] allow_remote",
        )
    if not remote and not is_loopback(_host_name(host)):
        return Diagnostic(
            "forbidden",
            f"the Host header must be a loopback name, not {host!r:.80}",
            hint="use http://127.0.0.1 or http://localhost",
        )
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin != f"{environ['wsgi.url_scheme']}://{host}":
        return Diagnostic("forbidden", f"requests from the web site {origin!r:.80} are refused")
    return None


@lru_cache(maxsize=_REMEMBERED)
def _host_name(host: str) -> str:
    """A Host header without its port; empty if it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _undeclared(environ: Environ) -> Diagnostic | None:
    """Why a body is not known to be JSON."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length == "0" and not environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    declared = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if declared == "application/json":
        return None
    return Diagnostic(
        "invalid",
        f"the body is declared as {declared or 'nothing'}",
        hint="send JSON with Content-Type: application/json",
    )
