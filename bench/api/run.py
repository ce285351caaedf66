"""``script/bench api``: measures the REST API beside routes that do nothing.

May import the standard library and this folder. Only figures of one run compare: all
routes are measured in turns, and the middle of all turns is told. A share is that of each
turn, and again the middle, so that it does not matter how busy the machine was in which.
"""

import argparse
import dataclasses
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.api.load import Load, load
from bench.api.server import Api
from bench.inventory import Inventory
from bench.measure import tell

#: Changed rows in a second while the churn is on.
CHURN = 100

#: What a bound query should reach while nothing changes, of which other's rate.
BOUND = ("bound query", "same middleware", 0.6)

#: What the middleware may cost, of what the route without any costs.
MIDDLEWARE = 1 / 3

_INSERT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local number = 0
request = function()
  number = number + 1
  local body = string.format('{"rule": "r_PHASE_%d(s) :- error(s, \\\\"x%d\\\\")"}', number, number)
  return wrk.format(nil, "/v1/policies/probe/rules", nil, body)
end
"""

_BOUND = """
local names = {NAMES}
local number = 0
request = function()
  number = number % #names + 1
  return wrk.format(nil, "/v1/policies/cloud/tables/error/rows?s=" .. names[number])
end
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """A figure: where its requests go, and what makes them."""

    name: str
    url: str
    script: str = ""


def tasks(api: Api, phase: str) -> list[Task]:
    """What is measured, in turns."""
    servers = Inventory(api.servers).tables["server"]
    names = ", ".join(f'"{row[0]}"' for row in servers[:: max(1, len(servers) // 1000)])
    url = api.urls["api"]
    return [
        Task("no middleware", api.urls["bare"] + "/bare"),
        Task("same middleware", api.urls["limit"] + "/v1/bare"),
        Task("bound query", url, _BOUND.replace("NAMES", names)),
        Task("list of 100 rows", url + "/v1/policies/hundred/tables/list/rows"),
        Task("rule insert", url, _INSERT.replace("PHASE", phase)),
    ]


#: Measurements by the name of their task, in the order they were made.
Turns = Mapping[str, Sequence[Load]]


def measure(api: Api, phase: str, turns: int, seconds: int) -> Turns:
    """All tasks in turns."""
    found: dict[str, list[Load]] = {}
    for turn in range(turns):
        for task in tasks(api, f"{phase}{turn}"):
            tell(f"{phase} {turn + 1}: {task.name}")
            one = load(task.url, task.script, seconds, api.seconds)
            found.setdefault(task.name, []).append(one)
    return found


def middle(loads: Sequence[Load]) -> Load:
    """The middle of each figure."""
    figures = zip(*(dataclasses.astuple(one) for one in loads), strict=True)
    return Load(*map(statistics.median, figures))


def share(turns: Turns, name: str, other: str) -> float:
    """Which part of another's rate a task reaches."""
    pairs = zip(turns[name], turns[other], strict=True)
    return statistics.median(one.rate / beside.rate for one, beside in pairs)


def report(phases: Mapping[str, Turns], middleware: Mapping[str, float]) -> Iterator[str]:
    """The figures as a table, then the targets."""
    yield f"{'':12}{'':20}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}"
    for phase, turns in phases.items():
        for name, loads in turns.items():
            one = middle(loads)
            times = f"{one.half * 1e3:9.2f}{one.most * 1e3:9.2f}{one.processor * 1e6:9.0f}"
            yield f"{phase:12}{name:20}{one.rate:9.0f}{times}"
    name, other, target = BOUND
    reached = share(phases["idle"], name, other)
    yield f"{name}: {reached:.0%} of the rate of {other}, {_verdict(reached >= target, target)}"
    part = middleware["share"]
    yield (
        f"middleware: {part:.0%} on top of the {middleware['seconds'] * 1e6:.0f} us of the route "
        f"without any, {_verdict(part <= MIDDLEWARE, MIDDLEWARE)}"
    )
    kept = share(phases["idle"], "same middleware", "no middleware")
    yield f"over the network the route keeps {kept:.0%} of its rate with it"


def _verdict(held: bool, target: float) -> str:
    return f"target {target:.0%}: {'held' if held else 'MISSED'}"


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="script/bench api", description=__doc__)
    parser.add_argument("--servers", type=int, default=100_000, help="size of the cloud")
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--turns", type=int, default=9, help="measurements of each figure")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        api = Api(Path(folder), options.servers)
        try:
            tell(f"filling a cloud of {options.servers} servers")
            api.fill()
            phases = {"idle": measure(api, "idle", options.turns, options.seconds)}
            middleware = api.middleware()
            api.churn(CHURN)
            phases["churn"] = measure(api, "churn", options.turns, options.seconds)
        finally:
            api.close()
    print("\n".join(report(phases, middleware)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
