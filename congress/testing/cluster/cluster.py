"""One simulated run: the nodes of a plan on one clock, its steps, and the verdict.

May import all of this package.

Invariant: nothing here draws from chance; with one plan every run is the same.
"""

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from congress.model.action import ActionSpec, Promise
from congress.testing.cluster.chronicle import Chronicle
from congress.testing.cluster.director import Director
from congress.testing.cluster.ledger import LedgerWatch
from congress.testing.cluster.node import SimNode
from congress.testing.cluster.plan import ALWAYS, DURATION, ENGINE, LETTERS, Plan, make_plan
from congress.testing.cluster.policy import Gardener
from congress.testing.cluster.process import Process
from congress.testing.cluster.verdict import broken_promises, differences
from congress.testing.cluster.world import Contents, Service, World
from congress.testing.lossy import LossyNetwork
from congress.testing.runtime import ManualClock, SimThreads

#: Seconds after the last fault in which everything must be well again.
CONVERGENCE = 40.0
#: Seconds everything must stay well, and nothing may be done after a restart of all.
QUIET = 6.0
#: Seconds until a process that ended by itself is started again.
RESTART = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went.

    :param converged_after: seconds from the last fault until all was well.
    :param events: how often each kind of event happened.
    """

    plan: Plan
    failures: tuple[str, ...]
    digest: str
    converged_after: float
    events: Mapping[str, int]
    lines: Sequence[str]

    def __str__(self) -> str:
        lines = [str(self.plan), *self.failures]
        if self.failures:
            lines.append(f"replay: python -m congress.testing.cluster --seed {self.plan.seed}")
            lines.append(f"as a test: {self.plan!r}")
        return "\n".join(lines)


class Cluster:
    """The nodes of a plan, and everything around them.

    :param keep: keep the chronicle's lines.
    """

    def __init__(self, plan: Plan | int, *, keep: bool = False) -> None:
        self.plan = plan if isinstance(plan, Plan) else make_plan(plan)
        self.clock = ManualClock(monotonic=0.0)
        self.sim = SimThreads(self.clock, self.plan.seed)
        self.chronicle = Chronicle(keep=keep)
        network = LossyNetwork(self.sim, self.plan.seed)
        self.world = World(self.clock, network, _services(self.plan.seed), self.chronicle)
        self.watch = LedgerWatch(self.world)
        self.gardener = Gardener(self.world, self._up)
        self.director = Director(self)
        self._roles = dict(self.plan.nodes)
        self._slots: dict[str, SimNode | None] = dict.fromkeys(self._roles)
        self._lives = 0
        self._closing = False

    def run(self) -> Outcome:
        """Play the plan and judge; can be done once."""
        with silence():
            self.begin()
            for step in self.plan.steps:
                self.director.schedule(step)
            self.sim.run_for(DURATION)
            after = self._settle()
            failures = self._failures(after)
            if self.plan.restart and not failures:
                failures = self._restart_all()
        return Outcome(
            self.plan,
            tuple(failures),
            self.chronicle.digest(),
            after,
            dict(self.chronicle.counts),
            self.chronicle.lines,
        )

    # The same for who plays by hand, through the director

    def begin(self) -> None:
        """Start all nodes."""
        for slot in self._roles:
            self.boot(slot)
        self._every(1.0, self.gardener.tend)

    def end(self) -> Sequence[str]:
        """End all faults and wait until all is well; what is wrong, if anything."""
        return self._failures(self._settle())

    # What the director asks for

    def node(self, slot: str) -> SimNode | None:
        """See ``Stage``."""
        return self._slots.get(slot)

    def boot(self, slot: str, *, name: str = "") -> None:
        """See ``Stage``."""
        present = self._slots[slot]
        if present is not None and present.process.alive:
            return
        self._lives += 1
        called = name or slot
        process = Process(called, f"{called}#{self._lives}", self.world, self.sim)
        node = SimNode(
            process,
            self._roles[slot],
            self.plan,
            lambda gone, reason: self._gone(slot, gone),
        )
        self._slots[slot] = node
        node.start()

    def abandon(self, slot: str) -> None:
        """See ``Stage``."""
        self._slots[slot] = None

    # The course of a run

    def _settle(self) -> float:
        """End all faults, and wait until all is well; how long that took."""
        self._heal()
        began = self.clock.monotonic()
        while self.clock.monotonic() < began + CONVERGENCE:
            self.sim.run_for(1.0)
            if not self._unsettled():
                break
        after = self.clock.monotonic() - began
        self.sim.run_for(QUIET)
        return after

    def _failures(self, after: float) -> list[str]:
        """What is wrong."""
        unsettled = [f"after {after:g} s of peace: {text}" for text in self._unsettled()]
        broken = list(broken_promises(self.world, self.watch))
        raised = [f"a job of {name} raised {error!r}" for name, error in self.sim.errors]
        return [*self.world.objections, *unsettled, *broken, *raised]

    def _restart_all(self) -> list[str]:
        """Kill everything and start it again: nothing may be done."""
        before = len(self.world.received)
        ledger = {(e.key, e.generation, e.state) for e in self.watch.entries()}
        self.world.note("restart of all")
        for node in self._slots.values():
            if node is not None:
                node.process.kill()
        self._heal()
        after = self._settle()
        failures = self._failures(after)
        again = self.world.received[before:]
        failures += [f"{r.action}{r.arguments} was done after a restart of all" for r in again]
        if ledger != {(e.key, e.generation, e.state) for e in self.watch.entries()}:
            failures.append("the ledger changed by a restart of all")
        return failures

    def _heal(self) -> None:
        self.director.heal()
        for slot in self._roles:
            if (node := self._slots[slot]) is not None:
                node.process.traps.clear()
                node.process.resume()
            self.boot(slot)

    def _unsettled(self) -> list[str]:
        down = [slot for slot, node in self._slots.items() if node is None or not node.up]
        if down:
            return [f"{slot} is not up" for slot in down]
        if not self.gardener.tend():
            return ["not all is stored that should be"]
        engines = [n for n in self._slots.values() if n is not None and ENGINE in n.roles]
        return list(differences(self.world, engines, self.watch))

    def _gone(self, slot: str, node: SimNode) -> None:
        """A process ended by itself; whatever watches over it starts it again."""
        if self._slots[slot] is node:
            self.sim.after(RESTART, lambda: self.boot(slot))

    def _up(self) -> Mapping[str, SimNode]:
        nodes = {slot: node for slot, node in self._slots.items() if node is not None}
        return {slot: node for slot, node in nodes.items() if node.up and node.process.alive}

    def _every(self, seconds: float, job: Callable[[], object]) -> None:
        def again() -> None:
            job()
            self.sim.after(seconds, again)

        self.sim.after(seconds, again)


def _services(seed: int) -> list[Service]:
    """The services: one that is watched, one whose absences matter, one that is acted on."""
    rng = random.Random(f"world {seed}")
    domain = [(letter,) for letter in LETTERS]

    def contents(name: str) -> dict[str, Contents]:
        present = [row for row in domain if rng.random() < 0.4]
        return {name: Contents(name, domain, [*present, (ALWAYS,)])}

    return [
        Service("s0", contents("t"), poll_time=1.5),
        Service("s1", contents("u"), poll_time=2.0),
        Service("act", {}, ACTIONS, poll_time=0.0),
    ]


def _action(name: str, promise: Promise) -> ActionSpec:
    parameters = {
        "type": "object",
        "properties": {"x": {"type": "string"}},
        "required": ["x"],
    }
    idempotent = promise is Promise.AT_LEAST_ONCE
    return ActionSpec(name, name, parameters, idempotent=idempotent, promise=promise)


ACTIONS = (
    _action("once", Promise.AT_MOST_ONCE),
    _action("guarded", Promise.AT_MOST_ONCE),
    _action("again", Promise.AT_LEAST_ONCE),
    _action("extra", Promise.AT_LEAST_ONCE),
)


@contextmanager
def silence() -> Iterator[None]:
    """No log lines: the nodes complain of every fault, as they should."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
