"""The real threads: the only module of Congress that makes any.

May import the standard library; of oslo.service the choice of its threading
back end, and that only when a process asks for it.

Invariant: a job that raises, whatever it raises, is logged and counted under the
name of its thread and never ends a loop or a pool. Threads are daemons because a
driver that hangs may be abandoned, and must not keep the process from ending;
who wants an orderly end closes what they opened.
"""

import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping

from congress.interfaces.runtime import Clock, Loop, Pool, Stop, Task
from congress.kernel.loop import SystemLoop
from congress.kernel.pool import SystemPool

LOG = logging.getLogger(__name__)

#: Seconds a thread runs before another one may. With Python's own 5 ms a heartbeat waits
#: longer for a busy engine; with 0.5 ms the threads that serve a request took the
#: interpreter from each other so often that the API answered half as many.
SWITCH_INTERVAL = 0.002


def prepare_process() -> None:
    """Settle how this process runs threads. First thing in a server, before other imports.

    oslo.service would choose eventlet by itself. Eventlet may be installed because
    oslo.service wants it, but nothing here may load it.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    sys.modules.setdefault("eventlet", None)  # type: ignore[arg-type]
    from oslo_service import backend

    backend.init_backend(backend.BackendType.THREADING)


class SystemTask:
    """A thread of its own, as ``interfaces.runtime.Task``."""

    def __init__(
        self,
        name: str,
        target: Callable[[Stop], None],
        failed: Callable[[str, BaseException], None],
    ) -> None:
        self._stop = threading.Event()
        self._target = target
        self._failed = failed
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        """See ``Task.alive``."""
        return self._thread.is_alive()

    def stop(self, timeout: float) -> bool:
        """See ``Task.stop``."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(max(0.0, timeout))
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._target(self._stop)
        except BaseException as error:
            self._failed(self._thread.name, error)


class SystemThreads:
    """The real maker of threads, as ``interfaces.runtime.Threads``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: Counter[str] = Counter()

    def loop(self, name: str) -> Loop:
        """See ``Threads.loop``."""
        return SystemLoop(name, self._clock, self._failed, start_thread)

    def pool(self, name: str, size: int, queue: int) -> Pool:
        """See ``Threads.pool``."""
        return SystemPool(name, size, queue, self._clock, self._failed, start_thread)

    def task(self, name: str, target: Callable[[Stop], None]) -> Task:
        """See ``Threads.task``."""
        return SystemTask(name, target, self._failed)

    def failures(self) -> Mapping[str, int]:
        """How many jobs raised, by the name of their thread."""
        with self._lock:
            return dict(self._failures)

    def _failed(self, name: str, error: BaseException) -> None:
        with self._lock:
            self._failures[name] += 1
        LOG.error("a job of thread %s failed: %s", name, error, exc_info=error)


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """A new running thread."""
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
