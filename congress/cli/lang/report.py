"""Runs files of tests and reports what came of them, for people and for programs.

May import its neighbours only.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from congress.cli.lang.cases import Outcome, read_tests, run_tests
from congress.cli.lang.coverage import Coverage, Point
from congress.cli.lang.findings import about_files
from congress.model.diagnostic import Refused


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of tests.

    :param points: what they should show of the rules; None if nobody has looked.
    """

    outcomes: Sequence[Outcome]
    points: Sequence[Point] | None = None

    @property
    def failed(self) -> int:
        """How many tests have failed."""
        return sum(bool(outcome.problems) for outcome in self.outcomes)

    @property
    def percent(self) -> float:
        """The share of points that tests have shown; 100 if there are none."""
        if not self.points:
            return 100.0
        return 100 * sum(point.seen for point in self.points) / len(self.points)

    @property
    def missing(self) -> list[Point]:
        """The points that no test has shown."""
        return [point for point in self.points or () if not point.seen]

    def as_text(self) -> str:
        """What failed and why, what no test has shown, and the numbers."""
        lines: list[str] = []
        for outcome in self.outcomes:
            if outcome.problems:
                lines.append(f"FAILED {outcome.file}: {outcome.name}")
                lines += [f"  {line}" for text in outcome.problems for line in text.split("\n")]
        lines += [f"{point.place}: {point.lacks}" for point in self.missing]
        if self.points is not None:
            seen = len(self.points) - len(self.missing)
            lines.append(f"coverage: {seen} of {len(self.points)} points, {self.percent:.1f} %")
        lines.append(f"{len(self.outcomes) - self.failed} passed, {self.failed} failed")
        return "\n".join(lines)

    def as_json(self) -> str:
        """The same as one JSON object."""
        plain: dict[str, object] = {
            "passed": len(self.outcomes) - self.failed,
            "failed": self.failed,
            "tests": [asdict(outcome) for outcome in self.outcomes],
        }
        if self.points is not None:
            plain["coverage"] = {
                "percent": round(self.percent, 1),
                "points": len(self.points),
                "missing": [_plain(point) for point in self.missing],
            }
        return json.dumps(plain, indent=2)


def _plain(point: Point) -> dict[str, object]:
    place = {"file": point.file, "line": point.span.line, "column": point.span.column}
    return place | {"lacks": point.lacks}


def run_files(paths: Iterable[Path], *, covering: bool) -> Report:
    """Run the tests of some files.

    :param covering: look at what they show of the rules.
    """
    outcomes: list[Outcome] = []
    coverage = Coverage()
    for path in paths:
        try:
            tests = read_tests(path)
        except Refused as refusal:
            problems = [finding.render() for finding in about_files(refusal)]
            outcomes.append(Outcome(str(path), "the file can be used", problems))
            continue
        if not covering:
            outcomes += run_tests(tests)
            continue
        with suppress(Refused):  # no test of policies that do not read will run, and say so
            for policy in tests.policies:
                coverage.add(policy)
        outcomes += run_tests(tests, coverage.look)
    return Report(outcomes, coverage.points if covering else None)
