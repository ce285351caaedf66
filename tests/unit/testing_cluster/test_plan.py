"""Plans follow from seeds, and can be cut down."""

import unittest

from congress.testing.cluster.director import Director
from congress.testing.cluster.plan import make_plan


class PlanTest(unittest.TestCase):
    def test_a_seed_is_a_plan(self) -> None:
        self.assertEqual(make_plan(7), make_plan(7))
        self.assertNotEqual(make_plan(7).steps, make_plan(8).steps)

    def test_steps_are_in_order_and_known(self) -> None:
        for seed in range(50):
            steps = make_plan(seed).steps
            self.assertEqual(sorted(step.at for step in steps), [step.at for step in steps])
            for step in steps:
                self.assertTrue(callable(getattr(Director, f"do_{step.verb}")))

    def test_a_plan_with_fewer_steps_is_a_plan(self) -> None:
        plan = make_plan(7)
        fewer = plan.only([0, 2])
        self.assertEqual((plan.steps[0], plan.steps[2]), fewer.steps)
        self.assertEqual((plan.seed, plan.nodes), (fewer.seed, fewer.nodes))

    def test_it_can_be_read(self) -> None:
        text = str(make_plan(144))
        self.assertIn("seed 144: ", text)
        self.assertIn("[ 0]", text)
