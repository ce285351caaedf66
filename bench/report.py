"""Figures as a table or as JSON.

May import this folder only.
"""

import json
from collections.abc import Iterator
from typing import Any

from bench.figures import OURS, Figures
from bench.targets import verdicts


def table(figures: Figures, absent: dict[str, str]) -> str:
    """A line per figure: every engine's, and for peers how many times ours it is."""
    head = [f"{figures.servers} servers".ljust(34), *(f"{name:>20}" for name in figures.engines())]
    missing = [f"without {name}: {reason}" for name, reason in absent.items()]
    return "\n".join(["".join(head), *lines(figures, set()), *missing])


def lines(figures: Figures, known: set[str]) -> Iterator[str]:
    """The table's lines, but for those that are known already."""
    engines = figures.engines()
    for what, row in figures.known.items():
        if what in known:
            continue
        cells = [f"{what:34}"]
        for name in engines:
            figure = row.get(name)
            times = ""
            if figure and name != OURS and OURS in row and row[OURS].value > 0:
                times = f" ({_short(figure.value / row[OURS].value)}x)"
            cells.append(f"{str(figure) + times if figure else '-':>20}")
        yield "".join(cells)


def _short(times: float) -> str:
    return f"{times:,.0f}" if times >= 10 else f"{times:.1f}"


def judged(figures: Figures) -> str:
    """A line per target of this size: measured, wanted, held or missed."""
    found = [f"{f'targets at {figures.servers} servers':52}{'measured':>12}{'wanted':>14}"]
    for verdict in verdicts(figures):
        target = verdict.target
        found.append(
            f"{target.id:7}{target.says:45}{verdict.measured:>12}{verdict.bound:>14}"
            f"  {verdict.word}"
        )
    return "\n".join(found)


def as_data(figures: Figures, absent: dict[str, str]) -> dict[str, Any]:
    """The same, for programs; seconds, bytes and plain numbers."""
    return {
        "servers": figures.servers,
        "figures": {
            what: {engine: figure.value for engine, figure in row.items()}
            for what, row in figures.known.items()
        },
        "absent": absent,
        "targets": [
            {
                "id": verdict.target.id,
                "says": verdict.target.says,
                "measured": verdict.value,
                "bound": verdict.target.bound,
                "held": verdict.held,
            }
            for verdict in verdicts(figures)
        ],
    }


def as_json(runs: list[dict[str, Any]]) -> str:
    """All sizes of a run."""
    return json.dumps(runs, indent=2)
