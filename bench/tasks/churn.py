"""An hour of polls: every ten seconds a whole table again, ten rows of it changed.

May import this folder only.
"""

import random
import statistics
from functools import partial

from bench.bench import Bench
from bench.engines.ours import Ours
from bench.inventory import Inventory
from bench.measure import resident, spent, tell
from bench.policies import FULL
from bench.tasks.changes import changed_servers
from bench.tasks.memory import apart

POLLS, SETTLED = 360, 60


def run(bench: Bench) -> None:
    """The cost of one poll, and the growth from the tenth minute on."""
    tell("churn: an hour of polls, in a process of its own")
    figures = apart(poll, bench.servers)
    bench.figures.add("churn one poll", figures["one poll"])
    bench.figures.add("churn growth per row", figures["growth per row"], "B")


def poll(servers: int) -> dict[str, float]:
    """Poll for an hour without waiting. To be called in a fresh process."""
    cloud, ours = Inventory(servers), Ours(FULL)
    ours.load(cloud.tables)
    ours.evaluate()
    source = random.Random(7)
    known = {row[0]: row for row in cloud.tables["server"]}
    seconds: list[float] = []
    settled = 0
    for number in range(POLLS):
        _, new = changed_servers(cloud, min(10, servers), source)
        rows = list({**known, **{row[0]: row for row in new}}.values())
        seconds.append(spent(ours, partial(ours.load, {"server": rows})))
        if number == SETTLED:
            settled = resident()
    return {
        "one poll": statistics.median(seconds),
        "growth per row": (resident() - settled) / cloud.rows,
    }
