"""T2: change some rows, tell what changed everywhere, and change them back.

May import this folder only.

Invariant: who follows changes is shown to have followed them rightly.
"""

import random
from collections.abc import Callable
from functools import partial

from bench.bench import Bench
from bench.engines.ours import POLICY, Ours
from bench.engines.protocol import Contender
from bench.engines.sqlite import SQLite
from bench.inventory import Inventory, Rows, name
from bench.measure import in_turns, spent, tell
from bench.policies import FULL

#: What it is called, changed rows, measurements, and changes per measurement.
COUNTS = (("1 row", 1, 11, 20), ("10 rows", 10, 9, 10), ("1000 rows", 1000, 7, 1))
#: The size that changes of one row are compared with.
FEW_SERVERS = 1000

Pairs = list[tuple[Rows, Rows]]
Work = Callable[[], float]


def run(bench: Bench) -> None:
    """Changes of all sizes; then the check that they were followed rightly."""
    for what, count, rounds, batch in COUNTS:
        if 2 * count > bench.servers:
            continue
        tell(f"t2: {what}")
        works = _works(bench, count, batch)
        for engine, seconds in in_turns(works, rounds).items():
            full = f"t2 {what}{' of 1000 servers' if engine == 'few' else ''}"
            bench.figures.add(full, seconds, engine="congress" if engine == "few" else engine)
    _other_tables(bench)
    for percent in (10, 50):
        _large_part(bench, percent)
    _check(bench)


def _works(bench: Bench, count: int, batch: int) -> dict[str, Work]:
    """What each engine does in one round."""
    source = random.Random(count)

    def round_trip(engine: Contender, cloud: Inventory) -> float:
        pairs = [changed_servers(cloud, count, source) for _ in range(batch)]
        return spent(engine, lambda: there_and_back(engine, "server", pairs)) / batch / 2

    works: dict[str, Work] = {"congress": partial(round_trip, bench.ours, bench.cloud)}
    if count == 1:
        few, small = Ours(FULL), Inventory(FEW_SERVERS)
        few.load(small.tables)
        few.evaluate()
        works["few"] = partial(round_trip, few, small)
    for peer in bench.peers:
        if isinstance(peer, SQLite):
            works[peer.name] = partial(round_trip, peer, bench.cloud)
        elif count == 1:
            works[peer.name] = partial(_one_more, peer, bench.cloud, source)
    return works


def _one_more(peer: Contender, cloud: Inventory, source: random.Random) -> float:
    """One server more, for those who cannot follow changes."""
    row = source.choice(cloud.tables["server"])
    added = (name("z", source.randrange(10**7)), *row[1:])
    return spent(peer, lambda: peer.update("server", [added], []))


def changed_servers(cloud: Inventory, count: int, source: random.Random) -> tuple[Rows, Rows]:
    """Some servers as they are, and with another status or project."""
    old = source.sample(cloud.tables["server"], count)
    new: Rows = []
    for place, row in enumerate(old):
        cells = list(row)
        if (place if count > 1 else source.randrange(2)) % 2:
            cells[2] = name("p", source.randrange(cloud.sizes.projects))
        else:
            cells[7] = "SHUTOFF" if row[7] == "ACTIVE" else "ACTIVE"
        new.append(tuple(cells))
    return old, new


def there_and_back(engine: Contender, table: str, pairs: Pairs) -> None:
    for old, new in pairs:
        engine.update(table, new, old)
        engine.update(table, old, new)


def _other_tables(bench: Bench) -> None:
    """A group's rule opened to the world, and a link that leads elsewhere."""
    rule = bench.cloud.tables["sgrule"][0]
    opened = (*rule[:2], "ingress", "tcp", 22, 32, "0.0.0.0/0")
    links = bench.cloud.tables["link"]
    moved = (links[3][0], links[5][1])
    sqlite = bench.peer("sqlite")
    _other_table(bench, "group rule", "sgrule", ([rule], [opened]), sqlite)
    # SQLite cannot follow changes of what a recursive rule reads.
    _other_table(bench, "link", "link", ([links[3]], [moved]), None)


def _other_table(
    bench: Bench, what: str, table: str, pair: tuple[Rows, Rows], peer: Contender | None
) -> None:
    tell(f"t2: a {what}")
    works: dict[str, Work] = {}
    for engine in (bench.ours, *([peer] if peer else [])):
        change = partial(there_and_back, engine, table, [pair] * 20)
        works[engine.name] = partial(spent, engine, change)
    for known_as, seconds in in_turns(works, 5).items():
        bench.figures.add(f"t2 {what}", seconds / 40, engine=known_as)


def _large_part(bench: Bench, percent: int) -> None:
    """Many servers at once; beside the same rows changed without rules, and all evaluated."""
    tell(f"t2: {percent} % of servers")
    ours = bench.ours
    old, new = changed_servers(bench.cloud, bench.servers * percent // 100, random.Random(percent))

    def followed() -> float:
        return spent(ours, lambda: there_and_back(ours, "server", [(old, new)])) / 2

    def anew() -> float:
        total = 0.0
        for added, removed in ((new, old), (old, new)):
            ours.forget()
            total += spent(ours, partial(ours.update, "server", added, removed))
            total += spent(ours, ours.evaluate)
        return total / 2

    figures = in_turns({"": followed, " anew": anew}, 3)
    for suffix, seconds in figures.items():
        bench.figures.add(f"t2 {percent} %{suffix}", seconds)


def _check(bench: Bench) -> None:
    """See that changes lead to what an evaluation in full by SQLite gives."""
    sqlite = bench.peer("sqlite")
    if not isinstance(sqlite, SQLite):
        return
    tell("t2: comparing every table with an evaluation in full")
    old, new = changed_servers(bench.cloud, bench.servers // 10, random.Random(0))
    for engine in (bench.ours, sqlite):
        engine.update("server", new, old)
    followed = {table: sqlite.contents(table) for table in sqlite.counts()}
    sqlite.evaluate()
    for table, rows in followed.items():
        full = sqlite.contents(table)
        if rows != full:
            raise AssertionError(f"sqlite followed the changes of {table} wrongly")
        if set(bench.ours.engine.rows(POLICY, table)) != full.keys():
            raise AssertionError(f"the engines disagree about {table} after changes")
    for engine in (bench.ours, sqlite):
        engine.update("server", old, new)
