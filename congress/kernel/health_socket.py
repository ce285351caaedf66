"""The health of a node, told on a Unix socket of its own.

May import ``congress.interfaces``, the kernel's idea of health and the standard library.

For cluster managers and probes on the same host: a node without the role ``api`` has
no other way to be asked. The paths and status codes are those of the API; the answer
also has the messages, because only the node's own user and root can open the socket.

Invariant: health is asked for at every request, and on a thread that does nothing
else. So no answer means that the process hangs, and an answer is never an old one.
"""

import json
import logging
import os
import stat
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from typing import Any

from congress.interfaces.runtime import Stop, Task, Threads
from congress.kernel.health import liveness, readiness
from congress.model.diagnostic import refuse
from congress.model.status import Health, State

LOG = logging.getLogger(__name__)

#: Seconds until the thread notices that it is to end.
_NAP = 0.2

#: Seconds a client may take to say what it wants.
_PATIENCE = 2.0

_QUESTIONS = {"/health/live": liveness, "/health/ready": readiness}


class HealthSocket:
    """Answers while the node lives.

    :param path: where the socket is; empty for none.
    :param node: the name of the node, told with every answer.
    :param health: asks all parts of the node.
    """

    def __init__(
        self, path: str, node: str, health: Callable[[], Mapping[str, Health]], threads: Threads
    ) -> None:
        self._path = Path(path) if path else None
        self._node = node
        self._health = health
        self._threads = threads
        self._server: _Server | None = None
        self._task: Task | None = None

    def start(self) -> None:
        """Listen and answer; what a killed process left there is replaced.

        :raises Refused: ``bad-configuration`` if there can be no socket at this place.
        """
        if self._path is None:
            return
        try:
            if self._path.exists() and stat.S_ISSOCK(self._path.stat().st_mode):
                self._path.unlink()
            self._server = _Server(self._path, self._answer)
        except OSError as error:
            raise refuse(
                "bad-configuration",
                f"health cannot be told on {self._path}: {error}",
                hint="name a place of less than 100 characters in a folder that this node's "
                "user may write to",
                where="[node] health_socket (--node-health-socket)",
            ) from error
        self._task = self._threads.task("health", self._run)

    def stop(self) -> None:
        """Answer no more, and remove the socket. Idempotent."""
        if self._task is None or self._server is None or self._path is None:
            return
        self._task.stop(_PATIENCE + _NAP)
        self._server.server_close()
        self._path.unlink(missing_ok=True)
        self._task = self._server = None

    def _run(self, stop: Stop) -> None:
        assert self._server is not None
        while not stop.is_set():
            self._server.handle_request()

    def _answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status code and body for a path."""
        judge = _QUESTIONS.get(path)
        if judge is None:
            return 404, {"paths": list(_QUESTIONS)}
        services = self._health()
        verdict = judge(services)
        body = {
            "status": verdict.state,
            "message": verdict.message,
            "node": self._node,
            "pid": os.getpid(),
            "services": {
                name: {"status": one.state, "message": one.message}
                for name, one in services.items()
            },
        }
        return 200 if verdict.state is State.OK else 503, body


class _Server(UnixStreamServer):
    """Listens on a path that is the owner's only."""

    timeout = _NAP
    request_queue_size = 16

    def __init__(self, path: Path, answer: Callable[[str], tuple[int, dict[str, Any]]]) -> None:
        super().__init__(str(path), _Handler, bind_and_activate=False)
        self.answer = answer
        try:
            self.server_bind()
            # Nobody can connect before it listens, so there is no moment to slip in.
            path.chmod(0o600)
            self.server_activate()
        except OSError:
            self.server_close()
            raise

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away, most likely."""
        LOG.debug("a question about health was not answered", exc_info=True)  # noqa: LOG014 - called in a handler


class _Handler(BaseHTTPRequestHandler):
    """One request on one connection."""

    timeout = _PATIENCE
    server: _Server

    def do_GET(self) -> None:
        """Tell."""
        code, body = self.server.answer(self.path)
        data = json.dumps(body).encode() + b"\n"
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Probes come every few seconds; nobody wants to read of each."""
