"""T1: load all tables and evaluate every derived one.

May import this folder only.
"""

from functools import partial

from bench.bench import Bench, Group
from bench.engines.ours import Ours
from bench.engines.protocol import Contender
from bench.measure import in_turns, spent, tell

ROUNDS = 5


def run(bench: Bench) -> None:
    """Load, evaluate, see that all agree, and evaluate again in turns."""
    for group in bench.groups:
        _first(bench, group)
        agree(group)
        again = in_turns({each.name: partial(_anew, each) for each in group}, ROUNDS)
        for name, seconds in again.items():
            bench.figures.add(f"t1 eval{group.suffix}", seconds, engine=name)


def _first(bench: Bench, group: Group) -> None:
    for engine in group:
        tell(f"t1: {engine.name}{group.suffix}")
        load = spent(engine, partial(engine.load, bench.cloud.tables))
        evaluate = spent(engine, engine.evaluate)
        for what, seconds in (("load", load), ("load+eval", load + evaluate)):
            bench.figures.add(f"t1 {what}{group.suffix}", seconds, engine=engine.name)


def _anew(engine: Contender) -> float:
    if isinstance(engine, Ours):
        engine.forget()
    return spent(engine, engine.evaluate)


def agree(group: Group) -> None:
    """See that every engine derives as many rows of each table as ours does."""
    expected = group.ours.counts()
    for peer in group.peers:
        for table, count in peer.counts().items():
            if count != expected[table]:
                raise AssertionError(f"{table} has {expected[table]} rows, by {peer.name} {count}")
