"""The figures that the engine has to reach: the one place where they are listed.

May import the standard library and this folder only. A figure is measured only at
the sizes named with it; elsewhere, or where a peer is not installed, the target is
neither held nor missed. Ids with a plus are the harder twins of those without.
"""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.figures import OURS, Figure, Figures

Measure = Callable[[Figures], float | None]

SMALL, MIDDLE, LARGE, HUGE = 1_000, 10_000, 100_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on what is measured.

    :param servers: the sizes it is meant for.
    :param least: whether the bound is the least that is wanted, or the most.
    :param unit: as of ``Figure``.
    """

    id: str
    says: str
    servers: tuple[int, ...]
    measure: Measure
    bound: float
    least: bool = False
    unit: str = ""

    def judge(self, figures: Figures) -> "Verdict":
        """What was measured, and whether that is enough."""
        value = self.measure(figures)
        if value is None:
            return Verdict(self, None, None)
        within = operator.ge if self.least else operator.le
        return Verdict(self, value, within(value, self.bound))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target beside its figure; without one, whether it holds is not known."""

    target: Target
    value: float | None
    held: bool | None

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        return {True: "held", False: "MISSED", None: "not measured"}[self.held]

    @property
    def measured(self) -> str:
        """The figure with its unit."""
        return "-" if self.value is None else str(Figure(self.value, self.target.unit))

    @property
    def bound(self) -> str:
        """The bound with its unit."""
        sign = ">=" if self.target.least else "<="
        return f"{sign} {Figure(self.target.bound, self.target.unit)}"


def verdicts(figures: Figures) -> Iterator[Verdict]:
    """Each target of a size, judged."""
    for target in TARGETS:
        if figures.servers in target.servers:
            yield target.judge(figures)


def plain(what: str) -> Measure:
    """A figure of ours."""
    return lambda figures: figures.get(what)


def ratio(what: str, over: str, engine: str = OURS, other: str = OURS) -> Measure:
    """One figure divided by another."""

    def measure(figures: Figures) -> float | None:
        above, below = figures.get(what, engine), figures.get(over, other)
        return above / below if above is not None and below else None

    return measure


def faster(what: str, peer: str) -> Measure:
    """How many times faster ours is than a peer."""
    return ratio(what, what, peer)


def per_row(what: str, rows: int) -> Measure:
    """A figure of ours for many rows, divided by their number."""

    def measure(figures: Figures) -> float | None:
        value = figures.get(what)
        return None if value is None else value / rows

    return measure


_RELOAD, _RENEW = "t1 load+eval, not recursive", "t1 eval, not recursive"
_FLAT = ratio("t2 1 row", "t2 1 row of 1000 servers")

TARGETS: tuple[Target, ...] = (
    Target("P1", "load+eval, original / ours", (SMALL,), faster(_RELOAD, "original"), 250, True),
    Target("P2", "eval, original / ours", (SMALL,), faster(_RENEW, "original"), 800, True),
    Target("P3", "load+eval, OPA / ours", (MIDDLE,), faster("t1 load+eval", "opa"), 6, True),
    Target("P4b", "eval, SQLite / ours", (LARGE,), faster("t1 eval", "sqlite"), 1.0, True),
    Target("P4b+", "eval, SQLite / ours", (LARGE,), faster("t1 eval", "sqlite"), 1.7, True),
    Target("P5", "1 row, original / ours", (SMALL,), faster("t2 1 row", "original"), 30_000, True),
    Target("P6", "1 row, OPA / ours", (MIDDLE,), faster("t2 1 row", "opa"), 5_000, True),
    Target("P7", "1 row, this size / 1000 servers", (LARGE,), _FLAT, 2.0),
    Target("P7+", "1 row, this size / 1000 servers", (LARGE,), _FLAT, 1.5),
    Target("P8", "1 row, SQLite delta / ours", (LARGE,), faster("t2 1 row", "sqlite"), 2, True),
    Target("P8+", "1 row, SQLite delta / ours", (LARGE,), faster("t2 1 row", "sqlite"), 7, True),
    Target("P9", "1000 rows, each", (LARGE,), per_row("t2 1000 rows", 1000), 120e-6, unit="s"),
    Target("P9a", "10 % of servers / eval", (LARGE,), ratio("t2 10 %", "t1 eval"), 1.0),
    Target("P9b", "50 % of servers / anew", (LARGE,), ratio("t2 50 %", "t2 50 % anew"), 1.0),
    Target("P10", "bound lookup, OPA / ours", (MIDDLE,), faster("t3 lookup", "opa"), 20, True),
    Target(
        "P10a",
        "bound lookup, original / ours",
        (MIDDLE,),
        faster("t3 lookup", "original"),
        10_000,
        True,
    ),
    Target("P11", "memory per row", (LARGE,), plain("t4 per row after t2"), 350, unit="B"),
    Target("P11+", "memory per row", (LARGE,), plain("t4 per row after t2"), 300, unit="B"),
    Target(
        "P11a",
        "memory per row, ours / original",
        (MIDDLE, LARGE),
        ratio("t4 per row after t2", "t4 per row", other="original"),
        0.4,
    ),
    Target("P12", "a rule beside 5000", (MIDDLE, LARGE), plain("t5 rule of 5000"), 1e-3, unit="s"),
    Target(
        "P12+",
        "a rule beside 5000 / alone",
        (MIDDLE, LARGE),
        ratio("t5 rule of 5000", "t5 rule alone"),
        5.0,
    ),
    Target(
        "P12a",
        "a rule, original beside 495 / ours beside 5000",
        (SMALL,),
        ratio("t5 rule of 495", "t5 rule of 5000", "original"),
        200,
        True,
    ),
    Target("P13", "1 row, 1000 policies", (MIDDLE,), plain("t5 1 row"), 0.6e-3, unit="s"),
    Target(
        "P13a",
        "1 row, 1000 policies / without",
        (MIDDLE,),
        ratio("t5 1 row", "t5 1 row before"),
        4.0,
    ),
    Target("P14", "peak memory", (HUGE,), plain("peak memory"), 8e9, unit="B"),
    Target("P14a", "load+eval", (HUGE,), plain("t1 load+eval"), 120, unit="s"),
    Target("P14b", "1 row", (HUGE,), plain("t2 1 row"), 0.3e-3, unit="s"),
    Target("R1", "reader's hold, p99", (LARGE,), plain("readers hold p99"), 5e-3, unit="s"),
    Target("R2", "writer's wake-up, p99", (LARGE,), plain("readers wake-up p99"), 10e-3, unit="s"),
    Target("R3", "longest tick of 100 ms", (LARGE,), plain("readers longest tick"), 0.3, unit="s"),
    Target(
        "C1", "growth in an hour of polls", (LARGE,), plain("churn growth per row"), 3, unit="B"
    ),
)
