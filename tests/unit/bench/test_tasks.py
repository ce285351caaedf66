"""Tests of the benchmark's tasks: on a small cloud, they measure all that is judged."""

import contextlib
import io
import json
import unittest
from collections.abc import Callable
from unittest import mock

from bench.bench import Bench
from bench.figures import OURS, Figures
from bench.run import main
from bench.targets import TARGETS, Target, plain
from bench.tasks import TASKS, changes, churn, memory, readers, tenants
from bench.tasks.evaluation import agree

SERVERS = 200


class Asked(Figures):
    """Remembers which figures of ours were asked for."""

    def get(self, what: str, engine: str = OURS) -> float | None:
        if engine == OURS:
            self.add(what, 1.0)
        return 1.0


def here(work: Callable[[int], dict[str, float]], servers: int) -> dict[str, float]:
    """Call a function in this process, where it sees what is patched."""
    return work(servers)


class TasksTest(unittest.TestCase):
    def setUp(self) -> None:
        smaller: list[tuple[object, str, object]] = [
            (
                changes,
                "COUNTS",
                (("1 row", 1, 1, 1), ("10 rows", 10, 1, 1), ("1000 rows", 50, 1, 1)),
            ),
            (changes, "FEW_SERVERS", 100),
            (memory, "apart", here),
            (tenants, "POLICIES", 3),
            (readers, "WAKES", 4),
            (churn, "apart", here),
            (churn, "POLLS", 4),
            (churn, "SETTLED", 2),
        ]
        for module, attribute, value in smaller:
            patch = mock.patch.object(module, attribute, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def run_main(self, *arguments: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.assertEqual(main(["engine", "--servers", str(SERVERS), *arguments]), 0)
        return output.getvalue()

    def test_every_target_of_ours_is_measured_by_a_task(self) -> None:
        asked = Asked(SERVERS)
        for target in TARGETS:
            target.measure(asked)
        (run,) = json.loads(self.run_main("--json", "--peers", "sqlite"))
        measured = {what for what, row in run["figures"].items() if OURS in row}
        # Rules without recursion are there for a peer that has none.
        asked_of_all = {what for what in asked.known if not what.endswith("not recursive")}
        self.assertEqual(asked_of_all - measured, set())

    def test_a_table_of_the_chosen_task(self) -> None:
        lines = self.run_main("--tasks", "t3", "--peers", "sqlite").splitlines()
        self.assertEqual(lines[0].split(), [str(SERVERS), "servers", OURS, "sqlite"])
        whats = {line[:34].strip() for line in lines[1:]}
        self.assertLessEqual({"t1 load", "t1 eval", "t3 lookup"}, whats)
        self.assertFalse(any(what.startswith("t2") for what in whats))

    def test_the_exit_status_tells_of_a_missed_target(self) -> None:
        target = Target("X", "", (SERVERS,), plain("t1 load"), bound=-1)
        with mock.patch("bench.targets.TARGETS", (target,)):
            for options, status in (([], 0), (["--targets"], 1)):
                with contextlib.redirect_stdout(io.StringIO()) as output:
                    arguments = ["--servers", str(SERVERS), "--tasks", "", "--peers", ""]
                    self.assertEqual(main(["engine", *arguments, *options]), status)
                self.assertEqual("MISSED" in output.getvalue(), bool(options))

    def test_unknown_names_are_refused(self) -> None:
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()) as errors:
            main(["engine", "--tasks", "t9"])
        self.assertIn("there is no t9", errors.getvalue())

    def test_engines_that_disagree_are_found_out(self) -> None:
        bench = Bench(SERVERS, ("sqlite",))
        TASKS["t1"](bench)
        first = bench.cloud.tables["server_tag"][0]
        bench.ours.update("server_tag", [], [first])
        with self.assertRaisesRegex(AssertionError, "by sqlite"):
            agree(bench.groups[0])
