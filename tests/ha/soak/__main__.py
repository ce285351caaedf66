"""The command line of ``script/soak``."""

import argparse
import itertools
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from tests.functional.private import PrivateServer
from tests.ha.soak.accounts import Account
from tests.ha.soak.faults import FAULTS
from tests.ha.soak.report import as_json, as_text
from tests.ha.soak.series import Series, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the faults that are asked for; 0 if every promise was kept."""
    options = parse(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, give_up)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**31)
    say(f"seed {seed}")
    found: list[Series] = []
    with ExitStack() as stack:
        say("starting a broker and a database ...")
        servers = (
            stack.enter_context(PrivateServer("rabbitmq")),
            stack.enter_context(PrivateServer("mariadb")),
        )
        for name in options.faults:
            say(f"{name}: starting the nodes ...")
            counted = trials(options.trials, options.minutes, len(options.faults))
            rng = random.Random(f"{seed} {name}")
            found.append(run(FAULTS[name], servers, rng, counted, told, options.rate))
            for broken in found[-1].broken():
                say(f"{name}: {broken}")
    print(as_json(found, seed) if options.json else as_text(found))
    return 1 if any(series.broken() for series in found) else 0


def give_up(number: int, _: object) -> None:
    """Leave nothing behind that was started."""
    sys.exit(128 + number)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("--trials", type=int, help="trials of each fault; 3 if no time is given")
    parser.add_argument("--minutes", type=float, help="begin no trial after so long, all in all")
    parser.add_argument("--seed", type=int, help="what decides who is hit, and when")
    parser.add_argument("--faults", type=names, default=list(FAULTS), help=", ".join(FAULTS))
    parser.add_argument("--rate", type=float, default=50.0, help="actions per second (50)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args(arguments)


def names(text: str) -> list[str]:
    """Faults by name, separated by commas."""
    chosen = text.split(",")
    if unknown := [name for name in chosen if name not in FAULTS]:
        raise argparse.ArgumentTypeError(
            f"there is no fault {unknown[0]!r}; choose from {', '.join(FAULTS)}"
        )
    return chosen


def trials(number: int | None, minutes: float | None, faults: int) -> Iterator[int]:
    """As many as were asked for, or as begin in a fault's share of the time; one at least."""
    end = None if minutes is None else time.monotonic() + 60 * minutes / faults
    if number is None and minutes is None:
        number = 3
    for done in itertools.count():
        over = end is not None and time.monotonic() > end
        if (done and over) or (number is not None and done >= number):
            return
        yield done


def told(account: Account) -> None:
    """Show that a trial is over."""
    say(
        f"  {account.due} actions, {len(account.lost)} lost, {len(account.doubled)} doubled, "
        f"{len(account.doubtful)} in doubt, at most {account.gap:.1f} s without"
    )


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
