"""T1: load all tables and evaluate every derived one.

May import this folder only. Peers have their rules before they are measured. Ours
evaluates when it gets them, so what getting them costs beside no rows is taken off,
and told as ``rules``.
"""

from collections.abc import Callable
from functools import partial

from bench.bench import Bench, Group
from bench.engines.ours import Ours
from bench.engines.protocol import Contender
from bench.measure import in_turns, spent, tell

ROUNDS = 5


def run(bench: Bench) -> None:
    """Load, evaluate, see that all agree, and evaluate again in turns."""
    for group in bench.groups:
        _load_ours(bench, group)
        for peer in group.peers:
            _load(bench, group, peer)
        agree(group)
        _evaluate(bench, group)


def _load_ours(bench: Bench, group: Group) -> None:
    """Rows come to rules that wait for them, as in a server; and to no rules."""
    tell(f"t1: congress{group.suffix}")
    bare = Ours("")
    load = spent(bare, partial(bare.load, bench.cloud.tables))
    del bare
    group.ours.evaluate()
    both = spent(group.ours, partial(group.ours.load, bench.cloud.tables))
    bench.figures.add(f"t1 load{group.suffix}", load)
    bench.figures.add(f"t1 load+eval{group.suffix}", both)


def _load(bench: Bench, group: Group, peer: Contender) -> None:
    tell(f"t1: {peer.name}{group.suffix}")
    load = spent(peer, partial(peer.load, bench.cloud.tables))
    evaluate = spent(peer, peer.evaluate)
    for what, seconds in (("load", load), ("load+eval", load + evaluate)):
        bench.figures.add(f"t1 {what}{group.suffix}", seconds, engine=peer.name)


def _evaluate(bench: Bench, group: Group) -> None:
    empty = Ours(group.text)
    empty.evaluate()
    works: dict[str, Callable[[], float]] = {
        "rules": partial(_insert, empty),
        group.ours.name: partial(_insert, group.ours),
    }
    works |= {peer.name: partial(spent, peer, peer.evaluate) for peer in group.peers}
    seconds = in_turns(works, ROUNDS)
    rules = seconds.pop("rules")
    seconds[group.ours.name] -= rules
    bench.figures.add(f"t1 rules{group.suffix}", rules)
    for name, figure in seconds.items():
        bench.figures.add(f"t1 eval{group.suffix}", figure, engine=name)


def _insert(engine: Ours) -> float:
    engine.forget()
    return spent(engine, engine.evaluate)


def agree(group: Group) -> None:
    """See that every engine derives as many rows of each table as ours does."""
    expected = group.ours.counts()
    for peer in group.peers:
        for table, count in peer.counts().items():
            if count != expected[table]:
                raise AssertionError(f"{table} has {expected[table]} rows, by {peer.name} {count}")
