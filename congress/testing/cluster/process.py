"""A simulated process: what a node runs in, and where it can be stopped.

May import the simulated runtime and the interfaces.

Everything that leaves or enters the process (storage, network, drivers) passes
``point`` first, under the name of what is about to happen. There the process can
die, be paused, or be told that it failed, as the schedule says.

Invariant: after the process was killed nothing passes any more; whoever tries
unwinds by ``Killed``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from congress.testing.fibre import Killed
from congress.testing.runtime import ManualClock, SimGroup, SimThreads

if TYPE_CHECKING:
    from congress.testing.cluster.world import World


class Point(enum.StrEnum):
    """Where a process can be stopped: just before what the name says."""

    BEGIN = "db.begin"
    COMMIT = "db.commit"
    COMMITTED = "db.committed"
    BEAT = "net.beat"
    DATA = "net.data"
    CALL = "net.call"
    ANSWERED = "net.answered"
    POLL = "driver.poll"
    POLLED = "driver.polled"
    ACT = "driver.act"
    ACTED = "driver.acted"


@dataclass(slots=True)
class Trap:
    """Waits until a process passes a point for the n-th time, then does something.

    ``spring`` runs where the process stands and may raise.
    """

    point: Point
    passes: int
    spring: Callable[[Process], None]


class ProcessClock:
    """A machine's clocks: all tick alike, but the wall clocks may differ."""

    def __init__(self, process: Process, clock: ManualClock) -> None:
        self.process = process
        self.skew = 0.0
        self._clock = clock

    def monotonic(self) -> float:
        """See ``Clock.monotonic``."""
        return self._clock.monotonic()

    def time(self) -> float:
        """See ``Clock.time``."""
        return self._clock.time() + self.skew


class Process:
    """One life of a node."""

    def __init__(self, name: str, instance: str, world: World, sim: SimThreads) -> None:
        self.name = name
        self.instance = instance
        self.world = world
        self.clock = ProcessClock(self, world.clock)
        self.group: SimGroup = sim.group(instance)
        self.traps: list[Trap] = []
        self._sim = sim

    @property
    def alive(self) -> bool:
        """Whether it was not killed."""
        return self.group.alive

    def note(self, kind: str, detail: str = "") -> None:
        """Put something into the chronicle."""
        self.world.chronicle.note(self.clock.monotonic(), self.instance, kind, detail)

    def point(self, point: Point, detail: str = "") -> None:
        """Something is about to happen.

        :raises Killed: the process is dead, or dies here.
        """
        if not self.alive:
            raise Killed
        self.note(point, detail)
        for trap in list(self.traps):
            # A trap that springs lets others run, who may come by the same ones.
            if trap.point is point and trap in self.traps:
                trap.passes -= 1
                if trap.passes <= 0:
                    self.traps.remove(trap)
                    trap.spring(self)

    def kill(self) -> None:
        """As SIGKILL, from outside."""
        if self.alive:
            self.note("killed")
            self.group.kill()

    def die(self) -> None:
        """As ``kill``, from within.

        :raises Killed: always.
        """
        self.kill()
        raise Killed

    def pause(self, seconds: float) -> None:
        """As SIGSTOP, and SIGCONT later."""
        if self.alive and not self.group.group.paused:
            self.note("paused", f"{seconds:g} s")
            self.group.pause()
            self._sim.after(seconds, self.resume)

    def resume(self) -> None:
        """As SIGCONT."""
        if self.alive and self.group.group.paused:
            self.note("resumed")
            self.group.resume()

    def stop_here(self, seconds: float) -> None:
        """As ``pause``, in the middle of what is going on.

        :raises Killed: the process was killed meanwhile.
        """
        self.pause(seconds)
        self._sim.wait(lambda: True, self.clock.monotonic())
