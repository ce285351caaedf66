"""A connection that can be broken: it stands between a node and a server.

What a firewall or a lost cable does to packets is done to streams here, which takes no
rights and no network of its own. A way that is stalled loses nothing: as TCP would, it
goes on from where it was when it is opened again.
"""

import contextlib
import enum
import socket
import threading
from typing import Self

CHUNK = 65536


class Way(enum.Enum):
    """One direction of a connection."""

    TO_SERVER = "to the server"
    TO_NODE = "to the node"


class Relay:
    """Listens on ``port`` and passes on to a server of loopback."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._open = {way: threading.Event() for way in Way}
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.heal()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closed = True
        # What waits to accept is woken by this, and not by closing alone.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.heal()
        self.drop()

    def stall(self, *ways: Way) -> None:
        """Let nothing pass any more, in one direction or, if none is named, in both."""
        for way in ways or Way:
            self._open[way].clear()

    def heal(self) -> None:
        """Let everything pass, what was held back first."""
        for way in Way:
            self._open[way].set()

    def drop(self) -> None:
        """End the connections there are."""
        with self._lock:
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def connections(self) -> int:
        """How many there are."""
        with self._lock:
            return len(self._sockets) // 2

    def _accept(self) -> None:
        while not self._closed:
            try:
                node, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(node,), daemon=True).start()

    def _serve(self, node: socket.socket) -> None:
        """Pass on what one connection brings until both sides have ended."""
        with node:
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return
            with server, self._known(node, server):
                back = threading.Thread(target=self._pump, args=(server, node, Way.TO_NODE))
                back.start()
                self._pump(node, server, Way.TO_SERVER)
                back.join()

    @contextlib.contextmanager
    def _known(self, *sockets: socket.socket):  # type: ignore[no-untyped-def]
        with self._lock:
            self._sockets.update(sockets)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.difference_update(sockets)

    def _pump(self, source: socket.socket, target: socket.socket, way: Way) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self._open[way].wait()
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
