"""The command that shows seeds and looks for bad ones."""

import contextlib
import io
import unittest
from typing import Any
from unittest import mock

from congress.testing.cluster import __main__ as command
from congress.testing.cluster.cluster import Outcome
from congress.testing.cluster.plan import Plan


def bad_if_it_has(*needed: int) -> Any:
    """Let plans fail that have these steps of seed 7."""
    wanted = {command.make_plan(7).steps[number] for number in needed}

    def run(plan: Plan, *, keep: bool = False) -> Outcome:
        failures = ("broken",) if wanted <= set(plan.steps) else ()
        return Outcome(plan, failures, "d" * 64, 1.0, {}, ["a line"] if keep else [])

    return mock.patch.object(command, "run", run)


class CommandTest(unittest.TestCase):
    def call(self, *arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = command.main(arguments)
        return code, out.getvalue()

    def test_a_bad_seed_says_how_to_see_it_again(self) -> None:
        with bad_if_it_has(1):
            code, text = self.call("--seed", "7", "--trace")
        self.assertEqual(1, code)
        for part in ("a line", "broken", "python -m congress.testing.cluster --seed 7"):
            self.assertIn(part, text)

    def test_it_finds_the_steps_that_matter(self) -> None:
        with bad_if_it_has(1, 3):
            code, text = self.call("--seed", "7", "--shrink")
        self.assertEqual(1, code)
        self.assertIn("--seed 7 --steps 1,3\n", text)

    def test_steps_can_be_chosen(self) -> None:
        with bad_if_it_has(1, 3):
            self.assertEqual(0, self.call("--seed", "7", "--steps", "0-2")[0])
            self.assertEqual(1, self.call("--seed", "7", "--steps", "1,3")[0])

    def test_many_seeds(self) -> None:
        with bad_if_it_has(0):
            code, text = self.call("--seeds", "6-8")
        self.assertEqual(1, code)
        self.assertIn("3 schedules with ", text)
        self.assertIn("1 failed: [7]", text)
        with bad_if_it_has(0):
            code, text = self.call("--seeds", "8,9")
        self.assertEqual(0, code)
        self.assertIn("none failed", text)

    def test_no_seed_begins_after_the_time(self) -> None:
        with bad_if_it_has(0):
            code, text = self.call("--seeds", "6-8", "--seconds", "0")
        self.assertEqual(0, code)
        self.assertIn("1 schedules with ", text)

    def test_a_real_run(self) -> None:
        code, text = self.call("--seed", "7", "--steps", "0")
        self.assertEqual(0, code, text)
        self.assertIn("digest ", text)
