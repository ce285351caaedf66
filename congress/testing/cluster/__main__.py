"""Show what a seed does, or look for seeds that fail.

Usage: ``python -m congress.testing.cluster --seed 7 [--steps 0,3-5] [--trace] [--shrink]``
or ``--seeds 0-999 [--seconds 600]``. Exits with 1 if a promise was broken.
"""

import argparse
import faulthandler
import sys
from collections import Counter
from collections.abc import Sequence
from math import inf
from statistics import median

from congress.kernel.clock import SystemClock
from congress.testing.cluster.cluster import Cluster, Outcome
from congress.testing.cluster.plan import Plan, make_plan

#: Seconds after which a run that does not end is shown and given up.
HANG = 120.0
#: Schedules after which progress is told.
PROGRESS = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m congress.testing.cluster")
    parser.add_argument("--seed", type=int, help="the seed to show")
    parser.add_argument("--seeds", type=numbers, help="the seeds to try, as 0-99,200")
    parser.add_argument("--seconds", type=float, default=inf, help="begin no seed after that long")
    parser.add_argument("--steps", type=numbers, help="play these steps of the plan only")
    parser.add_argument("--trace", action="store_true", help="print everything that happened")
    parser.add_argument("--shrink", action="store_true", help="drop steps a failure does not need")
    options = parser.parse_args(arguments)
    if options.seed is None and options.seeds is None:
        parser.error("say --seed or --seeds")
    if options.seeds is not None:
        return try_all(options.seeds, options.seconds)
    plan = make_plan(options.seed)
    if options.steps is not None:
        plan = plan.only(options.steps)
    if options.shrink:
        plan = shrunk(plan)
    return show(run(plan, keep=options.trace))


def numbers(text: str) -> list[int]:
    """Numbers written as ``1,4-6``."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def run(plan: Plan, *, keep: bool = False) -> Outcome:
    """Run a plan, with all stacks shown if it does not end."""
    faulthandler.dump_traceback_later(HANG, exit=True)
    try:
        return Cluster(plan, keep=keep).run()
    finally:
        faulthandler.cancel_dump_traceback_later()


def show(outcome: Outcome) -> int:
    """Print how a run went."""
    for line in outcome.lines:
        print(line)
    print(outcome)
    print(f"digest {outcome.digest[:16]}, well after {outcome.converged_after:.1f} s")
    return 1 if outcome.failures else 0


def try_all(seeds: Sequence[int], seconds: float = inf) -> int:
    """Run many seeds, one at least, until the time is over; print those that fail, and a
    summary."""
    clock = SystemClock()
    end = clock.monotonic() + seconds
    failed: list[int] = []
    steps: Counter[str] = Counter()
    times: list[float] = []
    for seed in seeds:
        plan = make_plan(seed)
        steps.update(step.verb for step in plan.steps)
        outcome = run(plan)
        times.append(outcome.converged_after)
        if outcome.failures:
            failed.append(seed)
            print(outcome, flush=True)
        if len(times) % PROGRESS == 0:
            print(f"{len(times)} schedules, {len(failed)} failed", file=sys.stderr, flush=True)
        if clock.monotonic() >= end:
            break
    done = ", ".join(f"{count} {verb}" for verb, count in sorted(steps.items()))
    print(f"{len(times)} schedules with {done}")
    print(f"all well after {median(times):.1f} s in the middle, {max(times):.1f} s at most")
    print(f"{len(failed)} failed: {failed}" if failed else "none failed")
    return 1 if failed else 0


def shrunk(plan: Plan) -> Plan:
    """The plan without steps that its failure does not need; the rest as ``--steps`` is printed."""
    kept = list(range(len(plan.steps)))
    for number in list(kept):
        fewer = [other for other in kept if other != number]
        if run(plan.only(fewer)).failures:
            kept = fewer
    print(f"--seed {plan.seed} --steps {','.join(map(str, kept))}")
    return plan.only(kept)


if __name__ == "__main__":
    sys.exit(main())
