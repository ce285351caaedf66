"""A busy reader beside the writer, and a clock that ticks while everything is loaded.

May import this folder only. These figures are wall time: waiting is what is measured,
so other load on the machine shows in them.
"""

import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from bench.bench import Bench
from bench.engines.ours import POLICY, Ours
from bench.measure import part, tell
from bench.policies import FULL
from bench.tasks.changes import changed_servers
from congress.engine.guard import Guard
from congress.kernel.threads import SWITCH_INTERVAL

#: A page of servers, and a sum over all of them.
QUESTIONS = (
    'h(s, z) :- server(s, n, p, u, f, i, h, "ACTIVE", c), server_tag(s, "zone", z)',
    'h(z, count<s>) :- server(s, n, p, u, f, i, h, "ACTIVE", c), server_tag(s, "zone", z)',
)
#: The writer wants to change a row so often, and so many times in all.
PERIOD, WAKES = 0.01, 600
TICK = 0.1


def run(bench: Bench) -> None:
    """Threads switch as often as they do in a server."""
    tell("readers: a busy reader beside the writer")
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        quiet = _write(bench)
        held, answered, wakes = _beside_reader(bench)
        tell("readers: a clock that ticks beside a load")
        ticks = _ticks(bench)
    finally:
        sys.setswitchinterval(before)
    figures = bench.figures
    figures.add("readers hold p99", part(held, 0.99))
    figures.add("readers wake-up p99", part(wakes, 0.99))
    figures.add("readers wake-up p99, no reader", part(quiet, 0.99))
    figures.add("readers answers", answered, "")
    figures.add("readers longest tick", max(ticks))


def _beside_reader(bench: Bench) -> tuple[list[float], int, list[float]]:
    done, answers = threading.Event(), list[int]()
    engine = bench.ours.engine

    def read() -> None:
        while not done.is_set():
            for question in QUESTIONS:
                answers.append(len(engine.query(POLICY, question, limit=1000).rows))

    thread = threading.Thread(target=read)
    with _timed(thread) as held:
        thread.start()
        try:
            wakes = _write(bench)
        finally:
            done.set()
            thread.join()
    return held, len(answers), wakes


@contextmanager
def _timed(thread: threading.Thread) -> Iterator[list[float]]:
    """The seconds for which a thread holds the guard, each time."""
    enter, leave = Guard.__enter__, Guard.__exit__
    held: list[float] = []
    depth, start = 0, 0.0

    def timed_enter(guard: Guard) -> None:
        nonlocal depth, start
        enter(guard)
        if threading.current_thread() is thread:
            depth += 1
            start = time.monotonic() if depth == 1 else start

    def timed_leave(guard: Guard, *error: Any) -> None:
        nonlocal depth
        if threading.current_thread() is thread:
            depth -= 1
            if not depth:
                held.append(time.monotonic() - start)
        leave(guard, *error)

    with patch.multiple(Guard, __enter__=timed_enter, __exit__=timed_leave):
        yield held


def _write(bench: Bench) -> list[float]:
    """The seconds from when each change was due until its writer was let in."""
    source, never = random.Random(9), threading.Event()
    wakes: list[float] = []
    for _ in range(WAKES // 2):
        old, new = changed_servers(bench.cloud, 1, source)
        for added, removed in ((new, old), (old, new)):
            due = time.monotonic() + PERIOD
            never.wait(PERIOD)
            with bench.ours.engine.guard:
                wakes.append(time.monotonic() - due)
                bench.ours.update("server", added, removed)
    return wakes


def _ticks(bench: Bench) -> list[float]:
    """The seconds between ticks that are due every 100 ms while tables are loaded."""
    done, never, gaps = threading.Event(), threading.Event(), list[float]()

    def tick() -> None:
        last = time.monotonic()
        while not done.is_set():
            never.wait(TICK)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        ours = Ours(FULL)
        ours.evaluate()
        ours.load(bench.cloud.tables)
    finally:
        done.set()
        thread.join()
    return gaps
