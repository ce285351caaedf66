"""What waits for one subscriber, who may be slow.

May import ``congress.interfaces`` and this package.

Invariants: the subscriber is called by one thread at a time, in order; no more than a
bounded number of rows waits for it behind the first arrival, and that one is no larger
than the tables are. Where more would wait, all that waits is conflated: put into one arrival. What
the subscriber failed on is lost, with everything that waits: the feed begins anew when
the subscriber has caught up.
"""

import enum
import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import reduce

from congress.bus.publication import change_rows
from congress.interfaces.role import Arrival

LOG = logging.getLogger(__name__)

#: Items handed over before other subscribers get their turn.
BURST = 64

StateChange = tuple[str, str]


class _Loss(enum.Enum):
    """Where the inbox is after a failure: it takes no more until it is reopened,
    so that nothing the feed says before it knows can be taken for a sequel."""

    NONE = enum.auto()
    DROPPING = enum.auto()
    DRAINED = enum.auto()


class Inbox:
    """:param submit: runs a job on some thread soon; ``False`` if it will not.
    :param max_rows: how many rows may wait behind the first arrival.
    :param on_lost: told that arrivals were dropped; must not block.
    :param on_conflated: told that what waits was put into one; must not block.
    :param on_drained: told, after a loss, that all is handed over; must not block. It
        sees to it that ``reopen`` is called once the feed has begun anew.
    """

    def __init__(
        self,
        on_arrival: Callable[[Arrival], None],
        on_state: Callable[[str, str], None] | None,
        *,
        submit: Callable[[Callable[[], None]], bool],
        max_rows: Callable[[], int],
        on_lost: Callable[[], None],
        on_drained: Callable[[], None],
        on_conflated: Callable[[], None],
    ) -> None:
        self._on_arrival = on_arrival
        self._on_state = on_state
        self._submit = submit
        self._max_rows = max_rows
        self._on_lost = on_lost
        self._on_drained = on_drained
        self._on_conflated = on_conflated
        self._lock = threading.Lock()
        self._items: deque[Arrival | StateChange] = deque()
        #: Rows that wait, and those of the first arrival among them.
        self._rows = self._first = 0
        self._scheduled = False
        self._loss = _Loss.NONE
        self._closed = False

    @property
    def rows(self) -> int:
        """How many rows wait."""
        return self._rows

    def put(self, arrival: Arrival) -> None:
        """Hand an arrival over when its turn comes."""
        rows = _weight(arrival)
        with self._lock:
            if self._closed or self._loss is not _Loss.NONE:
                return
            self._items.append(arrival)
            self._first = self._first if self._rows else rows
            self._rows += rows
            if self._rows - self._first > self._max_rows():
                self._conflate()
        self.kick()

    def tell(self, table: str, state: str) -> None:
        """Tell of a state when its turn comes."""
        with self._lock:
            if self._closed or self._on_state is None:
                return
            self._items.append((table, state))
        self.kick()

    def reopen(self) -> None:
        """Take arrivals again after a loss: the feed knows of it, so the next is a snapshot."""
        with self._lock:
            self._loss = _Loss.NONE

    def kick(self) -> None:
        """Begin to hand over, if there is anything and nobody does."""
        with self._lock:
            if self._scheduled or not self._items:
                return
            self._scheduled = True
        self._schedule()

    def close(self) -> None:
        """Hand nothing more over."""
        with self._lock:
            self._closed = True
            self._items.clear()
            self._rows = self._first = 0

    def _schedule(self) -> None:
        if not self._submit(self._run):
            with self._lock:
                self._scheduled = False

    def _run(self) -> None:
        for _ in range(BURST):
            item = self._next()
            if item is None:
                return
            try:
                self._hand_over(item)
            except Exception:
                LOG.exception("a subscriber failed on what it was given")
                if isinstance(item, Arrival):
                    with self._lock:
                        self._lose()
        self._schedule()

    def _next(self) -> Arrival | StateChange | None:
        with self._lock:
            if not self._items:
                self._scheduled = False
                if self._loss is _Loss.DROPPING and not self._closed:
                    self._loss = _Loss.DRAINED
                    self._on_drained()
                return None
            item = self._items.popleft()
            if isinstance(item, Arrival):
                self._rows -= self._first
                following = next((one for one in self._items if isinstance(one, Arrival)), None)
                self._first = _weight(following) if following else 0
            return item

    def _hand_over(self, item: Arrival | StateChange) -> None:
        if isinstance(item, Arrival):
            self._on_arrival(item)
        elif self._on_state is not None:
            self._on_state(*item)

    def _conflate(self) -> None:
        """Make one of all arrivals, and tell the states after it."""
        arrivals = [item for item in self._items if isinstance(item, Arrival)]
        # From the last, so that only one of many changes is applied to a large table.
        whole = reduce(lambda later, earlier: earlier.then(later), reversed(arrivals))
        self._items = deque([whole, *self._states()])
        self._rows = self._first = _weight(whole)
        self._on_conflated()

    def _lose(self) -> None:
        """Drop all arrivals. States stay: each is told once only."""
        self._items = deque(self._states())
        self._rows = self._first = 0
        if self._loss is _Loss.NONE:
            self._loss = _Loss.DROPPING
            self._on_lost()

    def _states(self) -> list[StateChange]:
        return [item for item in self._items if not isinstance(item, Arrival)]


def _weight(arrival: Arrival) -> int:
    return 1 + sum(change_rows(change) for change in arrival.changes)
