"""The bus transport ``unix``: nodes of one machine, connected by Unix sockets in a folder.

It shows what a transport needs: ``broadcast`` and ``send`` hand a message to a
thread and return, ``call`` waits for an answer until its deadline, heartbeats do
not wait behind data, and losing a message is allowed where blocking is not.

Each node listens on a socket whose name tells its bus and node. A message is a
connection: a line that says what it is, then the payload; an answer comes back on
the same connection. Whoever may open the folder may speak on the bus, so only the
server's user should.
"""

import contextlib
import hashlib
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from congress.interfaces.bus import (
    BusContext,
    BusTransport,
    Channel,
    OnMessage,
    OnRequest,
    TimedOut,
    Unreachable,
)
from congress.interfaces.plugin import Option, OptionValue, PluginInfo, Scope
from congress.interfaces.runtime import Loop, Stop, Task
from congress.model.status import Health, State

LOG = logging.getLogger(__name__)

REQUEST = "request"
ANSWERED = b"+"
#: Seconds that handing over one message may take, and seconds between looks at the stop token.
SEND_TIMEOUT = 2.0
ACCEPT_TIMEOUT = 0.1
#: Connections that may wait for a reader, and threads that read and that answer.
BACKLOG = 4096
READERS = 4
HANDLERS = 32


class UnixTransport(BusTransport):
    """Sockets in a folder."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "unix",
            "Connects the nodes of one machine by Unix sockets.",
            (
                Option(
                    "folder",
                    description="The folder of the sockets, the same for all nodes.",
                    required=True,
                    scope=Scope.NODE,
                ),
            ),
            features={"distributed": True, "ordered": False, "max_message": 0},
        )

    @classmethod
    def configured(cls, conf: object) -> bool:
        return bool(getattr(getattr(conf, "bus_unix", None), "folder", None))

    def __init__(self, config: dict[str, OptionValue], ctx: BusContext) -> None:
        super().__init__(config, ctx)
        self._folder = Path(str(config["folder"]))
        self._bus = self._node = ""
        self._path = Path()
        self._listener: socket.socket | None = None
        self._acceptor: Task | None = None
        self._senders: dict[Channel, Loop] = {}
        self._deliverers: dict[Channel, Loop] = {}

    def open(
        self, bus_id: str, node: str, instance: str, on_message: OnMessage, on_request: OnRequest
    ) -> None:
        self._bus, self._node = digest(bus_id), node
        self._on_message, self._on_request = on_message, on_request
        threads = self.ctx.threads
        self._senders = {one: threads.loop(f"unix-send-{one}") for one in Channel}
        self._deliverers = {one: threads.loop(f"unix-deliver-{one}") for one in Channel}
        self._readers = threads.pool("unix-read", READERS, BACKLOG)
        self._handlers = threads.pool("unix-handle", HANDLERS, BACKLOG)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = self._folder / f"{self._bus}-{digest(node)}-{digest(instance)}.sock"
        self._listener = listen(self._path)
        self._acceptor = threads.task("unix-accept", self._accept)

    def close(self, drain: float) -> None:
        listener, self._listener = self._listener, None
        if listener is None or self._acceptor is None:
            return
        for sender in self._senders.values():
            sender.close(drain)
        self._path.unlink(missing_ok=True)
        self._acceptor.stop(ACCEPT_TIMEOUT * 10)
        listener.close()
        self._readers.close(drain)
        self._handlers.close(drain)
        for deliverer in self._deliverers.values():
            deliverer.close(drain)

    def health(self) -> Health:
        return Health() if self._listener else Health(State.NOT_READY, "not open")

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        if self._listener is not None:
            self._senders[channel].post(lambda: self._deliver(channel, self._others(), payload))

    def send(self, node: str, payload: bytes) -> None:
        if self._listener is not None:
            data = Channel.DATA
            self._senders[data].post(lambda: self._deliver(data, self._others(node), payload))

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        if self._listener is None:
            raise Unreachable("this node is not on the bus")
        for path in self._others(node):
            left = deadline - self.ctx.clock.monotonic()
            if left <= 0:
                raise TimedOut(f"no time left to ask {node}")
            with connect(path, left) as connection:
                if connection is None:
                    continue
                try:
                    write(connection, REQUEST, self._node, payload)
                    answer = read(connection, lambda: deadline - self.ctx.clock.monotonic())
                except OSError as error:
                    raise TimedOut(f"no answer from {node}: {error}") from error
            if not answer.startswith(ANSWERED):
                raise TimedOut(f"{node} could not answer")
            return answer[len(ANSWERED) :]
        raise Unreachable(f"there is no node {node}")

    def _others(self, node: str | None = None) -> Iterator[Path]:
        """The sockets of the other nodes, or of the one that is named."""
        wanted = "*" if node is None else digest(node)
        found = sorted(self._folder.glob(f"{self._bus}-{wanted}-*.sock"))
        return (path for path in found if path != self._path)

    def _deliver(self, channel: Channel, paths: Iterator[Path], payload: bytes) -> None:
        for path in paths:
            with connect(path, SEND_TIMEOUT) as connection:
                if connection is not None:
                    try:
                        write(connection, channel, self._node, payload)
                    except OSError as error:
                        LOG.debug("a message to %s was lost: %s", path.name, error)

    def _accept(self, stop: Stop) -> None:
        listener = self._listener
        while listener is not None and not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            if not self._readers.submit(lambda one=connection: self._receive(one)):  # type: ignore[misc]
                connection.close()

    def _receive(self, connection: socket.socket) -> None:
        """Read one message or request, and pass it on to a thread that may take its time."""
        connection.settimeout(SEND_TIMEOUT)
        try:
            head, _, payload = read(connection, lambda: SEND_TIMEOUT).partition(b"\n")
            kind, sender = json.loads(head)
        except (OSError, ValueError):
            connection.close()
            return
        if kind == REQUEST:
            if not self._handlers.submit(lambda: self._answer(connection, sender, payload)):
                connection.close()
            return
        connection.close()
        channel = Channel(kind)
        self._deliverers[channel].post(lambda: self._on_message(channel, sender, payload))

    def _answer(self, connection: socket.socket, sender: str, payload: bytes) -> None:
        with connection:
            answer = self._on_request(sender, payload)
            connection.settimeout(SEND_TIMEOUT)
            with contextlib.suppress(OSError):  # nobody waits for the answer any more
                connection.sendall(ANSWERED + answer)


@contextlib.contextmanager
def connect(path: Path, timeout: float) -> Iterator[socket.socket | None]:
    """A connection to a socket, or nothing if nobody listens there (any more)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except OSError as error:
            LOG.debug("%s cannot be reached: %s", path.name, error)
        else:
            yield connection
            return
    yield None


def listen(path: Path) -> socket.socket:
    """A listening socket; its name appears only when it listens."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(draft))
    listener.listen(BACKLOG)
    listener.settimeout(ACCEPT_TIMEOUT)
    os.rename(draft, path)  # noqa: PTH104 - in one step, over what is left of an earlier life
    return listener


def write(connection: socket.socket, kind: str, sender: str, payload: bytes) -> None:
    """Send a message and say that it is all."""
    connection.sendall(json.dumps([kind, sender]).encode() + b"\n" + payload)
    connection.shutdown(socket.SHUT_WR)


def read(connection: socket.socket, left: Callable[[], float]) -> bytes:
    """Everything until the other side has no more.

    :param left: tells how many seconds may still be spent.
    :raises TimeoutError: if they are spent.
    """
    pieces: list[bytes] = []
    while True:
        connection.settimeout(max(0.001, left()))
        piece = connection.recv(1 << 16)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def digest(name: str) -> str:
    """A short text for a file name that may stand for any name."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]
