"""A bounded number of threads for jobs that do not depend on each other.

May import the standard library only; its threads are made by ``kernel/threads.py``.

Invariant: at most ``size`` jobs run and at most ``queue`` wait; what is refused
was not run.
"""

import threading
from collections import deque

from congress.interfaces.runtime import Clock
from congress.kernel.loop import Failed, Job, StartThread


class SystemPool:
    """A pool of threads made when they are first needed, as ``interfaces.runtime.Pool``."""

    def __init__(
        self, name: str, size: int, queue: int, clock: Clock, failed: Failed, start: StartThread
    ) -> None:
        self.name = name
        self._size = max(1, size)
        self._queue = max(0, queue)
        self._clock = clock
        self._failed = failed
        self._start = start
        self._changed = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._idle = 0
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(self, job: Job) -> bool:
        """See ``Pool.submit``."""
        with self._changed:
            spare = self._size - len(self._threads)
            if self._closed or len(self._jobs) >= self._idle + spare + self._queue:
                return False
            self._jobs.append(job)
            if len(self._jobs) > self._idle and spare:
                self._idle += 1
                number = len(self._threads) + 1
                self._threads.append(self._start(f"{self.name}-{number}", self._run))
            self._changed.notify()
            return True

    def close(self, timeout: float) -> bool:
        """See ``Pool.close``."""
        deadline = self._clock.monotonic() + max(0.0, timeout)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            threads = list(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - self._clock.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closed:
                    self._changed.wait()
                if not self._jobs:
                    return
                job = self._jobs.popleft()
                self._idle -= 1
            try:
                job()
            except BaseException as error:
                self._failed(self.name, error)
            with self._changed:
                self._idle += 1
