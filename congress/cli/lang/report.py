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
    """The outcomes of tests, and the points of the rules they are about."""

    outcomes: Sequence[Outcome]
    points: Sequence[Point]

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

    def as_text(self, *, coverage: bool) -> str:
        """What failed and why, what no test has shown, and the numbers."""
        lines: list[str] = []
        for outcome in self.outcomes:
            if outcome.problems:
                lines.append(f"FAILED {outcome.file}: {outcome.name}")
                lines += [f"  {line}" for text in outcome.problems for line in text.split("\n")]
        if coverage:
            missing = [point for point in self.points if not point.seen]
            lines += [f"{point.place}: {point.lacks}" for point in missing]
            seen = len(self.points) - len(missing)
            lines.append(f"coverage: {seen} of {len(self.points)} points, {self.percent:.1f} %")
        lines.append(f"{len(self.outcomes) - self.failed} passed, {self.failed} failed")
        return "\n".join(lines)

    def as_json(self) -> str:
        """The same as one JSON object."""
        missing = [
            {"file": point.file, "line": point.span.line, "column": point.span.column}
            | {"lacks": point.lacks}
            for point in self.points
            if not point.seen
        ]
        plain = {
            "passed": len(self.outcomes) - self.failed,
            "failed": self.failed,
            "tests": [asdict(outcome) for outcome in self.outcomes],
            "coverage": {
                "percent": round(self.percent, 1),
                "points": len(self.points),
                "missing": missing,
            },
        }
        return json.dumps(plain, indent=2)


def run_files(paths: Iterable[Path]) -> Report:
    """Run the tests of some files."""
    outcomes: list[Outcome] = []
    coverage = Coverage()
    for path in paths:
        try:
            tests = read_tests(path)
        except Refused as refusal:
            problems = [finding.render() for finding in about_files(refusal)]
            outcomes.append(Outcome(str(path), "the file can be used", problems))
            continue
        with suppress(Refused):  # no test of policies that do not read will run, and say so
            for policy in tests.policies:
                coverage.add(policy)
        outcomes += run_tests(tests, coverage.look)
    return Report(outcomes, coverage.points)
