"""What lately changed in every table: the transactions of one engine, as far back as is kept.

Imports the engine's results and the model. No I/O. Written on the engine loop, read
on any thread; nobody who reads, however slowly, holds up the engine.

Invariant: what is told of a table after a transaction is every change since, or
nothing at all.
"""

import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from congress.engine import Changes
from congress.model.delta import Delta
from congress.roles.policy.source import Extent

#: A table, by policy and name.
Place = tuple[str, str]

#: Tables of which it is remembered singly how far back their changes are kept.
_MOST_PLACES = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """The changes of a table after a transaction: number and delta, oldest first.

    :param latest: the engine's newest transaction, whatever it changed.
    :param extents: what the rows of source tables were of then.
    """

    changes: Sequence[tuple[int, Delta]]
    latest: int
    extents: Mapping[Place, Extent]


class History:
    """The changes of an engine's tables, in memory.

    :param most_rows: added and removed rows that are kept, of all tables together.
    :param extents: what the rows of source tables are of; asked after each transaction.
    """

    def __init__(
        self, most_rows: Callable[[], int], extents: Callable[[], Mapping[Place, Extent]]
    ) -> None:
        #: Tells the transactions of this engine from those of all others.
        self.engine = uuid.uuid4().hex[:12]
        self._most_rows = most_rows
        self._ask_extents = extents
        self._lock = threading.Lock()
        self._waiting: dict[Place, set[threading.Event]] = {}
        self._changes: dict[Place, deque[tuple[int, Delta]]] = {}
        self._order: deque[tuple[Place, int]] = deque()
        self._rows = 0
        self._forgotten: dict[Place, int] = {}
        self._forgotten_anywhere = 0
        self._latest = 0
        #: What the rows of source tables were of after the newest transaction kept.
        self.extents: Mapping[Place, Extent] = {}

    def record(self, changes: Changes, structural: bool) -> None:
        """Keep what a transaction changed."""
        with self._lock:
            self._latest = changes.number
            self.extents = self._ask_extents()
            for place, delta in changes.tables.items():
                self._keep(place, changes.number, delta)
                for waiting in self._waiting.get(place, ()):
                    waiting.set()
            self._trim()

    def _keep(self, place: Place, number: int, delta: Delta) -> None:
        size = len(delta.added) + len(delta.removed)
        self._changes.setdefault(place, deque()).append((number, delta))
        self._order.append((place, size))
        self._rows += size

    def _trim(self) -> None:
        most = self._most_rows()
        while self._rows > most:
            place, size = self._order.popleft()
            self._rows -= size
            changes = self._changes[place]
            self._forgotten[place] = changes.popleft()[0]
            if not changes:
                del self._changes[place]
        if len(self._forgotten) > _MOST_PLACES:
            self._forgotten_anywhere = max(self._forgotten.values())
            self._forgotten.clear()

    def since(self, place: Place, number: int) -> Told | None:
        """The changes of a table after a transaction; ``None`` if not all are kept."""
        with self._lock:
            if number < max(self._forgotten.get(place, 0), self._forgotten_anywhere):
                return None
            newest_first = reversed(self._changes.get(place, ()))
            changes = list(takewhile(lambda change: change[0] > number, newest_first))
            latest = max(number, self._latest)
            return Told(changes[::-1], latest, self.extents)

    def wait(self, place: Place, number: int, timeout: float) -> None:
        """Wait until a table has changed after a transaction; ``timeout`` seconds at most."""
        changed = threading.Event()
        with self._lock:
            kept = self._changes.get(place)
            newest = kept[-1][0] if kept else self._forgotten.get(place, 0)
            if newest > number:
                return
            self._waiting.setdefault(place, set()).add(changed)
        changed.wait(timeout)
        with self._lock:
            waiting = self._waiting[place]
            waiting.discard(changed)
            if not waiting:
                del self._waiting[place]
