"""``script/bench engine``: measures the policy engine beside its peers.

May import this folder only. Ratios count: figures of one run, engines in turns.
"""

import argparse
import resource
import sys
from typing import Any

from bench.bench import PEERS, Bench
from bench.measure import tell
from bench.report import as_data, as_json, judged, lines, table
from bench.targets import verdicts
from bench.tasks import TASKS


def main(arguments: list[str]) -> int:
    """Measure each size, and print tables or JSON.

    :returns: 1 if a target was to be judged and is missed.
    """
    options = _options(arguments)
    runs: list[dict[str, Any]] = []
    missed = False
    for servers in options.servers:
        bench = run(servers, options.tasks, options.peers)
        missed |= any(verdict.held is False for verdict in verdicts(bench.figures))
        if options.json:
            runs.append(as_data(bench.figures, bench.absent))
            continue
        print(table(bench.figures, bench.absent), end="\n\n", flush=True)
        if options.targets:
            print(judged(bench.figures), end="\n\n", flush=True)
    if options.json:
        print(as_json(runs))
    return int(missed and options.targets)


def run(servers: int, tasks: tuple[str, ...], peers: tuple[str, ...]) -> Bench:
    """Measure one size. T1 always comes first: the others need what it loads."""
    bench = Bench(servers, peers)
    try:
        for name in dict.fromkeys(("t1", *tasks)):
            known = set(bench.figures.known)
            TASKS[name](bench)
            for line in lines(bench.figures, known):
                tell(line)
    finally:
        bench.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    bench.figures.add("peak memory", peak, "B")
    tell(f"done with {servers} servers")
    return bench


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("subject", choices=["engine"])
    parser.add_argument(
        "--servers", type=_sizes, default="10000", help="sizes of the cloud, with commas between"
    )
    parser.add_argument(
        "--tasks", type=_names(TASKS), default=",".join(TASKS), help="of " + ", ".join(TASKS)
    )
    parser.add_argument(
        "--peers", type=_names(PEERS), default=",".join(PEERS), help="of " + ", ".join(PEERS)
    )
    parser.add_argument(
        "--targets",
        action="store_true",
        help="judge what has a target; the exit status is 1 if one is missed",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, targets included")
    return parser.parse_args(arguments)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(","))


def _names(known: Any) -> Any:
    """A reader of names with commas between; none at all is allowed."""

    def read(text: str) -> tuple[str, ...]:
        names = tuple(name for name in text.split(",") if name)
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
        return names

    return read


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
