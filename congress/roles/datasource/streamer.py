"""Keeps a driver's stream running.

Imports the interfaces and the model only. The stream has a task of its own.

Invariant: while the stream is down its tables are stale, and it is begun anew
with growing pauses until the datasource is closed.
"""

import logging
from collections.abc import Callable

from congress.interfaces.datasource import Streams
from congress.interfaces.runtime import Clock, Stop, Task, Threads
from congress.model.delta import Batch
from congress.model.status import State
from congress.roles.datasource.backoff import pause
from congress.roles.datasource.board import Board
from congress.roles.datasource.publisher import DatasourcePublisher

LOG = logging.getLogger(__name__)

PART = "stream"
FIRST_PAUSE = 1.0

#: A stream that ran so long before it broke is no longer counted as failing.
STEADY = 60.0


class Streamer:
    """Runs one driver's stream."""

    def __init__(
        self,
        name: str,
        driver: Streams,
        clock: Clock,
        max_backoff: Callable[[], float],
        publisher: DatasourcePublisher,
        board: Board,
        explain: Callable[[Exception], str],
    ) -> None:
        self._name = name
        self._driver = driver
        self._clock = clock
        self._max_backoff = max_backoff
        self._publisher = publisher
        self._board = board
        self._explain = explain
        self._tables: set[str] = set()
        self._task: Task | None = None

    def start(self, threads: Threads) -> None:
        """Begin."""
        self._task = threads.task(f"stream/{self._name}", self._run)

    def stop(self, timeout: float) -> bool:
        """End; tell whether it ended in time."""
        return self._task is None or self._task.stop(timeout)

    def _run(self, stop: Stop) -> None:
        failures = 0
        while not stop.is_set():
            began = self._clock.monotonic()
            message = "the stream ended"
            try:
                self._driver.stream(self._emit, stop)
            except Exception as error:
                message = self._explain(error)
            if stop.is_set():
                return
            steady = self._clock.monotonic() - began >= STEADY
            failures = 1 if steady else failures + 1
            self._down(message)
            stop.wait(pause(failures, FIRST_PAUSE, self._max_backoff(), self._name))

    def _emit(self, batch: Batch) -> None:
        self._publisher.publish(self._publisher.check([batch]))
        self._tables |= batch.tables
        self._board.updated()
        if self._board.clear(PART):
            LOG.info("the stream of datasource %s runs again", self._name)

    def _down(self, message: str) -> None:
        self._publisher.mark_stale(message, sorted(self._tables))
        if not self._board.set(PART, State.DEGRADED, message):
            LOG.warning("the stream of datasource %s is down: %s", self._name, message)
