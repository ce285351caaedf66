"""The signals of a process, answered at once whatever its main thread does.

May import the standard library and the kernel's threads.

Python runs handlers of signals on the main thread, between two steps. One that comes in
just before that thread begins to wait for something is run when the wait is over, which
may be never. So handlers do nothing here: the interpreter writes the number of each signal
into a socket as it comes in, and a thread that waits for nothing else reads it.

Invariant: what is done about signals is done by one thread, in their order.
"""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping

from congress.kernel.threads import start_thread

#: Makes the main thread look whether it is to break something off. Sent here only, and
#: ignored by processes that do not expect it.
_NUDGE = signal.SIGURG
#: Seconds between two nudges; the first may have come before the main thread waited.
_AGAIN = 0.05


class Signals:
    """:param actions: what to do about each signal; must not block."""

    def __init__(self, actions: Mapping[signal.Signals, Callable[[], object]]) -> None:
        self._actions = actions
        self._near, self._far = socket.socketpair()
        self._far.setblocking(False)
        self._wanted = False
        self._breakable: type[BaseException] | None = None

    def start(self) -> None:
        """Take signals from now on. Called on the main thread, once in a process."""
        signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)
        for number in self._actions:
            signal.signal(number, lambda *_: None)
        signal.signal(_NUDGE, lambda *_: self._look())
        start_thread("signals", self._run)

    def break_off(self) -> None:
        """Break off what the main thread does in ``breakable``, now or when it begins."""
        self._wanted = True

    @contextlib.contextmanager
    def breakable(self, error: type[BaseException]) -> Iterator[None]:
        """What the main thread does here ends with an error if it is to be broken off."""
        self._breakable = error
        try:
            self._look()
            yield
        finally:
            self._breakable = None

    def _look(self) -> None:
        """On the main thread: break off, once."""
        error = self._breakable
        if error is not None and self._wanted:
            self._breakable = None
            raise error

    def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                numbers = self._near.recv(64)
                for number in numbers:
                    if action := self._actions.get(signal.Signals(number)):
                        action()
                if set(numbers) == {_NUDGE}:
                    continue
            waits = self._wanted and self._breakable is not None
            if waits:
                signal.pthread_kill(threading.main_thread().ident or 0, _NUDGE)
            self._near.settimeout(_AGAIN if waits else None)
