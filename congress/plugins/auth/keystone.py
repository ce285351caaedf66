"""Authentication strategy ``keystone``: tokens of the OpenStack identity service.

May import ``congress.model`` and ``congress.interfaces``. keystonemiddleware does
the work; it is imported when the API starts, because that takes two seconds.

Invariant: without a token that the identity service confirmed, no request goes on;
if the strategy is not configured, none goes on at all.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from congress.interfaces.auth import CALLER_KEY, AuthStrategy, Caller, WsgiApp
from congress.interfaces.plugin import PluginInfo
from congress.model.diagnostic import Diagnostic
from congress.plugins.auth.refusal import answer_refusal

LOG = logging.getLogger(__name__)

GROUP = "keystone_authtoken"
_REACHED = "congress.auth.reached"

Environ = dict[str, Any]

_HINT = (
    f"set auth_type, auth_url, username, password, project_name, user_domain_name, "
    f"project_domain_name and www_authenticate_uri in [{GROUP}]; to try Congress out "
    f"without an identity service, start congress-server --standalone"
)


class KeystoneAuth(AuthStrategy):
    """Lets requests pass that carry a valid token."""

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``. The options are keystonemiddleware's own."""
        return PluginInfo("keystone", "tokens of the OpenStack identity service (Keystone)")

    def wrap(self, app: WsgiApp) -> WsgiApp:
        """See ``AuthStrategy.wrap``."""
        from keystoneauth1.exceptions import ClientException
        from keystonemiddleware.auth_token import AuthProtocol
        from keystonemiddleware.exceptions import KeystoneMiddlewareException

        settings = {"oslo_config_config": self.ctx.conf, "delay_auth_decision": False}
        try:
            protocol = AuthProtocol(_admission(app), settings)
        except (ClientException, KeystoneMiddlewareException) as error:
            return _unconfigured(str(error))
        if not self._chosen():
            return _unconfigured("the identity service is not configured")
        return _Shield(protocol, ClientException)

    def _chosen(self) -> bool:
        """Whether somebody said how to log in at the identity service."""
        group = getattr(self.ctx.conf, GROUP)
        return bool(group.auth_type or group.auth_section)


def _unconfigured(reason: str) -> WsgiApp:
    """An application that says what to set."""
    LOG.error("authentication by keystone is not possible: %s", reason)
    diagnostic = Diagnostic("not-configured", reason, hint=_HINT)

    def answer(_environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        return answer_refusal(start_response, 503, diagnostic)

    return answer


def _admission(app: WsgiApp) -> WsgiApp:
    """The inner side of the middleware, which only requests with a good token reach."""

    def admit(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[_REACHED] = True
        environ[CALLER_KEY] = caller_of(environ)
        return app(environ, start_response)

    return admit


def caller_of(environ: Environ) -> Caller:
    """The caller that the middleware found, from the headers it sets."""
    from oslo_context.context import RequestContext

    roles = environ.get("HTTP_X_ROLES", "").split(",")
    return Caller(
        user_id=environ.get("HTTP_X_USER_ID", ""),
        user_name=environ.get("HTTP_X_USER_NAME", ""),
        project_id=environ.get("HTTP_X_PROJECT_ID", ""),
        roles=tuple(role.strip() for role in roles if role.strip()),
        system_scope=environ.get("HTTP_OPENSTACK_SYSTEM_SCOPE", ""),
        credentials=dict(RequestContext.from_environ(environ).to_policy_values()),
    )


class _Shield:
    """The outer side of the middleware: its own answers become answers of the API."""

    def __init__(self, protocol: Any, failure: type[Exception]) -> None:
        self._protocol = protocol
        self._failure = failure

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        begun: list[Any] = []

        def begin(*args: Any) -> None:
            begun[:] = args

        try:
            body: Iterable[bytes] = self._protocol(environ, begin)
        except self._failure as error:
            LOG.warning("the identity service cannot be asked: %s", error)
            return _away(start_response)
        if _REACHED in environ:
            start_response(*begun)
            return body
        status, headers = begun[:2]
        if status.startswith("401"):
            refusal = Diagnostic("unauthenticated", "the request needs a valid token")
            asked = [item for item in headers if item[0].lower() == "www-authenticate"]
            return answer_refusal(start_response, 401, refusal, asked)
        LOG.warning("the identity service cannot be asked: %s", status)
        return _away(start_response)


def _away(start_response: Callable[..., Any]) -> Iterable[bytes]:
    refusal = Diagnostic("unavailable", "the identity service cannot be asked at the moment")
    return answer_refusal(start_response, 503, refusal)
