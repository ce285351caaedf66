"""``script/bench bus``: measures how rows get from data sources to readers, over the bus.

May import the standard library and this folder. Figures of different runs do not compare
unless the machine was equally busy.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from bench.api.load import load
from bench.bus.balancer import Balancer
from bench.bus.client import TABLE, Watcher
from bench.bus.nodes import Cluster, Node, await_true
from bench.measure import part, tell

#: Rows in one push while the rate is measured.
PIECE = 1000
#: Rows in one push while a large table is filled.
LARGE_PIECE = 20_000

_BOUND = """
local number = 0
request = function()
  number = number % ROWS + 1
  return wrk.format(nil, "TABLE/rows?a=r" .. number)
end
"""


def prepare(cluster: Cluster, persist: bool) -> None:
    """A data source that is pushed to, and a rule over its rows."""
    client = cluster.engines[0].client
    table = {"columns": ["id", "state"], "key": ["id"]}
    config = {"tables": {"server": table}, "persist_data": persist}
    source = {"name": "cloud", "driver": "push", "config": config}
    client.put_right("POST", "/v1/data-sources", source)
    rule = {"rule": 'error(a) :- cloud:server(a, "down")'}
    client.put_right("POST", "/v1/policies/classification/rules", rule)
    client.push([], "PUT")
    for node in cluster.engines:
        await_true(lambda n=node: n.client.count() == 0, "the rule is in force")  # type: ignore[misc]


def rows(first: int, number: int) -> list[list[str]]:
    """Rows, each of which is a violation."""
    return [[f"r{each}", "down"] for each in range(first, first + number)]


def fill(cluster: Cluster, number: int) -> None:
    """Push so many rows, and wait until every engine has them."""
    for first in range(1, number + 1, LARGE_PIECE):
        cluster.engines[0].client.push(rows(first, min(LARGE_PIECE, number + 1 - first)))
    for node in cluster.engines:
        await_true(lambda n=node: n.client.count() == number, "all rows are there")  # type: ignore[misc]


def measure_ways(engines: int, samples: int, number: int) -> dict[str, float]:
    """Rows in a second, and how long one takes to be read on every engine."""
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(engines))
        prepare(cluster, persist=False)
        watchers = [stack.enter_context(Watcher(node.client)) for node in cluster.engines]
        client = cluster.engines[0].client
        client.push(rows(-1, 1))
        for watcher in watchers:
            watcher.when("r-1")
        took = []
        for each in range(samples):
            begun = time.monotonic()
            client.push(rows(each, 1))
            took.append(max(watcher.when(f"r{each}") for watcher in watchers) - begun)
        begun = time.monotonic()
        for first in range(samples, samples + number, PIECE):
            client.push(rows(first, PIECE))
        until = max(watcher.when_number(samples + number + 1) for watcher in watchers)
    return {
        "rows_per_second": number / (until - begun),
        "p50": statistics.median(took),
        "p99": part(took, 0.99),
    }


def measure_queries(engines: int, seconds: int, turns: int) -> dict[str, float]:
    """Bound queries in a second through the balancer."""
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(engines))
        prepare(cluster, persist=False)
        fill(cluster, PIECE)
        balancer = stack.enter_context(Balancer(cluster.folder, cluster.engines))
        script = _BOUND.replace("ROWS", str(PIECE)).replace("TABLE", TABLE)
        loads = [load(balancer.url, script, seconds, lambda: 0.0) for _ in range(turns)]
    return {
        "queries_per_second": statistics.median(each.rate for each in loads),
        "p50": statistics.median(each.half for each in loads),
        "p99": statistics.median(each.most for each in loads),
    }


def measure_start(number: int) -> dict[str, float]:
    """From the start of a node until an engine has all rows of the data source from it."""
    with Cluster(1) as cluster:
        prepare(cluster, persist=True)
        fill(cluster, number)
        engine, source = cluster.engines[0], cluster.source
        client = engine.client

        def complete_in() -> int:
            """The life of the data source of which the engine has all rows; 0 if none."""
            table = client.standing()
            whole = table.get("complete") and not table.get("stale")
            return int(table["epoch"]) if whole and client.count() == number else 0

        found = {"engine": _start(engine, lambda: complete_in() > 0)}
        before = complete_in()
        found["datasource_node"] = _start(source, lambda: complete_in() > before)
    return found


def _start(node: Node, done: Any) -> float:
    """Seconds from the start of a node that was killed until something holds."""
    node.kill()
    begun = time.monotonic()
    node.start()
    await_true(done, "the node has its rows")
    return time.monotonic() - begun


#: Figures by the name of what was measured.
Found = Mapping[str, Mapping[str, float]]


def report(ways: Found, queries: Found, starts: Found) -> Iterator[str]:
    """The figures as tables."""
    if ways:
        yield f"{'pushed row to every engine':34}{'rows/s':>10}{'p50 ms':>10}{'p99 ms':>10}"
    for name, one in ways.items():
        times = f"{one['p50'] * 1e3:10.1f}{one['p99'] * 1e3:10.1f}"
        yield f"  {name:32}{one['rows_per_second']:10.0f}{times}"
    if queries:
        yield f"{'queries through HAProxy':34}{'req/s':>10}{'p50 ms':>10}{'p99 ms':>10}"
    for name, one in queries.items():
        times = f"{one['p50'] * 1e3:10.1f}{one['p99'] * 1e3:10.1f}"
        yield f"  {name:32}{one['queries_per_second']:10.0f}{times}"
    if starts:
        yield f"{'start until rows are there':34}{'engine s':>10}{'source s':>10}"
    for name, one in starts.items():
        yield f"  {name:32}{one['engine']:10.1f}{one['datasource_node']:10.1f}"


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]


def _named(number: int) -> str:
    return "1 engine" if number == 1 else f"{number} engines"


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="script/bench bus", description=__doc__)
    parser.add_argument("--engines", type=_numbers, default=[1, 2, 4], help="engines on the bus")
    parser.add_argument("--queries", type=_numbers, default=[1, 2], help="engines that are asked")
    parser.add_argument("--servers", type=_numbers, default=[10_000, 100_000], help="rows kept")
    parser.add_argument("--samples", type=int, default=200, help="rows pushed one by one")
    parser.add_argument("--rows", type=int, default=20_000, help="rows pushed at once")
    parser.add_argument("--seconds", type=int, default=3, help="of each load of queries")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    number = max(PIECE, options.rows // PIECE * PIECE)
    ways: dict[str, dict[str, float]] = {}
    if options.engines:
        tell("pushed rows, inproc")
        ways["inproc"] = measure_ways(0, options.samples, number)
    for engines in options.engines:
        tell(f"pushed rows, {_named(engines)}")
        ways[_named(engines)] = measure_ways(engines, options.samples, number)
    queries = {}
    for engines in options.queries:
        tell(f"queries, {_named(engines)}")
        queries[_named(engines)] = measure_queries(engines, options.seconds, 3)
    starts = {}
    for servers in options.servers:
        tell(f"start with {servers} rows")
        starts[f"{servers} rows"] = measure_start(servers)
    if options.json:
        print(json.dumps({"ways": ways, "queries": queries, "starts": starts}, indent=2))
    else:
        print("\n".join(report(ways, queries, starts)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
