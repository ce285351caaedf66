"""Whole clusters under faults keep their promises, whatever the seed says."""

import os
import subprocess
import sys
import unittest

from congress.testing.cluster import Cluster, Plan, make_plan
from tests.property.cluster_regressions import FAILED_ONCE

LONG = os.environ.get("CONGRESS_PROFILE") == "long"
SEEDS = range(int(os.environ.get("CONGRESS_EXAMPLES", "3000")) if LONG else 40)


class ScheduleTest(unittest.TestCase):
    def play(self, plan: Plan | int) -> None:
        outcome = Cluster(plan).run()
        self.assertEqual((), outcome.failures, f"\n{outcome}")

    def test_seeds(self) -> None:
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.play(seed)

    def test_plans_that_failed(self) -> None:
        for found, plan in FAILED_ONCE.items():
            with self.subTest(found):
                self.play(plan)

    def test_all_kinds_of_faults_occur(self) -> None:
        verbs = {step.verb for seed in range(200) for step in make_plan(seed).steps}
        expected = (
            "broker crash deafen down flip outage partition pause refuse skew stop toggle twin "
            "unsure weather"
        )
        self.assertEqual(set(expected.split()), verbs)


#: A seed with crashes, pauses and takeovers.
SEED = 144


class ReplayTest(unittest.TestCase):
    def test_equal_seeds_give_equal_runs_whatever_the_hashes(self) -> None:
        code = f"from congress.testing.cluster import Cluster; print(Cluster({SEED}).run().digest)"
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                stdout=subprocess.PIPE,
                text=True,
            )
            for hash_seed in ("1", "2")
        ]
        digests = [process.communicate(timeout=120)[0].strip() for process in runs]
        self.assertEqual([Cluster(SEED).run().digest] * 2, digests)

    def test_different_seeds_give_different_runs(self) -> None:
        digests = {Cluster(make_plan(seed).only([])).run().digest for seed in (1, 2)}
        self.assertEqual(2, len(digests))

    def test_the_trace_is_kept_on_request(self) -> None:
        plan = make_plan(SEED).only([])
        kept, lost = (Cluster(plan, keep=keep).run() for keep in (True, False))
        self.assertEqual(kept.digest, lost.digest)
        self.assertTrue(any("effect act:once" in line for line in kept.lines))
        self.assertEqual([], list(lost.lines))
