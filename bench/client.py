"""What the client costs before it does anything: ``python -m bench.client [RUNS]``.

Compares ``congress --help`` with importing cliff and keystoneauth1, in processor time of
whole processes, started in turns; the smallest of all runs counts. The aim is at most
half as much again.
"""

import resource
import subprocess
import sys

RUNS = 9
AIM = 1.5

CONGRESS = [sys.executable, "-m", "congress.cli.main"]

CANDIDATES = {
    "python": [sys.executable, "-c", ""],
    "cliff and keystoneauth1": [sys.executable, "-c", "import cliff.app, keystoneauth1"],
    "congress --help": [*CONGRESS, "--help"],
    "congress policy list --help": [
        sys.executable,
        "-m",
        "congress.cli.main",
        "policy",
        "list",
        "--help",
    ],
}


def processor_seconds(command: list[str]) -> float:
    """The processor time of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> int:
    """Measure and print; 1 if the aim is missed."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    best = dict.fromkeys(CANDIDATES, float("inf"))
    for _ in range(runs):
        for name, command in CANDIDATES.items():
            best[name] = min(best[name], processor_seconds(command))
    limit = best["cliff and keystoneauth1"]
    for name, seconds in best.items():
        print(f"{name:30}{seconds:8.3f} s{seconds / limit:8.2f} x")
    return int(best["congress --help"] > AIM * limit)


if __name__ == "__main__":
    sys.exit(main())
