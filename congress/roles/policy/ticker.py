"""The time, as policy sees it: a table that moves on only while a rule reads it.

Imports the engine and the interfaces. Runs on the engine loop.
"""

from datetime import UTC, datetime

from congress.engine import Changes, Tick
from congress.interfaces.runtime import Clock, Timer
from congress.roles.policy.runtime import EngineRuntime

TICK_INTERVAL = 60.0


class Ticker:
    """Sets ``now`` at once when a rule begins to read it, and then every minute."""

    def __init__(self, runtime: EngineRuntime, clock: Clock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._timer: Timer | None = None
        runtime.listen(self._committed)

    def close(self) -> None:
        """Tick no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _committed(self, changes: Changes, structural: bool) -> None:
        if not structural:
            return
        timed = self._runtime.read(lambda engine: engine.uses_clock())
        if timed and self._timer is None:
            self._timer = self._runtime.loop.every(TICK_INTERVAL, self._tick)
            self._runtime.loop.post(self._tick)
        elif not timed:
            self.close()

    def _tick(self) -> None:
        """Local time without its zone, as dates in policies always were."""
        now = datetime.fromtimestamp(self._clock.time(), UTC).astimezone()
        self._runtime.transact([Tick(f"{now:%Y-%m-%d %H:%M:%S}")])
