"""A way to a server that a test can shut and block, as a fault of the network or the server."""

import contextlib
import socket
import threading


class Gate:
    """Listens on ``port`` of loopback and connects to another port.

    ``shut`` refuses and cuts connections, as a server does that was killed;
    ``block`` keeps them and lets nothing through, as one does that hangs.
    """

    def __init__(self, target: int, *, shut: bool = False) -> None:
        self._target = target
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: set[socket.socket] = set()
        self._listener = self._bind(0)
        self.port = int(self._listener.getsockname()[1])
        if shut:
            self._listener.close()
        else:
            self._serve()

    def shut(self) -> None:
        """Cut all connections and take no new ones."""
        _end(self._listener)
        for one in list(self._sockets):
            _end(one)
        self._flows.set()

    def reopen(self) -> None:
        """Take connections again."""
        self._listener = self._bind(self.port)
        self._serve()

    def block(self) -> None:
        """Let nothing through."""
        self._flows.clear()

    def unblock(self) -> None:
        """Let everything through, what came meanwhile too."""
        self._flows.set()

    def _bind(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        return listener

    def _serve(self) -> None:
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets |= {near, far}
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

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
