"""What was measured: figures by what they are of, and by engine.

May import the standard library only.
"""

from dataclasses import dataclass, field

OURS = "congress"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement.

    :param unit: ``s`` for seconds, ``B`` for bytes, or nothing for a number.
    """

    value: float
    unit: str = "s"

    def __str__(self) -> str:
        value = self.value
        if self.unit == "B":
            return f"{value / 1e9:.2f} GB" if value >= 1e8 else f"{value:.0f} B"
        if self.unit == "":
            return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
        if value < 0.001:
            return f"{value * 1e6:.0f} us" if value >= 1e-5 else f"{value * 1e6:.1f} us"
        return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"


@dataclass(slots=True)
class Figures:
    """The figures of one run with one number of servers."""

    servers: int
    known: dict[str, dict[str, Figure]] = field(default_factory=dict)

    def add(self, what: str, value: float, unit: str = "s", engine: str = OURS) -> None:
        """Keep a figure."""
        self.known.setdefault(what, {})[engine] = Figure(value, unit)

    def get(self, what: str, engine: str = OURS) -> float | None:
        """A figure; None if it was not measured."""
        figure = self.known.get(what, {}).get(engine)
        return figure.value if figure else None

    def engines(self) -> list[str]:
        """The engines that have figures, Congress first."""
        names = dict.fromkeys(name for row in self.known.values() for name in row)
        return sorted(names, key=lambda name: name != OURS)
