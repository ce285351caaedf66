"""The poll loop that all drivers share.

Imports the interfaces and the model only. Jobs of the data loop, except where a
method says otherwise.

Invariants: a poll that fails or ends past its deadline publishes nothing but that
its tables are stale; the log tells once that a service is down and once that it
is up again; a cursor is only given back to the driver after a complete poll of
the same tables.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from congress.interfaces.datasource import Done, DriverError, PollRequest, Polls
from congress.interfaces.runtime import Clock, Loop, Stop, Timer
from congress.model.delta import Batch
from congress.model.status import State
from congress.roles.datasource.backoff import pause, spread
from congress.roles.datasource.board import Board
from congress.roles.datasource.publisher import DatasourcePublisher, Reading

LOG = logging.getLogger(__name__)

PART = "poll"


class _Late(DriverError):  # noqa: N818 - named for what happened
    """The poll ended past its deadline."""


@dataclass(frozen=True, slots=True)
class PollTerms:
    """How to poll. ``interval`` zero: only on request. Callables can change their answer.

    ``lazy`` tables are read only while somebody wants them.
    """

    interval: Callable[[], float]
    timeout: Callable[[], float]
    max_backoff: Callable[[], float]
    tables: Callable[[], frozenset[str]]
    lazy: frozenset[str] = frozenset()


class Poller:
    """Polls one driver.

    :param explain: words an exception for people, without secrets.
    :param polled: called when a poll has read its data, before they are checked.
    """

    def __init__(
        self,
        name: str,
        driver: Polls,
        terms: PollTerms,
        loop: Loop,
        clock: Clock,
        stop: Stop,
        publisher: DatasourcePublisher,
        board: Board,
        explain: Callable[[Exception], str],
        polled: Callable[[], None],
    ) -> None:
        self._name = name
        self._driver = driver
        self._terms = terms
        self._loop = loop
        self._clock = clock
        self._stop = stop
        self._publisher = publisher
        self._board = board
        self._explain = explain
        self._polled = polled
        self._timer: Timer | None = None
        self._requested = False
        self._failures = 0
        self._polls = 0
        self._cursor: object = None
        self._last_tables: frozenset[str] | None = frozenset()
        self._deadline: float | None = None
        self._reported = False

    def start(self) -> None:
        """Poll now, unless only requests make it poll."""
        if self._terms.interval() > 0 or self._awake():
            self.refresh()

    def refresh(self) -> None:
        """Poll soon. Any thread; requests while one waits are one."""
        if not self._requested:
            self._requested = True
            self._loop.post(self._poll)

    def wanted(self, tables: frozenset[str]) -> None:
        """What somebody reads has changed. Any thread."""
        if self._terms.lazy:
            self._loop.post(self._adjust)

    def dormant(self) -> frozenset[str]:
        """Lazy tables that nobody wants now. Any thread."""
        return self._terms.lazy - self._publisher.wanted()

    def supervise(self) -> None:
        """Report a poll that should have ended. Any thread but the data loop."""
        deadline = self._deadline
        if deadline is not None and self._clock.monotonic() >= deadline and not self._reported:
            self._reported = True
            self._fail("the poll does not end")

    def _awake(self) -> bool:
        return bool(self._terms.lazy & self._publisher.wanted())

    def _adjust(self) -> None:
        """Read tables newly wanted at once; forget those that nobody wants."""
        wanted = self._publisher.wanted()
        self._publisher.drop(self._terms.lazy - wanted)
        polled = self._last_tables
        if polled is not None and (self._terms.lazy & wanted) - polled:
            self.refresh()

    def _tables(self) -> frozenset[str] | None:
        """What to read: ``None`` stands for all."""
        if not self._terms.lazy:
            return None
        return self._terms.tables() - self.dormant()

    def _poll(self) -> None:
        self._requested = False
        if self._timer:
            self._timer.cancel()
        if self._stop.is_set():
            return
        tables = self._tables()
        if tables != self._last_tables:
            self._cursor, self._last_tables = None, tables
        deadline = self._clock.monotonic() + self._terms.timeout()
        self._reported, self._deadline = False, deadline
        try:
            # A node that was held up may own it no longer, and the service need not be asked
            # by two.
            self._publisher.require_lease()
            batches, done = self._read(PollRequest(tables, self._cursor, deadline, self._stop))
            self._deadline = None
            self._polled()
            self._succeed(batches, done)
        except Exception as error:
            self._deadline = None
            self._cursor = None
            self._failures += 1
            self._fail(self._explain(error))
        self._schedule()

    def _read(self, request: PollRequest) -> tuple[list[Batch], Done]:
        batches: list[Batch] = []
        done = Done(complete=False)
        for item in self._driver.poll(request):
            if self._clock.monotonic() >= request.deadline:
                break
            if isinstance(item, Done):
                done = item
                break
            batches.append(item)
        if self._clock.monotonic() >= request.deadline:
            raise _Late("the poll ended past its deadline; its result is not used")
        return batches, done

    def _succeed(self, batches: Sequence[Batch], done: Done) -> None:
        if self._stop.is_set():
            return
        checked = self._publisher.check(batches)
        failed = {table: str(reason) for table, reason in (done.failed or {}).items()}
        asked = self._terms.tables() if self._last_tables is None else self._last_tables
        unread = frozenset() if done.complete else asked - checked.as_of.keys() - failed.keys()
        read = (asked | checked.as_of.keys()) - unread - failed.keys()
        self._publisher.publish(checked, Reading(read, failed, unread))
        self._cursor = done.cursor if done.complete and not failed else None
        self._board.updated()
        self._failures = 0
        self._polls += 1
        if failed or unread:
            self._fail_some(failed, unread)
        elif self._board.clear(PART):
            LOG.info("datasource %s can be read again", self._name)

    def _fail(self, message: str) -> None:
        if self._stop.is_set():
            return
        self._publisher.mark_stale(message)
        if not self._board.set(PART, State.DEGRADED, message):
            LOG.warning(
                "datasource %s cannot be read: %s; it is tried again, less and less often",
                self._name,
                message,
            )
        else:
            LOG.debug("datasource %s still cannot be read: %s", self._name, message)

    def _fail_some(self, failed: dict[str, str], unread: frozenset[str]) -> None:
        texts = [f"{table}: {reason}" for table, reason in sorted(failed.items())]
        texts += [f"{table}: not read" for table in sorted(unread)]
        message = "; ".join(texts)
        if not self._board.set(PART, State.DEGRADED, message):
            LOG.warning("tables of datasource %s cannot be read: %s", self._name, message)

    def _schedule(self) -> None:
        interval = self._terms.interval()
        if self._stop.is_set() or interval <= 0:
            return
        if self._failures:
            delay = pause(self._failures, interval, self._terms.max_backoff(), self._name)
        else:
            delay = spread(interval, f"{self._name}/{self._polls}")
        self._timer = self._loop.later(delay, self.refresh)
