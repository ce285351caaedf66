"""``script/bench engine``: measures the policy engine beside its peers.

May import this folder only. Ratios count: figures of one run, engines in turns.
"""

import argparse
import json
import sys

from bench.measure import tell
from bench.tasks import TASKS, Bench


def main(arguments: list[str]) -> int:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("subject", choices=["engine"])
    parser.add_argument("--servers", type=int, default=10_000)
    parser.add_argument("--tasks", default=",".join(TASKS), help="of " + ", ".join(TASKS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    names = options.tasks.split(",")
    if unknown := set(names) - set(TASKS):
        parser.error(f"there is no task {', '.join(sorted(unknown))}")
    bench = Bench(options.servers)
    for name in dict.fromkeys(["t1", *names]):
        tell(f"{name}: {TASKS[name].__doc__}")
        bench.figures.update(TASKS[name](bench))
    if options.json:
        print(json.dumps({"servers": options.servers, "figures": bench.figures}, indent=2))
    else:
        print_table(bench.figures)
    return 0


def print_table(figures: dict[str, float]) -> None:
    """A line per measurement: Congress, the peer, and how many times faster Congress is."""
    print(f"{'':36}{'congress':>12}{'sqlite':>12}{'ratio':>8}")
    for name, ours in figures.items():
        what, _, engine = name.rpartition(" ")
        if engine != "congress":
            continue
        peer = figures.get(f"{what} sqlite")
        ratio = f"{peer / ours:8.1f}" if peer else ""
        print(f"{what:36}{shown(what, ours):>12}{shown(what, peer):>12}{ratio}")


def shown(what: str, figure: float | None) -> str:
    """A figure with its unit."""
    if figure is None:
        return "-"
    if "bytes" in what:
        return f"{figure:.0f} B"
    if what.startswith("answers"):
        return f"{figure:.0f}"
    if figure < 0.001:
        return f"{figure * 1e6:.0f} us"
    return f"{figure * 1e3:.1f} ms" if figure < 1 else f"{figure:.2f} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
