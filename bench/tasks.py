"""What is measured. Each task gives figures by name; engines take turns within it.

May import this folder only.

Invariant: whoever is measured is first shown to agree with the others.
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.inventory import Inventory, Rows
from bench.measure import median, resident, seconds, tell
from bench.ours import POLICY, Ours
from bench.policies import FULL, tenant
from bench.sqlite_peer import SQLite

Figures = dict[str, float]

#: Changed rows, measurements, and changes per measurement.
CHANGES = ((1, 9, 20), (10, 7, 10), (1000, 3, 1))
CHECKED = ("error", "open_ssh", "exposed", "untagged", "zone_mismatch", "reach", "pci_reach")


@dataclass(slots=True)
class Bench:
    """Engines that hold the same cloud, made when first asked for."""

    servers: int
    cloud: Inventory = field(init=False)
    ours: Ours = field(init=False)
    sqlite: SQLite = field(init=False)
    figures: Figures = field(default_factory=dict)

    def __post_init__(self) -> None:
        tell(f"making a cloud of {self.servers} servers")
        self.cloud = Inventory(self.servers)
        self.ours, self.sqlite = Ours(FULL), SQLite(FULL)


def evaluation(bench: Bench) -> Figures:
    """T1: load all tables and evaluate every derived one."""
    before = resident()
    figures = {"T1 load congress": seconds(lambda: bench.ours.load(bench.cloud.tables))}
    figures["T1 first eval congress"] = seconds(bench.ours.evaluate)
    figures["T4 bytes per row congress"] = (resident() - before) / bench.cloud.rows
    figures["T1 load sqlite"] = seconds(lambda: bench.sqlite.load(bench.cloud.tables))
    ours: list[float] = []
    peer: list[float] = []
    for _ in range(3):
        bench.ours.forget()
        ours.append(seconds(bench.ours.evaluate))
        peer.append(seconds(bench.sqlite.evaluate))
    figures |= {"T1 eval congress": median(ours), "T1 eval sqlite": median(peer)}
    for table in CHECKED:
        if bench.ours.count(table) != bench.sqlite.count(table):
            raise AssertionError(f"the engines disagree about {table}")
    return figures


def changes(bench: Bench) -> Figures:
    """T2: change some servers, tell what changed everywhere, and change them back."""
    bench.sqlite.prepare()
    random_source = random.Random(2)
    figures: Figures = {}
    for count, repetitions, batch in CHANGES:
        if count * 2 > bench.servers:
            continue
        ours: list[float] = []
        peer: list[float] = []
        for _ in range(repetitions):
            pairs = [changed_servers(bench.cloud, count, random_source) for _ in range(batch)]
            ours.append(_there_and_back(bench.ours.update, pairs))
            peer.append(_there_and_back(bench.sqlite.update, pairs))
        figures[f"T2 {count} rows congress"] = median(ours)
        figures[f"T2 {count} rows sqlite"] = median(peer)
    figures |= _other_changes(bench)
    return figures


def changed_servers(cloud: Inventory, count: int, source: random.Random) -> tuple[Rows, Rows]:
    """Some servers as they are, and with another status or project."""
    old = source.sample(cloud.tables["server"], count)
    new: Rows = []
    for place, row in enumerate(old):
        cells = list(row)
        if (place if count > 1 else source.randrange(2)) % 2:
            cells[2] = f"p{source.randrange(cloud.sizes.projects):07d}"
        else:
            cells[7] = "SHUTOFF" if row[7] == "ACTIVE" else "ACTIVE"
        new.append(tuple(cells))
    return old, new


def _there_and_back(
    update: Callable[[str, Rows, Rows], object], pairs: list[tuple[Rows, Rows]]
) -> float:
    def run() -> None:
        for old, new in pairs:
            update("server", new, old)
            update("server", old, new)

    return seconds(run) / len(pairs) / 2


def _other_changes(bench: Bench) -> Figures:
    """A world-open rule, and a link that leads elsewhere; large parts of the servers."""
    ours = bench.ours
    rule = bench.cloud.tables["sgrule"][0]
    opened = (*rule[:2], "ingress", "tcp", 22, 32, "0.0.0.0/0")
    link = bench.cloud.tables["link"][3]
    moved = (link[0], bench.cloud.tables["link"][5][1])

    def both(table: str, old: tuple[object, ...], new: tuple[object, ...]) -> float:
        def run() -> None:
            for _ in range(20):
                ours.update(table, [new], [old])  # type: ignore[list-item]
                ours.update(table, [old], [new])  # type: ignore[list-item]

        return seconds(run) / 40

    figures = {"T2 sgrule congress": both("sgrule", rule, opened)}
    figures["T2 link congress"] = both("link", link, moved)
    for part in (10, 50):
        pair = changed_servers(bench.cloud, bench.servers * part // 100, random.Random(part))
        figures[f"T2 {part} % of servers congress"] = _there_and_back(ours.update, [pair])
    return figures


def lookups(bench: Bench) -> Figures:
    """T3: one server's errors."""
    source = random.Random(3)
    names = [str(source.choice(bench.cloud.tables["server"])[0]) for _ in range(2000)]
    figures: Figures = {}
    for engine in (bench.ours, bench.sqlite):
        engine.lookup("error", names[0])

        def run(engine: Ours | SQLite = engine) -> None:
            for name in names:
                engine.lookup("error", name)

        figures[f"T3 lookup {engine.name}"] = seconds(run) / len(names)
    return figures


def tenants(bench: Bench) -> Figures:
    """T5: a thousand policies beside each other; one more, and one changed row."""
    ours, projects = bench.ours, bench.cloud.sizes.projects
    texts = [tenant(number, projects) for number in range(1005)]

    def insert_all() -> None:
        for start in range(0, 1000, 50):
            ours.insert("".join(texts[start : start + 50]))

    source = random.Random(5)
    pairs = [changed_servers(bench.cloud, 1, source) for _ in range(40)]
    alone = seconds(lambda: ours.insert(texts[1001].replace("_1001", "_alone"))) / 5
    figures = {"T5 one rule of few congress": alone}
    figures["T5 1000 policies congress"] = seconds(insert_all)
    figures["T5 one rule more congress"] = seconds(lambda: ours.insert(texts[1002])) / 5
    figures["T5 1 row at first congress"] = _there_and_back(ours.update, pairs)
    figures["T5 1 row congress"] = _there_and_back(ours.update, pairs)
    return figures


def churn(bench: Bench) -> Figures:
    """An hour of polls every ten seconds: a whole table again, ten rows of it changed."""
    source = random.Random(7)
    servers = {str(row[0]): row for row in bench.cloud.tables["server"]}
    sizes: list[int] = []
    spent: list[float] = []
    for poll in range(360):
        _, new = changed_servers(bench.cloud, 10, source)
        poll_rows = {**servers, **{str(row[0]): row for row in new}}
        tables = {"server": list(poll_rows.values())}
        spent.append(seconds(lambda tables=tables: bench.ours.load(tables)))  # type: ignore[misc]
        if poll in (60, 359):
            sizes.append(resident())
    bench.ours.load({"server": list(servers.values())})
    return {
        "churn one poll congress": median(spent),
        "churn growth in bytes per row congress": (sizes[1] - sizes[0]) / bench.cloud.rows,
    }


def readers(bench: Bench) -> Figures:
    """A busy reader beside the writer, and a clock that ticks while all is loaded again."""
    sys.setswitchinterval(0.0005)
    lock, done, pause = threading.Lock(), threading.Event(), threading.Event()
    engine, held, answered = bench.ours.engine, list[float](), 0

    def read() -> None:
        nonlocal answered
        text = 'h(s, z) :- server(s, n, p, u, f, i, h, "ACTIVE", c), server_tag(s, "zone", z)'
        while not done.is_set():
            with lock:
                start = time.monotonic()
                ready = engine.ready(POLICY, text)
                asked = engine.ask(POLICY, text, limit=1000) if ready else None
                held.append(time.monotonic() - start)
            if asked is not None:
                asked()
                answered += 1

    thread = threading.Thread(target=read)
    thread.start()
    waits: list[float] = []
    source = random.Random(9)
    for _ in range(300):
        old, new = changed_servers(bench.cloud, 1, source)
        for added, removed in ((new, old), (old, new)):
            start = time.monotonic()
            with lock:
                waits.append(time.monotonic() - start)
                bench.ours.update("server", added, removed)
        pause.wait(0.002)
    done.set()
    thread.join()
    return {
        "reader holds the lock, p99 congress": _part(held, 0.99),
        "writer waits, p99 congress": _part(waits, 0.99),
        "answers beside 600 changes congress": float(answered),
        **_ticks(bench),
    }


def _ticks(bench: Bench) -> Figures:
    """The longest time between ticks due every 100 ms while tables are loaded."""
    done, pause, gaps = threading.Event(), threading.Event(), list[float]()

    def tick() -> None:
        last = time.monotonic()
        while not done.is_set():
            pause.wait(0.1)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    ours = Ours(FULL)
    ours.evaluate()
    ours.load(bench.cloud.tables)
    done.set()
    thread.join()
    return {"longest tick of 100 ms congress": max(gaps)}


def _part(figures: list[float], part: float) -> float:
    return sorted(figures)[int(part * (len(figures) - 1))]


TASKS: Mapping[str, Callable[[Bench], Figures]] = {
    "t1": evaluation,
    "t2": changes,
    "t3": lookups,
    "readers": readers,
    "churn": churn,
    "t5": tenants,
}
