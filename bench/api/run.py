"""``script/bench api``: measures the REST API beside routes that do nothing.

May import the standard library and this folder. Only figures of one run compare: all
routes are measured in turns, several times, and the middle of each is told.
"""

import argparse
import contextlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.api.load import Load, load
from bench.inventory import COLUMNS, Inventory
from bench.measure import tell
from bench.policies import FULL

#: Changed rows in a second while the churn is on.
CHURN = 100

#: What should hold while nothing changes: a figure, a share of another's rate.
TARGETS = (("bound query", "same middleware", 0.6), ("same middleware", "no middleware", 2 / 3))

_DEADLINE = 600.0

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


@dataclass(frozen=True, slots=True)
class Task:
    """A figure: where its requests go, and what makes them."""

    name: str
    url: str
    script: str = ""


class Api:
    """The server that is measured, filled."""

    def __init__(self, folder: Path, servers: int) -> None:
        self.folder, self.servers = folder, servers
        config = folder / "congress.conf"
        config.write_text(
            f"[DEFAULT]\nstate_path = {folder}/state\nbind_port = 0\nverbose = false\n"
            "custom_driver_endpoints = cloud=bench.api.driver:CloudDriver\n"
            "[limits]\ntransaction_seconds = 600\n[audit]\nsink = none\n"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.api.node", "--config-file", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server did not start")
        self.urls: Mapping[str, str] = json.loads(line)

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)

    def call(self, path: str, body: Any = None) -> Any:
        """The JSON of an answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.urls["api"] + path, data, headers)
        with urllib.request.urlopen(request, timeout=_DEADLINE) as answer:
            return json.loads(answer.read())

    def fill(self) -> None:
        """Make the policies, then the cloud, and wait until all of it is there."""
        names = "|".join(COLUMNS)
        text = re.sub(rf"(?<![\w:])({names})\(", r"inventory:\1(", FULL)
        statements = [one for one in re.split(r"\n(?=\w)", text.strip()) if one]
        rules = [{"rule": one.replace("\n", " ")} for one in statements]
        self.call("/v1/policies", {"name": "cloud", "kind": "datalog", "rules": rules})
        hundred = [{"rule": f'list("vm{number:03d}", {number})'} for number in range(100)]
        self.call("/v1/policies", {"name": "hundred", "rules": hundred})
        self.call("/v1/policies", {"name": "probe", "rules": []})
        config = {"servers": self.servers, "churn_file": str(self.folder / "churn")}
        self.call("/v1/data-sources", {"name": "inventory", "driver": "cloud", "config": config})
        told = self.call("/v1/policies/cloud/tables/error/changes")
        while not told["changes"] or not all(each["complete"] for each in told["coverage"]):
            with contextlib.suppress(TimeoutError, subprocess.TimeoutExpired):
                self._process.wait(1)
                raise RuntimeError("the server ended")
            told = self.call("/v1/policies/cloud/tables/error/changes")

    def churn(self, rate: int) -> None:
        """Have so many servers change in a second from now on."""
        (self.folder / "churn").write_text(str(rate))


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


def measure(api: Api, phase: str, turns: int, seconds: float) -> dict[str, Load]:
    """The middle of several turns for each task."""
    found: dict[str, list[Load]] = {}
    for turn in range(turns):
        for task in tasks(api, f"{phase}{turn}"):
            tell(f"{phase} {turn + 1}: {task.name}")
            found.setdefault(task.name, []).append(load(task.url, task.script, seconds))
    return {
        name: Load(
            statistics.median(one.rate for one in loads),
            statistics.median(one.half for one in loads),
            statistics.median(one.most for one in loads),
        )
        for name, loads in found.items()
    }


def report(phases: Mapping[str, Mapping[str, Load]]) -> Iterator[str]:
    """The figures as a table, then the targets."""
    yield f"{'':12}{'':20}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}"
    for phase, loads in phases.items():
        for name, one in loads.items():
            yield f"{phase:12}{name:20}{one.rate:9.0f}{one.half * 1e3:9.2f}{one.most * 1e3:9.2f}"
    for name, other, share in TARGETS:
        idle = phases["idle"]
        ratio = idle[name].rate / idle[other].rate
        verdict = "held" if ratio >= share else "MISSED"
        yield f"{name}: {ratio:.0%} of {other}, target {share:.0%}: {verdict}"


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="script/bench api", description=__doc__)
    parser.add_argument("--servers", type=int, default=100_000, help="size of the cloud")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--turns", type=int, default=3, help="measurements of each figure")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        api = Api(Path(folder), options.servers)
        try:
            tell(f"filling a cloud of {options.servers} servers")
            api.fill()
            phases = {"idle": measure(api, "idle", options.turns, options.seconds)}
            api.churn(CHURN)
            phases["churn"] = measure(api, "churn", options.turns, options.seconds)
        finally:
            api.close()
    print("\n".join(report(phases)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
