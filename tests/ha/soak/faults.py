"""The faults of a soak: what each does, and what is promised under it.

A fault strikes while the load goes on, and returns when what it broke may recover.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.ha.soak.scene import Scene

#: Seconds in the middle within which actions go on without an engine.
QUICK = 2.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    :param strike: does it.
    :param delivery: what is promised of the actions meanwhile.
    :param standby: whether a second datasource node is needed.
    :param harmless: whether nothing may be in doubt after it, and actions go on quickly.
    """

    name: str
    strike: Callable[[Scene, random.Random], None]
    delivery: str
    standby: bool = False
    harmless: bool = False


def leave_alone(scene: Scene, rng: random.Random) -> None:
    """Nothing happens: what the machine and its other work do by themselves."""
    lapse(rng.uniform(3.0, 5.0))


def kill_engine(scene: Scene, rng: random.Random) -> None:
    """An engine dies and comes back."""
    victim = rng.choice(scene.engines)
    scene.load.via = [node for node in scene.engines if node is not victim]
    victim.kill()
    scene.await_action()
    victim.start()


def stop_engine(scene: Scene, rng: random.Random) -> None:
    """An engine stands still for a while."""
    victim = rng.choice(scene.engines)
    scene.load.via = [node for node in scene.engines if node is not victim]
    victim.pause()
    lapse(rng.uniform(0.5, 8.0))
    victim.resume()


def kill_owner(scene: Scene, rng: random.Random) -> None:
    """The datasource node that acts dies, somewhere in its work; the other takes over."""
    victim = scene.owner()
    lapse(rng.uniform(0.0, 0.2))
    victim.kill()
    scene.await_action()
    victim.start()


def kill_broker(scene: Scene, rng: random.Random) -> None:
    """The broker dies and comes back."""
    scene.broker.kill()
    lapse(rng.uniform(0.0, 3.0))
    scene.broker.start()


def kill_database(scene: Scene, rng: random.Random) -> None:
    """The database dies and comes back."""
    scene.database.kill()
    lapse(rng.uniform(0.0, 3.0))
    scene.database.start()


def lapse(seconds: float) -> None:
    """Let a fault last."""
    threading.Event().wait(seconds)


ONCE, REPEATED = "at_most_once", "at_least_once"

FAULTS = {
    fault.name: fault
    for fault in (
        Fault("none", leave_alone, ONCE, harmless=True),
        Fault("engine-kill", kill_engine, ONCE, harmless=True),
        Fault("engine-stop", stop_engine, ONCE, harmless=True),
        Fault("source-kill-once", kill_owner, ONCE, standby=True),
        Fault("source-kill-repeated", kill_owner, REPEATED, standby=True),
        Fault("broker-kill", kill_broker, ONCE),
        Fault("database-kill", kill_database, ONCE),
    )
}
