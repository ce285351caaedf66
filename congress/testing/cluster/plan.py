"""What happens in a simulated run: the nodes, and the steps of its schedule.

May import the standard library and the names of points.

Invariant: a plan follows from its seed alone, so a seed is all that is needed to
see a run again; dropping steps from a plan leaves a plan.
"""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from congress.testing.cluster.process import Point

ENGINE = "policy-engine"
DATASOURCES = "datasources"

#: Seconds in which the steps happen.
DURATION = 30.0

#: Rows of the services' tables are made of these.
LETTERS = "abcde"
#: Always there in every table, so that what its absence would do never happens.
ALWAYS = "z"

Argument = str | float


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens at a time (in seconds): a verb of ``Director`` with arguments."""

    at: float
    verb: str
    arguments: tuple[Argument, ...] = ()

    def __str__(self) -> str:
        return f"{self.at:7.3f} {self.verb} {' '.join(map(str, self.arguments))}".rstrip()


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the nodes notice things: options of ``[dse]``, in seconds."""

    heartbeat_interval: float
    leader_timeout: float
    peer_timeout: float
    lease: float


#: What is set if nothing is set, and slower nodes, of which more can be seen in a time.
DEFAULT_PACE = Pace(0.5, 2.0, 3.0, 5.0)
SLOW_PACE = Pace(1.0, 3.0, 4.0, 6.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a run. ``nodes`` maps names to roles; ``restart`` tells whether all
    is killed and started again at the end."""

    seed: int
    nodes: tuple[tuple[str, tuple[str, ...]], ...]
    strategy: str
    pace: Pace
    restart: bool
    steps: tuple[Step, ...]

    def only(self, chosen: Collection[int]) -> "Plan":
        """The plan with these steps only, counted from 0."""
        steps = tuple(step for number, step in enumerate(self.steps) if number in chosen)
        return replace(self, steps=steps)

    def __str__(self) -> str:
        nodes = ", ".join(f"{name} ({', '.join(roles)})" for name, roles in self.nodes)
        steps = [f"  [{number:2}] {step}" for number, step in enumerate(self.steps)]
        return "\n".join([f"seed {self.seed}: {nodes}; {self.strategy}; {self.pace}", *steps])


LAYOUTS = (
    (
        ("pe1", (ENGINE,)),
        ("pe2", (ENGINE,)),
        ("pe3", (ENGINE,)),
        ("ds1", (DATASOURCES,)),
        ("ds2", (DATASOURCES,)),
    ),
    (
        ("pe1", (ENGINE,)),
        ("pe2", (ENGINE,)),
        ("all1", (DATASOURCES, ENGINE)),
        ("ds2", (DATASOURCES,)),
    ),
    (("all1", (DATASOURCES, ENGINE)), ("all2", (DATASOURCES, ENGINE))),
    (("all1", (DATASOURCES, ENGINE)),),
)
WEIGHTS = (6, 3, 2, 1)


def make_plan(seed: int) -> Plan:
    """The plan that a seed stands for."""
    return _Planner(seed).plan()


class _Planner:
    """Draws a plan. Each plan knows only some kinds of faults, so that rare ones meet."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = random.Random(f"plan {seed}")
        self._nodes = self._rng.choices(LAYOUTS, WEIGHTS)[0]
        self._names = [name for name, _ in self._nodes]
        self._sources = [name for name, roles in self._nodes if DATASOURCES in roles]
        self._engines = [name for name, roles in self._nodes if ENGINE in roles]

    def plan(self) -> Plan:
        """The whole plan."""
        rng = self._rng
        makers = self._faults()
        known = rng.sample(makers, rng.randint(1, len(makers)))
        steps = [self._step("flip", *self._row()) for _ in range(rng.randint(3, 25))]
        steps += [
            self._step("toggle", float(rng.randrange(4)), rng.choice(self._engines))
            for _ in range(rng.randint(0, 3))
        ]
        for _ in range(rng.randint(0, 9)):
            verb, make = rng.choice(known)
            steps.append(self._step(verb, *make()))
        if rng.random() < 0.3:
            steps.append(Step(0.0, "down", ("s1", self._seconds(2, 20))))
        if rng.random() < 0.5:
            steps.append(Step(0.0, "weather", self._weather()))
        steps.sort(key=lambda step: step.at)
        return Plan(
            self._seed,
            self._nodes,
            strategy=rng.choice(["auto", "auto", "first-heard", "lease"]),
            pace=rng.choice([DEFAULT_PACE, SLOW_PACE, SLOW_PACE]),
            restart=rng.random() < 0.4,
            steps=tuple(steps),
        )

    def _faults(self) -> list[tuple[str, Callable[[], tuple[Argument, ...]]]]:
        """The kinds of faults, by verb; some more often than others."""
        return [
            ("crash", self._crash),
            ("crash", self._crash_anywhere),
            ("pause", self._pause),
            ("pause", self._pause_anywhere),
            ("stop", lambda: (self._node(), self._seconds(0.1, 8))),
            ("twin", lambda: (self._node(), self._seconds(0.5, 12))),
            ("outage", lambda: (self._anybody(), self._seconds(0.1, 12))),
            ("unsure", lambda: (self._node(), float(self._rng.randint(1, 6)))),
            ("partition", self._partition),
            ("deafen", lambda: (*self._pair(), self._seconds(0.3, 10))),
            ("broker", lambda: (self._seconds(0.3, 10),)),
            ("weather", self._weather),
            ("down", lambda: (self._rng.choice(["s0", "s1", "act"]), self._seconds(0.5, 12))),
            ("refuse", lambda: ("act", float(self._rng.randint(1, 3)))),
            ("skew", lambda: (self._node(), round(self._rng.uniform(-4000, 4000), 1))),
        ]

    def _step(self, verb: str, *arguments: Argument) -> Step:
        return Step(round(self._rng.uniform(0.0, DURATION), 3), verb, arguments)

    def _seconds(self, least: float, most: float) -> float:
        return round(self._rng.uniform(least, most), 3)

    def _row(self) -> tuple[str, str]:
        return self._rng.choice(["s0", "s0", "s1"]), self._rng.choice(LETTERS)

    def _node(self) -> str:
        return self._rng.choice(self._names)

    def _anybody(self) -> str:
        return self._rng.choice(["*", *self._names])

    def _pair(self) -> tuple[str, str]:
        return self._node(), self._node()

    def _busy_node(self, point: Point) -> str:
        """A node that passes a point now and then."""
        drivers = point.startswith("driver")
        return self._rng.choice(self._sources) if drivers else self._node()

    def _trap(self) -> tuple[str, str, float]:
        point = self._rng.choice(list(Point))
        few = point.startswith("driver.act") or self._rng.random() < 0.5
        return self._busy_node(point), str(point), float(self._rng.randint(1, 3 if few else 20))

    def _crash(self) -> tuple[Argument, ...]:
        return (*self._trap(), *self._return())

    def _crash_anywhere(self) -> tuple[Argument, ...]:
        return (self._node(), "", 0.0, *self._return())

    def _return(self) -> tuple[Argument, ...]:
        """When, and whether under another name."""
        return self._seconds(0.0, 15), float(self._rng.random() < 0.2)

    def _pause(self) -> tuple[Argument, ...]:
        return (*self._trap(), self._seconds(0.3, 15))

    def _pause_anywhere(self) -> tuple[Argument, ...]:
        return (self._node(), "", 0.0, self._seconds(0.3, 15))

    def _partition(self) -> tuple[Argument, ...]:
        size = self._rng.randint(1, max(1, len(self._names) - 1))
        return (",".join(self._rng.sample(self._names, size)), self._seconds(0.3, 12))

    def _weather(self) -> tuple[Argument, ...]:
        """Loss, repetition, longest delay, lateness."""
        rng = self._rng
        return (
            rng.choice([0.0, 0.05, 0.2]),
            rng.choice([0.0, 0.2]),
            rng.choice([0.005, 0.05, 0.3]),
            rng.choice([0.0, 0.1]),
        )
