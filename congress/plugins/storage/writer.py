"""One writer at a time within a process, where the store itself has one writer.

May import the standard library and ``congress.interfaces``.

Invariant: a thread that writes already cannot begin a second write transaction;
it is told so instead of waiting for itself for ever.
"""

import threading
from types import TracebackType

from congress.interfaces.storage import Conflict


class WriterLock:
    """A lock for use with ``with``, held for the length of a write transaction."""

    def __init__(self, timeout: float = 30.0) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._holder: int | None = None

    def __enter__(self) -> None:
        """:raises Conflict: after the timeout, in seconds.
        :raises RuntimeError: if this thread holds it already."""
        own = threading.get_ident()
        if self._holder == own:
            raise RuntimeError("a write transaction inside a write transaction")
        if not self._lock.acquire(timeout=self._timeout):
            raise Conflict("another write transaction takes too long")
        self._holder = own

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._holder = None
        self._lock.release()
