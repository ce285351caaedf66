"""Ways to measure: processor time, and memory.

May import the standard library and this folder only. Asking for the processor time
costs microseconds itself, so small things are measured many at a time.
"""

import ctypes
import gc
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

#: Seconds after which a measurement is not repeated any more.
PATIENCE = 10.0


class Clocked(Protocol):
    """Whose processor time can be asked."""

    def clock(self) -> float:
        """See ``Contender.clock``."""


def spent(engine: Clocked, work: Callable[[], object]) -> float:
    """The processor seconds that an engine spends on one call."""
    start = engine.clock()
    work()
    return engine.clock() - start


def in_turns(works: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The medians of measurements that take turns, so that they share good and bad moments.

    :param works: each does its work and tells its seconds. One that has used up the
        bench's patience is not called again.
    """
    results: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            if sum(results[name]) < PATIENCE:
                results[name].append(work())
    return {name: statistics.median(figures) for name, figures in results.items()}


def part(figures: list[float], share: float) -> float:
    """The figure that a share of all does not exceed, such as 0.99 for p99."""
    return sorted(figures)[int(share * (len(figures) - 1))]


def resident() -> int:
    """The bytes of memory this process holds, once what is free was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def tell(text: str) -> None:
    """Report progress."""
    print(f"  {text}", file=sys.stderr, flush=True)
