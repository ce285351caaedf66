"""Makes happen what a plan says: each verb of a step is a method here.

May import the simulated nodes and the world.
"""

from collections.abc import Callable
from typing import Protocol

from congress.interfaces.storage import StorageError
from congress.testing.cluster.node import SimNode
from congress.testing.cluster.plan import Step
from congress.testing.cluster.policy import Gardener
from congress.testing.cluster.process import Point, Process, Trap
from congress.testing.cluster.world import World
from congress.testing.lossy import Faults
from congress.testing.runtime import SimThreads


class Stage(Protocol):
    """The nodes of a run. A *slot* is a place for a node; lives of it follow each other."""

    world: World
    sim: SimThreads
    gardener: Gardener

    def node(self, slot: str) -> SimNode | None:
        """The node that lives there now."""

    def boot(self, slot: str, *, name: str = "") -> None:
        """Start a node there, if none lives; under its usual name unless given another."""

    def abandon(self, slot: str) -> None:
        """Take the node that lives there out of its slot, but let it live."""


class Director:
    """Plays the steps of a plan."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._world = stage.world
        self._sim = stage.sim
        self._partitions: list[frozenset[str]] = []

    def schedule(self, step: Step) -> None:
        """Let a step happen when it is due."""
        self._sim.after(step.at, lambda: self.play(step))

    def play(self, step: Step) -> None:
        """Let it happen now."""
        self._world.note("step", f"{step.verb} {step.arguments}")
        act: Callable[..., None] = getattr(self, f"do_{step.verb}")
        act(*step.arguments)

    # Life of the services and people

    def do_flip(self, service: str, letter: str) -> None:
        """A row comes or goes."""
        for contents in self._world.services[service].tables.values():
            contents.flip((letter,))

    def do_toggle(self, number: float, engine: str) -> None:
        """A rule is created or deleted."""
        self._stage.gardener.toggle(int(number), engine)

    def do_down(self, service: str, seconds: float) -> None:
        """A service cannot be read."""
        served = self._world.services[service]
        served.down = "the service does not answer"
        self._sim.after(seconds, lambda: setattr(served, "down", ""))

    def do_refuse(self, service: str, calls: float) -> None:
        """The next calls of actions fail."""
        self._world.services[service].failing_calls = int(calls)

    # Lives of nodes

    def do_crash(
        self, slot: str, point: str, passes: float, back_after: float, renamed: float
    ) -> None:
        """A node is killed, at a point of its work if one is named, and comes back."""

        def crash(process: Process) -> None:
            name = f"{slot}-{process.instance.rpartition('#')[2]}" if renamed else ""
            self._sim.after(back_after, lambda: self._stage.boot(slot, name=name))
            process.die() if point else process.kill()

        self._at(slot, point, passes, crash)

    def do_pause(self, slot: str, point: str, passes: float, seconds: float) -> None:
        """A node stands still for a while, at a point of its work if one is named."""

        def pause(process: Process) -> None:
            process.stop_here(seconds) if point else process.pause(seconds)

        self._at(slot, point, passes, pause)

    def do_stop(self, slot: str, back_after: float) -> None:
        """A node is asked to end, and is started again when it has, or at last killed."""
        node = self._stage.node(slot)
        if node is None or not node.up:
            return
        node.stop(5.0)

        def back() -> None:
            node.process.kill()
            self._stage.boot(slot)

        self._sim.after(8.0 + back_after, back)

    def do_twin(self, slot: str, seconds: float) -> None:
        """A node stands still and is replaced by one of the same name; then it wakes up."""
        node = self._stage.node(slot)
        if node is None:
            return
        node.process.pause(seconds)
        self._stage.abandon(slot)
        self._stage.boot(slot)
        self._sim.after(seconds + 10.0, node.process.kill)

    def do_skew(self, slot: str, seconds: float) -> None:
        """A machine's wall clock is set."""
        if (node := self._stage.node(slot)) is not None:
            node.process.clock.skew += seconds

    # The database

    def do_outage(self, slot: str, seconds: float) -> None:
        """A node (or ``*``: all) does not reach the database."""
        node = self._stage.node(slot)
        name = node.process.name if node else slot
        self._world.cut_off.add(name)
        self._sim.after(seconds, lambda: self._world.cut_off.discard(name))

    def do_unsure(self, slot: str, passes: float) -> None:
        """A commit takes effect, and the node is told that it failed."""

        def fail(process: Process) -> None:
            raise StorageError("the connection was lost")

        self._at(slot, Point.COMMITTED, passes, fail)

    # The network

    def do_partition(self, slots: str, seconds: float) -> None:
        """Some nodes are cut off from the rest."""
        nodes = [self._stage.node(slot) for slot in slots.split(",")]
        part = frozenset(node.process.name for node in nodes if node)
        self._partitions.append(part)
        self._world.network.partition(*self._partitions)
        self._sim.after(seconds, lambda: self._rejoin(part))

    def _rejoin(self, part: frozenset[str]) -> None:
        if part in self._partitions:
            self._partitions.remove(part)
            self._world.network.partition(*self._partitions)

    def do_deafen(self, sender: str, receiver: str, seconds: float) -> None:
        """One node does not hear another, which hears it."""
        one, two = self._stage.node(sender), self._stage.node(receiver)
        if one is None or two is None:
            return
        names = one.process.name, two.process.name
        self._world.network.block(*names)
        self._sim.after(seconds, lambda: self._world.network.unblock(*names))

    def do_broker(self, seconds: float) -> None:
        """Nobody hears anybody."""
        self._world.network.broker(away=True)
        self._sim.after(seconds, lambda: self._world.network.broker(away=False))

    def do_weather(self, loss: float, repeat: float, delay: float, late: float) -> None:
        """Messages fare worse or better from now on."""
        self._world.network.faults = Faults(loss=loss, repeat=repeat, delay=(0.0, delay), late=late)

    # The end

    def heal(self) -> None:
        """End every fault that lasts; nodes that are down come back."""
        self._partitions.clear()
        self._world.network.heal()
        self._world.cut_off.clear()
        for service in self._world.services.values():
            service.down, service.failing_calls = "", 0

    def _at(
        self, slot: str, point: str | Point, passes: float, spring: Callable[[Process], None]
    ) -> None:
        """Do something to a node, now or when it passes a point."""
        node = self._stage.node(slot)
        if node is None:
            return
        if point:
            node.process.traps.append(Trap(Point(point), int(passes), spring))
        else:
            spring(node.process)
