"""What passes and comes back is done again, also when who leads changed just before."""

import os
import random
import unittest

from congress.testing.cluster import Cluster, Plan, Step
from congress.testing.cluster.plan import DEFAULT_PACE, LAYOUTS, LETTERS, SLOW_PACE

LONG = os.environ.get("CONGRESS_PROFILE") == "long"
SEEDS = range(1000 if LONG else 12)

#: Each state of a row lasts so long that it is read, and all nodes hear of it.
APART = 2.2
#: Seconds after the lease of a killed node in which another has read what it owned.
READ = 1.0


def make_plan(seed: int) -> Plan:
    """One node goes, and rows that were there before pass and come back soon after another
    took its place."""
    rng = random.Random(f"flaps {seed}")
    nodes = rng.choice(LAYOUTS)
    slot, roles = rng.choice(nodes)
    pace = rng.choice([DEFAULT_PACE, SLOW_PACE])
    at = rng.uniform(9.0, 10.0)
    begin = at + pace.lease + READ if "datasources" in roles else at
    back = rng.uniform(0.2, 1.0) if len(nodes) == 1 else rng.uniform(0.2, 15.0)
    steps = [Step(at, *rng.choice([("crash", (slot, "", 0.0, back, 0.0)), ("stop", (slot, back))]))]
    for letter in rng.sample(LETTERS, 3):
        first = begin + rng.uniform(0.0, 1.5)
        times = [3.0, 3.0 + APART, *(first + APART * number for number in range(3))]
        steps += [Step(when, "flip", ("s0", letter)) for when in times]
    steps.sort(key=lambda step: step.at)
    return Plan(
        seed,
        nodes,
        rng.choice(["auto", "first-heard", "lease"]),
        pace,
        restart=False,
        steps=tuple(steps),
    )


class FlapTest(unittest.TestCase):
    def test_each_rise_is_an_activation(self) -> None:
        for seed in SEEDS:
            with self.subTest(seed=seed):
                cluster = Cluster(make_plan(seed))
                outcome = cluster.run()
                self.assertEqual((), outcome.failures, f"\n{outcome}")
                risen = cluster.world.services["s0"].tables["t"].rises
                for action in ("once", "again"):
                    activations = {
                        entry.desired.arguments: entry.generation
                        for entry in cluster.watch.entries()
                        if entry.desired.action == action
                    }
                    self.assertEqual(risen, activations, f"{action}\n{outcome}")
