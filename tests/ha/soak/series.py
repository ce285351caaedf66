"""Trials of one fault, one after another, and what is made of them."""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median

from tests.ha.soak.accounts import Account, balance
from tests.ha.soak.faults import QUICK, Fault
from tests.ha.soak.growth import Growth, growth, sizes
from tests.ha.soak.scene import DEADLINE, Scene, Server

#: Of what is missing so few are looked for in the list of what is in doubt.
FEW = 10

#: Called with each account as it is made.
Tell = Callable[[Account], None]


@dataclass(slots=True)
class Series:
    """What came of the trials of a fault. ``failure`` is why they were broken off, if so."""

    fault: Fault
    accounts: list[Account] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    failure: str = ""

    @property
    def gaps(self) -> list[float]:
        """The longest time without actions of each trial."""
        return [account.gap for account in self.accounts]

    @property
    def rate(self) -> float:
        """Actions per second."""
        seconds = sum(account.seconds for account in self.accounts)
        return sum(account.due for account in self.accounts) / seconds if seconds else 0.0

    def broken(self) -> list[str]:
        """The promises that were not kept."""
        found = [self.failure] if self.failure else []
        for number, account in enumerate(self.accounts):
            if not account.settled:
                found.append(f"trial {number} did not converge")
            found += [f"trial {number} doubled {row}" for row in sorted(account.doubled)]
            found += [f"trial {number} lost {row}" for row in sorted(account.unlisted)]
            if self.fault.harmless or self.fault.delivery == "at_least_once":
                found += [f"trial {number} left {r} in doubt" for r in sorted(account.doubtful)]
        if not self.accounts:
            found.append("there was no trial")
        elif self.fault.harmless and median(self.gaps) > QUICK:
            found.append(f"in the middle nothing was done for {median(self.gaps):.1f} s")
        found += [f"{one.node} leaves files open" for one in self.growth if one.leaks]
        return found


def run(
    fault: Fault,
    servers: tuple[Server, Server],
    rng: random.Random,
    trials: Iterable[int],
    tell: Tell,
    rate: float,
) -> Series:
    """A series of trials on nodes of its own; it ends early if ``trials`` do."""
    series = Series(fault)
    broker, database = servers
    scene = Scene(broker, database, delivery=fault.delivery, standby=fault.standby, rate=rate)
    try:
        with scene:
            first = None
            for _ in trials:
                account = trial(scene, fault, rng)
                series.accounts.append(account)
                first = first or sizes(scene.nodes)
                tell(account)
            series.growth = growth(first or {}, sizes(scene.nodes))
    except AssertionError as error:
        series.failure = f"{error}"
    return series


def trial(scene: Scene, fault: Fault, rng: random.Random) -> Account:
    """Strike once under load, and take account when all is well again."""
    scene.await_ready()
    scene.load.via = list(scene.engines)
    scene.receiver.calls.clear()
    began = time.monotonic()
    scene.load.go_on()
    scene.await_action()
    fault.strike(scene, rng)
    scene.await_ready()
    scene.await_action()
    scene.load.rest()
    ended = time.monotonic()
    settled = settle(scene)
    account = balance(
        scene.load.taken,
        list(scene.receiver.calls),
        scene.doubtful(),
        repeats=scene.repeats,
        span=(began, ended),
        settled=settled,
    )
    scene.load.clear()
    return account


def settle(scene: Scene) -> bool:
    """Wait until everything pushed was received or is in doubt; whether that came to be."""

    def settled() -> bool:
        missing = scene.load.taken.keys() - {call.payload for call in list(scene.receiver.calls)}
        return not missing or (len(missing) < FEW and missing <= scene.doubtful())

    try:
        return scene.cluster.wait(settled, "all is received or in doubt", DEADLINE)
    except AssertionError:
        return False
