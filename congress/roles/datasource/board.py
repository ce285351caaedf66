"""How one datasource fares: written by its parts, read by anybody at any time.

Imports the model only.

Invariant: reading never waits for a driver; the lock is held for assignments only.
"""

import threading
from dataclasses import dataclass

from congress.interfaces.runtime import Clock
from congress.model.status import Health, State, worst

OPENING = Health(State.NOT_READY, "it is being opened")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the board shows. Times are seconds since the epoch."""

    health: Health
    initialized: bool
    last_updated: float | None
    last_error: str | None
    updates: int


class Board:
    """The conditions of the parts of one datasource, each under its name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock.time()
        self._conditions: dict[str, Health] = {}
        self._initialized = False
        self._last_updated: float | None = None
        self._updates = 0
        self.set("driver", OPENING.state, OPENING.message)

    def opened(self) -> None:
        """The driver is ready for use."""
        with self._lock:
            self._initialized = True
        self.clear("driver")

    def updated(self) -> None:
        """Data were read or received, and published."""
        with self._lock:
            self._last_updated = self._clock.time()
            self._updates += 1

    def set(self, part: str, state: State, message: str) -> bool:
        """A part is not well; tell whether it was so before."""
        now = self._clock.time()
        with self._lock:
            old = self._conditions.get(part)
            same = old is not None and old.state == state
            since = old.since if same and old else now
            self._conditions[part] = Health(state, message, since)
            if not same:
                self._since = now
        return same

    def clear(self, part: str) -> bool:
        """A part is well; tell whether it was not before."""
        with self._lock:
            cleared = self._conditions.pop(part, None) is not None
            if cleared:
                self._since = self._clock.time()
        return cleared

    def ready(self) -> bool:
        """Whether the driver is ready for use."""
        return self._initialized

    def health(self) -> Health:
        """The worst condition of all parts."""
        return self.standing().health

    def standing(self) -> Standing:
        """Everything at one moment."""
        with self._lock:
            health = worst(self._conditions.values())
            if health.state is State.OK:
                health = Health(since=self._since)
            error = health.message if health.state in (State.DEGRADED, State.FAILED) else None
            return Standing(health, self._initialized, self._last_updated, error, self._updates)
