"""A way to a server that a test can shut and block, as a fault of the network or the server."""

import contextlib
import socket
import threading

from tests.ports import free_port


class Gate:
    """Listens on ``port`` of loopback and connects to another port.

    ``shut`` refuses and cuts connections, as a server does that was killed;
    ``block`` keeps them and lets nothing through, as one does that hangs.
    """

    def __init__(self, target: int, *, shut: bool = False) -> None:
        self._target = target
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        #: None while it is shut.
        self._listener: socket.socket | None = None
        self.port = free_port()
        if not shut:
            self.reopen()

    def shut(self) -> None:
        """Cut all connections and take no new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
            cut, self._sockets = self._sockets, set()
        for one in (listener, *cut):
            if one is not None:
                _end(one)
        self._flows.set()

    def reopen(self) -> None:
        """Take connections again."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def block(self) -> None:
        """Let nothing through."""
        self._flows.clear()

    def unblock(self) -> None:
        """Let everything through, what came meanwhile too."""
        self._flows.set()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                if not self._keeps(listener, near, far):
                    return
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _keeps(self, listener: socket.socket, *pair: socket.socket) -> bool:
        """Whether a connection may stay; it is cut if the gate was shut while it was made."""
        with self._lock:
            if self._listener is listener:
                self._sockets.update(pair)
                return True
        for one in pair:
            _end(one)
        return False

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        for one in (source, target):
            _end(one)
            self._sockets.discard(one)


def _end(one: socket.socket) -> None:
    """Close a socket that other threads may be waiting on."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
