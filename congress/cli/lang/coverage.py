"""How much of some policies their tests have shown: each rule, each literal.

May import the engine's interface and its neighbours only.

A rule has one *point*, that its body held; a literal has two, that it held and that it
failed, as far as these can be.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from congress.cli.lang.documents import PolicyFile
from congress.cli.lang.places import Extract
from congress.engine import Engine, Rule, RuleCoverage, parse, print_literal, print_statement
from congress.model.diagnostic import Span


@dataclass(slots=True)
class Point:
    """One thing that tests should show: where it is in which file, and whether they did."""

    file: str
    span: Span
    lacks: str
    seen: bool = False

    @property
    def place(self) -> str:
        """File, line and column."""
        return f"{self.file}:{self.span.line}:{self.span.column}"


class Coverage:
    """The points of all rules of some policies."""

    def __init__(self) -> None:
        self._points: dict[tuple[str, str], dict[tuple[int, bool], Point]] = {}

    def add(self, policy: PolicyFile) -> None:
        """Count in the rules of a policy, unless they are already.

        :raises Refused: its texts do not read.
        """
        for text in policy.texts:
            for statement in parse(text.text):
                if isinstance(statement, Rule) and statement.body is not None:
                    key = (policy.name, print_statement(statement))
                    self._points.setdefault(key, dict(_points(policy, text, statement)))

    def look(self, engine: Engine) -> None:
        """Note what an engine shows as it is now."""
        for rule in engine.coverage():
            points = self._points.get((rule.policy, rule.rule), {})
            for place, seen in _seen(rule):
                if seen is None:
                    points.pop(place, None)
                elif seen and place in points:
                    points[place].seen = True

    @property
    def points(self) -> list[Point]:
        """Every point, by file and place."""
        every = [point for points in self._points.values() for point in points.values()]
        return sorted(every, key=lambda point: (point.file, point.span.start))


#: What stands in place of a literal's position for the rule itself.
_RULE = -1


def _points(
    policy: PolicyFile, text: Extract, rule: Rule
) -> Iterator[tuple[tuple[int, bool], Point]]:
    """The points of a rule, by the literal's position and whether it is about holding."""
    file = str(policy.path)
    assert rule.span is not None
    yield (_RULE, True), Point(file, text.place(rule.span), f"{_head(rule)} never held")
    for position, literal in enumerate(rule.literals):
        place = text.place(literal.atom.span or rule.span)
        shown = print_literal(literal)
        yield (position, True), Point(file, place, f"{shown} never held")
        yield (position, False), Point(file, place, f"{shown} never failed")


def _head(rule: Rule) -> str:
    return f"the rule for {', '.join(print_literal(head) for head in rule.heads)}"


def _seen(rule: RuleCoverage) -> Iterator[tuple[tuple[int, bool], bool | None]]:
    """What was seen of each point of a rule; None for one that cannot be."""
    yield (_RULE, True), rule.held
    for position, literal in enumerate(rule.literals):
        yield (position, True), literal.held
        yield (position, False), literal.failed
