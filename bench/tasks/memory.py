"""T4: the memory that rows take, measured in a process of its own.

May import this folder only. What the process holds is compared before and after: the
rows themselves exist before, so that the figure is what the engine adds to them.
"""

import multiprocessing
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from bench.bench import Bench
from bench.engines.original import Original
from bench.engines.ours import Ours
from bench.engines.protocol import Unavailable
from bench.inventory import Inventory
from bench.measure import resident, tell
from bench.policies import FULL, NONRECURSIVE
from bench.tasks.changes import COUNTS, changed_servers


def run(bench: Bench) -> None:
    """Bytes per base row: the rows', and the engine's before and after changes."""
    tell("t4: memory, in a process of its own")
    for what, value in apart(measure, bench.servers).items():
        bench.figures.add(f"t4 {what}", value, "B")
    if "original" in bench.wanted:
        _of_original(bench)


def _of_original(bench: Bench) -> None:
    """It derives nothing ahead, but makes indexes for the first question."""
    try:
        engine = Original(NONRECURSIVE)
    except Unavailable:
        return
    engine.hold(bench.cloud.tables)
    before = engine.resident()
    engine.load_held()
    engine.lookup("error", str(bench.cloud.tables["server"][0][0]))
    grown = (engine.resident() - before) / bench.cloud.rows
    bench.figures.add("t4 per row", grown, "B", engine.name)
    engine.close()


def measure(servers: int) -> dict[str, float]:
    """What a cloud of a size takes, per base row. To be called in a fresh process."""
    empty = resident()
    cloud = Inventory(servers)
    rows = resident()
    ours = Ours(FULL)
    ours.load(cloud.tables)
    ours.evaluate()
    loaded = resident()
    follow_changes(ours, cloud)
    changed = resident()
    return {
        "row itself": (rows - empty) / cloud.rows,
        "per row": (loaded - rows) / cloud.rows,
        "per row after t2": (changed - rows) / cloud.rows,
    }


def follow_changes(ours: Ours, cloud: Inventory) -> None:
    """Changes of each kind, so that all that changes need is there."""
    source = random.Random(4)
    for _, count, _, _ in COUNTS:
        if 2 * count <= cloud.sizes.servers:
            old, new = changed_servers(cloud, count, source)
            ours.update("server", new, old)
            ours.update("server", old, new)
    for table in ("sgrule", "link", "port", "user", "project", "volume"):
        row = cloud.tables[table][0]
        ours.update(table, [], [row])
        ours.update(table, [row], [])


def apart(work: Callable[[int], dict[str, float]], servers: int) -> dict[str, float]:
    """Call a function in a fresh process."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(work, servers).result()
