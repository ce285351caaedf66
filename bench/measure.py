"""Ways to measure: processor time of this thread's work, and memory.

May import the standard library only. Every figure is processor time; asking for it
costs microseconds itself, so small things are measured many at a time.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Stopwatch:
    """The processor seconds of a block."""

    seconds = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Measure a block."""
    watch = Stopwatch()
    start = time.process_time()
    yield watch
    watch.seconds = time.process_time() - start


def seconds(work: Callable[[], object]) -> float:
    """The processor seconds of one call."""
    with timed() as watch:
        work()
    return watch.seconds


def median(figures: list[float]) -> float:
    """The middle one."""
    return statistics.median(figures)


def resident() -> int:
    """The bytes of memory this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def tell(text: str) -> None:
    """Report progress."""
    print(f"  {text}", file=sys.stderr, flush=True)
