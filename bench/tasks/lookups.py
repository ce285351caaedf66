"""T3: the errors of one server, asked through each engine's public interface.

May import this folder only.
"""

import random
from functools import partial

from bench.bench import Bench
from bench.engines.protocol import Contender
from bench.measure import in_turns, spent, tell

#: How many are asked of each engine in a round; the slow ones get few.
ASKED = {"congress": 2000, "sqlite": 2000, "duckdb": 50, "opa": 200, "original": 2}


def run(bench: Bench) -> None:
    """Ask for servers drawn at random."""
    source = random.Random(3)
    servers = bench.cloud.tables["server"]

    def ask(engine: Contender) -> float:
        names = [str(source.choice(servers)[0]) for _ in range(ASKED[engine.name])]

        def ask_all() -> None:
            for name in names:
                engine.lookup("error", name)

        return spent(engine, ask_all) / len(names)

    tell("t3: bound lookups")
    engines = (bench.ours, *bench.peers)
    for engine in engines:
        engine.lookup("error", str(servers[0][0]))
    for name, seconds in in_turns({each.name: partial(ask, each) for each in engines}, 5).items():
        bench.figures.add("t3 lookup", seconds, engine=name)
