"""Tests of bench.targets and bench.report: figures are judged by the targets of their size."""

import unittest

from bench.figures import Figures
from bench.report import as_data, judged, table
from bench.targets import LARGE, MIDDLE, SMALL, TARGETS, Target, plain, verdicts


def held(target_id: str, figures: Figures) -> bool | None:
    """Whether a target holds."""
    (verdict,) = [each for each in verdicts(figures) if each.target.id == target_id]
    return verdict.held


class VerdictTest(unittest.TestCase):
    def test_ids_are_unique(self) -> None:
        ids = [target.id for target in TARGETS]
        self.assertEqual(len(ids), len(set(ids)))

    def test_a_ratio_with_a_peer(self) -> None:
        figures = Figures(LARGE)
        figures.add("t1 eval", 2.0)
        figures.add("t1 eval", 3.0, engine="sqlite")
        self.assertEqual((held("P4b", figures), held("P4b+", figures)), (True, False))
        figures.add("t1 eval", 3.4, engine="sqlite")
        self.assertIs(held("P4b+", figures), True)

    def test_a_ratio_with_a_smaller_cloud(self) -> None:
        figures = Figures(LARGE)
        figures.add("t2 1 row", 160e-6)
        figures.add("t2 1 row of 1000 servers", 100e-6)
        self.assertEqual((held("P7", figures), held("P7+", figures)), (True, False))

    def test_many_rows_are_judged_by_the_row(self) -> None:
        figures = Figures(LARGE)
        figures.add("t2 1000 rows", 0.119)
        self.assertIs(held("P9", figures), True)
        figures.add("t2 1000 rows", 0.121)
        self.assertIs(held("P9", figures), False)

    def test_without_its_peer_a_target_is_not_judged(self) -> None:
        figures = Figures(MIDDLE)
        figures.add("t3 lookup", 1e-6)
        self.assertIsNone(held("P10", figures))

    def test_only_targets_of_the_size_are_judged(self) -> None:
        self.assertEqual(
            {verdict.target.id for verdict in verdicts(Figures(SMALL))},
            {"P1", "P2", "P5", "P12a"},
        )
        self.assertEqual(list(verdicts(Figures(77))), [])


class ReportTest(unittest.TestCase):
    def setUp(self) -> None:
        self.figures = Figures(MIDDLE)
        self.figures.add("t1 load+eval", 0.5)
        self.figures.add("t1 load+eval", 2.0, engine="opa")

    def test_a_line_shows_every_engine_and_the_ratio(self) -> None:
        line = table(self.figures, {}).splitlines()[1]
        self.assertEqual(line.split(), ["t1", "load+eval", "500.0", "ms", "2.00", "s", "(4.0x)"])

    def test_who_is_absent_is_told_why(self) -> None:
        self.assertIn("without duckdb: not here", table(self.figures, {"duckdb": "not here"}))

    def test_verdicts_are_told_in_words(self) -> None:
        lines = {line.split()[0]: line for line in judged(self.figures).splitlines()}
        self.assertTrue(lines["P3"].endswith("4.00       >= 6.00  MISSED"), lines["P3"])
        self.assertTrue(lines["P13"].endswith("-     <= 600 us  not measured"), lines["P13"])

    def test_data_has_seconds_and_verdicts(self) -> None:
        data = as_data(self.figures, {})
        self.assertEqual(data["figures"]["t1 load+eval"], {"congress": 0.5, "opa": 2.0})
        (target,) = [each for each in data["targets"] if each["id"] == "P3"]
        self.assertEqual((target["measured"], target["held"]), (4.0, False))

    def test_units(self) -> None:
        def shown(bound: float, unit: str) -> str:
            target = Target("X", "", (1,), plain("x"), bound, unit=unit)
            return target.judge(Figures(1)).bound

        self.assertEqual(shown(8e9, "B"), "<= 8.00 GB")
        self.assertEqual(shown(300, "B"), "<= 300 B")
        self.assertEqual(shown(5e-3, "s"), "<= 5.0 ms")
        self.assertEqual(shown(120, "s"), "<= 120.00 s")
