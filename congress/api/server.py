"""The HTTP server: waitress, on the node's own threads.

May import ``congress.model`` and ``congress.interfaces``; nothing else imports waitress.

Invariant: once ``stop`` was called no connection is accepted, requests that had arrived
are answered as long as time allows, and nobody is waited for who sends no more or takes
no more.
"""

import logging
import socket
from collections.abc import Callable
from typing import Any

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from congress.api.errors import error_body
from congress.interfaces.auth import WsgiApp
from congress.interfaces.runtime import Clock, Pool, Stop, Task, Threads
from congress.model.diagnostic import Diagnostic, refuse

LOG = logging.getLogger(__name__)

#: Seconds the network loop sleeps at most, and so the longest it takes to notice ``stop``.
_NAP = 0.5

#: Seconds without a byte from or to a client after which the end is not put off for it.
STALLED = 2.0

#: Bodies up to so many times the limit are read, to be refused in good order; for
#: larger ones the connection is closed after the refusal.
_READ_UP_TO = 4

#: Connections that may be open at a time.
_CONNECTIONS = 1000


class _JsonErrorTask(ErrorTask):  # type: ignore[misc]
    """Requests that are no HTTP, or too large, are refused in the form of all refusals."""

    def execute(self) -> None:
        error = self.request.error
        code = "too-large" if error.code in (413, 431) else "invalid"
        body = error_body([Diagnostic(code, str(error.body))], error.code)
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Task(WSGITask):  # type: ignore[misc]
    """A request. The answer to one of the last tells the client to come no more."""

    def build_response_header(self) -> Any:
        if self.channel.server.ending:
            self.request.headers["CONNECTION"] = "close"
        return super().build_response_header()


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection."""

    task_class = _Task
    error_task_class = _JsonErrorTask

    def busy(self, now: float) -> bool:
        """Whether a request is handled, or still on its way in or its answer on its way out.

        :param now: seconds since the epoch, as waitress notes what it last sent or got.
        """
        if self.requests and not self.total_outbufs_len:
            return True
        on_the_way = self.total_outbufs_len or self.request is not None
        return bool(on_the_way and now - self.last_activity < STALLED)


class _Dispatcher:
    """Hands waitress's tasks to a pool of the node."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add_task(self, task: Any) -> None:
        """Serve a request soon; close its connection if there is no room left."""
        if not self._pool.submit(task.service):
            task.cancel()


def _bind(host: str, port: int, shared: bool) -> socket.socket:
    """A socket that has the address, or shares it with other processes of this user."""
    made: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError as error:
        if made is not None:
            made.close()
        raise refuse(
            "bad-configuration",
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            hint="set bind_host and bind_port to an address of this host and a free port",
            where="bind_port",
        ) from error
    return made


class HttpServer:
    """Serves an application. Made without I/O; ``start`` and ``stop`` are called once.

    :param shared: let other processes listen at the same address.
    """

    def __init__(
        self,
        app: WsgiApp,
        host: str,
        port: int,
        *,
        threads: Threads,
        clock: Clock,
        shared: bool = False,
    ) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._shared = shared
        self._threads = threads
        self._clock = clock
        self._server: Any = None
        self._pool: Pool | None = None
        self._task: Task | None = None
        self._deadline: Callable[[], bool] = lambda: False

    def start(self, workers: int, max_request_bytes: int, max_header_bytes: int) -> None:
        """Listen and serve.

        :raises Refused: ``bad-configuration`` if the address cannot be listened on.
        """
        listening = _bind(self._host, self._port, self._shared)
        self._pool = self._threads.pool("api", workers, _CONNECTIONS)
        self._server = create_server(
            self._app,
            _dispatcher=_Dispatcher(self._pool),
            sockets=[listening],
            ident="congress",
            max_request_body_size=_READ_UP_TO * max_request_bytes,
            max_request_header_size=max_header_bytes,
            connection_limit=_CONNECTIONS,
            clear_untrusted_proxy_headers=False,
            asyncore_use_poll=True,
        )
        self._server.channel_class = _Channel
        self._server.ending = False
        self._task = self._threads.task("api-network", self._run)

    @property
    def url(self) -> str:
        """Where the server listens; the port is known after ``start``."""
        host, port = self._host, self._port
        if self._server is not None:
            port = int(self._server.effective_port)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def alive(self) -> bool:
        """Whether it serves."""
        return self._task is not None and self._task.alive()

    def stop(self, timeout: float) -> bool:
        """Stop accepting, answer what has arrived, end; tell whether it ended in time."""
        if self._server is None or self._task is None or self._pool is None:
            return True
        end = self._clock.monotonic() + timeout
        self._deadline = lambda: self._clock.monotonic() >= end
        ended = self._task.stop(timeout + _NAP)
        return self._pool.close(max(0.0, end - self._clock.monotonic())) and ended

    def _run(self, stop: Stop) -> None:
        """The network loop; then the same loop until nobody waits for an answer."""
        server, channels = self._server, self._server._map
        while not stop.is_set():
            wasyncore.loop(timeout=_NAP, use_poll=True, map=channels, count=1)
        server.ending = True
        wasyncore.dispatcher.close(server)
        while True:
            # One more look first: what has arrived is not lost because nobody read it yet.
            wasyncore.loop(timeout=_NAP / 10, use_poll=True, map=channels, count=1)
            if not self._let_go() or self._deadline():
                break
        wasyncore.close_all(channels, ignore_all=True)

    def _let_go(self) -> bool:
        """Close the connections that are not busy; whether there are others."""
        now = self._clock.time()
        open_ones = list(self._server.active_channels.values())
        for channel in open_ones:
            if not channel.busy(now):
                channel.handle_close()
        return bool(self._server.active_channels)
