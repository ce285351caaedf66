"""The role ``api``: serves the REST API of this node.

May import ``congress.model``, ``congress.interfaces`` and the kernel's options.

Invariant: it holds no state of its own; everything it answers comes from storage,
the catalogue or another role, over the bus.
"""

import logging
from collections.abc import Sequence

from congress.api.app import create_app
from congress.api.backend import Backend
from congress.api.front import compose
from congress.api.server import HttpServer
from congress.interfaces.auth import AuthContext, AuthStrategy, WsgiApp
from congress.interfaces.plugin import PluginInfo
from congress.interfaces.role import NodeRole, RoleParts, Service
from congress.kernel.options.api import listen_address, shares_port
from congress.model.status import Health, State

LOG = logging.getLogger(__name__)


class ApiService:
    """The server of the API with everything it serves."""

    name = "api"

    def __init__(self, parts: RoleParts) -> None:
        self._parts = parts
        self._behind: Backend | None = None
        self._served: WsgiApp | None = None
        self._server: HttpServer | None = None

    @property
    def url(self) -> str:
        """Where the API listens; empty before ``start``."""
        return self._server.url if self._server else ""

    @property
    def application(self) -> WsgiApp:
        """What is served; there after ``start``."""
        assert self._served is not None
        return self._served

    def start(self) -> None:
        """Make the application, listen and serve.

        :raises Refused: what is wrong with the address or the authentication.
        """
        conf = self._parts.conf
        host, port = listen_address(conf)
        strategy: AuthStrategy = self._parts.plugins.make(
            "auth", conf.auth_strategy, AuthContext(conf, host)
        )
        self._behind = Backend(self._parts)
        self._served = compose(create_app(self._behind), strategy.wrap, conf)
        if conf.api.listen:
            self._listen(self._served, host, port)

    def _listen(self, served: WsgiApp, host: str, port: int) -> None:
        conf, threads, clock = self._parts.conf, self._parts.threads, self._parts.clock
        server = HttpServer(
            served, host, port, threads=threads, clock=clock, shared=shares_port(conf)
        )
        server.start(
            conf.api.threads + conf.api.watchers,
            conf.api.max_request_bytes,
            conf.api.max_header_bytes,
        )
        self._server = server
        LOG.info("the API listens at %s", server.url)

    def stop(self, timeout: float) -> None:
        """Answer what has arrived, and end."""
        if self._behind is not None:
            self._behind.watchers.close()
        if self._server is not None and not self._server.stop(timeout):
            LOG.warning("some API requests were not answered in time")

    def health(self) -> Health:
        """Whether it serves."""
        awaited = self._server is None and self._parts.conf.api.listen
        if self._served is None or awaited:
            return Health(State.NOT_READY, "not started")
        if self._server is None:
            return Health(State.OK, "another server listens")
        if not self._server.alive():
            return Health(State.FAILED, "the network loop has ended")
        return Health(State.OK, self._server.url)


class ApiRole(NodeRole):
    """Serves the REST API."""

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""
        return PluginInfo("api", "serves the REST API")

    def services(self) -> Sequence[Service]:
        """The one service."""
        return [ApiService(self.parts)]
