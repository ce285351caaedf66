"""T5: a thousand policies beside each other; one rule more, and one changed row.

May import this folder only.
"""

import random
from functools import partial
from itertools import count

from bench.bench import Bench
from bench.engines.original import Original
from bench.engines.ours import Ours
from bench.measure import in_turns, spent, tell
from bench.policies import FULL, extra, tenant
from bench.tasks.changes import changed_servers, there_and_back

POLICIES = 1000
#: Changes before those that are measured: functions are made when tables change.
WARM = 1000
#: The size with which the original Congress is asked too.
ORIGINAL_SERVERS = 1000


def run(bench: Bench) -> None:
    """The policies are added to an engine of their own, the cloud's rules in it."""
    tell(f"t5: {POLICIES} policies of 5 rules")
    crowd, alone = Ours(FULL), Ours("")
    for engine in (crowd, alone):
        engine.load(bench.cloud.tables)
    crowd.evaluate()
    bench.figures.add("t5 1 row before", _changed_row(bench, crowd))
    projects = bench.cloud.sizes.projects
    texts = [tenant(number, projects, "cloud:") for number in range(POLICIES)]

    def add_all() -> None:
        for number, text in enumerate(texts):
            crowd.add_policy(f"tenant{number}", text)

    bench.figures.add("t5 1000 policies", spent(crowd, add_all))
    numbers = count()
    works = {
        "t5 rule of 5000": partial(_rules, crowd, numbers, projects),
        "t5 rule alone": partial(_rules, alone, numbers, projects),
    }
    for what, seconds in in_turns(works, 5).items():
        bench.figures.add(what, seconds)
    bench.figures.add("t5 1 row", _changed_row(bench, crowd))
    if bench.peer("original") and bench.servers <= ORIGINAL_SERVERS:
        _of_original(bench)


def _of_original(bench: Bench) -> None:
    """One rule more beside 495: more would take it hours."""
    tell("t5: the original Congress")
    projects = bench.cloud.sizes.projects
    engine = Original("".join(tenant(number, projects) for number in range(99)))
    engine.load(bench.cloud.tables)
    seconds = spent(engine, lambda: engine.insert(extra(0, projects)))
    bench.figures.add("t5 rule of 495", seconds, engine=engine.name)
    engine.close()


def _rules(engine: Ours, numbers: "count[int]", projects: int, rules: int = 10) -> float:
    """The seconds of one rule more, which has seen others of its shape."""
    engine.insert(extra(next(numbers), projects))
    texts = [extra(next(numbers), projects) for _ in range(rules)]

    def insert() -> None:
        for text in texts:
            engine.insert(text)

    seconds = spent(engine, insert) / rules
    for text in texts:
        engine.delete(text)
    return seconds


def _changed_row(bench: Bench, engine: Ours) -> float:
    source = random.Random(5)

    def change(pairs: int = 20) -> float:
        changes = [changed_servers(bench.cloud, 1, source) for _ in range(pairs)]
        return spent(engine, lambda: there_and_back(engine, "server", changes)) / pairs / 2

    change(WARM)
    return in_turns({"": change}, 9)[""]
