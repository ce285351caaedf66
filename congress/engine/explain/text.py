"""Explanations for people to read.

May import the language's nodes and printer, ``congress.engine.explain.tree`` and
``congress.model`` only. Tables of the policy that was asked go without its name.
"""

from congress.engine.explain.tree import (
    Absence,
    Attempt,
    Derivation,
    End,
    Evaluated,
    Explanation,
    Fact,
    HeadDiffers,
    Hindrance,
    Obstacle,
    OpenHead,
    OtherResult,
    Refutation,
    RuleRef,
    Step,
)
from congress.engine.lang.ast import Constant
from congress.engine.lang.printer import print_row, print_term
from congress.engine.lang.resolved import Plain, TableId
from congress.model.values import Row

_ENDS = {
    End.SHOWN: "explained elsewhere here",
    End.CIRCLE: "already asked further up",
    End.BRIEF: "derived; ask for it to see how",
    End.DEPTH: "not followed: too deep",
    End.NODES: "not followed: too long",
    End.BUDGET: "not followed: the time or the steps allowed were used up",
}
_ALLOW_MORE = "Shortened; ask for what was not followed, or allow more."


def explanation_to_text(explanation: Explanation) -> str:
    """The text of an explanation, several lines without a line end."""
    return _Writer(explanation).run()


class _Writer:
    """Writes lines."""

    def __init__(self, explanation: Explanation) -> None:
        self._explanation = explanation
        self._lines: list[str] = []

    def run(self) -> str:
        explanation = self._explanation
        self._line(0, f"{explanation.atom} {self._verdict()}")
        for fact in explanation.facts:
            self._fact(fact, 1)
        if explanation.absence is not None:
            self._reasons(explanation.absence, 1)
        left_out = explanation.size - len(explanation.facts)
        if left_out:
            self._line(1, f"and {left_out} more rows")
        self._sources()
        if explanation.cut:
            self._line(0, _ALLOW_MORE)
        return "\n".join(self._lines)

    def _verdict(self) -> str:
        explanation = self._explanation
        if explanation.holds:
            return "holds, because"
        if explanation.absence is None:
            return "could not be looked up: the time or the steps allowed were used up"
        absence = explanation.absence
        if absence.impossible:
            return f"can never hold: {absence.impossible}"
        if not absence.attempts and not absence.idle and not absence.near:
            return "does not hold: no rule and no row gives it"
        return "does not hold"

    def _line(self, depth: int, text: str) -> None:
        self._lines.append("  " * depth + text)

    # -- rows that are there --------------------------------------------------------

    def _fact(self, fact: Fact, depth: int, lead: str = "") -> None:
        notes = [note for note in (self._origin(fact), self._end(fact.end)) if note]
        atom = self._atom(fact.table, fact.row, fact.modal)
        self._line(depth, f"{lead}{atom}" + (f": {'; '.join(notes)}" if notes else ""))
        for derivation in fact.derivations:
            self._derivation(derivation, depth + 1)
        if fact.more:
            self._line(depth + 1, "and in other ways")

    def _origin(self, fact: Fact) -> str:
        """Who put a row there, and when."""
        given, policy = fact.given, fact.table[0]
        if given is None:
            return ""
        if not given.datasource:
            ids = ", ".join(given.statements)
            return f"stated in {policy}" + (f" ({ids})" if ids else "")
        standing = self._explanation.standings.get(fact.table)
        if standing is None:
            return f"a row of {policy}"
        if standing.age is None:
            return f"a row of {policy}, of unknown age"
        return f"a row of {policy}, {standing.age:.0f} s old"

    def _derivation(self, derivation: Derivation, depth: int) -> None:
        self._line(depth, f"by {self._rule(derivation.rule)}")
        for step in derivation.steps:
            self._step(step, depth + 1)
        group = derivation.group
        if group is None:
            return
        self._line(depth + 1, f"over {group.size} joined rows:")
        for member in group.members:
            for step in member:
                self._step(step, depth + 2)
        if group.size > len(group.members):
            self._line(depth + 2, f"and {group.size - len(group.members)} more")

    def _step(self, step: Step, depth: int) -> None:
        if isinstance(step, Fact):
            self._fact(step, depth)
        elif isinstance(step, Absence):
            self._absence(step, depth, "not ")
        else:
            self._line(depth, self._evaluated(step))

    # -- rows that are not ----------------------------------------------------------

    def _absence(self, absence: Absence, depth: int, lead: str) -> None:
        atom = self._pattern(absence.table, absence.terms, absence.modal)
        notes = [note for note in (absence.impossible, self._end(absence.end)) if note]
        self._line(depth, f"{lead}{atom}" + (f": {'; '.join(notes)}" if notes else ""))
        self._reasons(absence, depth + 1)

    def _reasons(self, absence: Absence, depth: int) -> None:
        for row in absence.near:
            self._line(depth, f"there is {self._atom(absence.table, row)}")
        for attempt in absence.attempts:
            self._attempt(attempt, depth)
        if absence.more:
            self._line(depth, "and other rules fail")
        for idle in absence.idle:
            reason = f": {idle.reason}" if idle.reason else ""
            self._line(depth, f"{self._rule(idle.rule)} is {idle.state}{reason}")

    def _attempt(self, attempt: Attempt, depth: int) -> None:
        self._line(depth, self._rule(attempt.rule))
        for step in attempt.held:
            self._step(step, depth + 1)
        self._obstacle(attempt.obstacle, depth + 1)
        if attempt.partial > 1:
            self._line(depth + 1, f"(this is one of {attempt.partial} ways to get there)")
        if attempt.sufficient:
            self._line(depth + 1, "nothing else is missing")
        elif attempt.sufficient is False and attempt.failing is not None:
            self._line(depth + 1, "more would be missing")

    def _obstacle(self, obstacle: Obstacle, depth: int) -> None:
        if isinstance(obstacle, Absence):
            self._absence(obstacle, depth, "missing: ")
        elif isinstance(obstacle, Hindrance):
            for fact in obstacle.facts:
                self._fact(fact, depth, "in the way: ")
            if obstacle.size > len(obstacle.facts):
                self._line(depth, f"and {obstacle.size - len(obstacle.facts)} more in the way")
        else:
            self._line(depth, f"fails: {self._failure(obstacle)}")

    def _failure(self, obstacle: HeadDiffers | Refutation | OtherResult | OpenHead) -> str:
        if isinstance(obstacle, HeadDiffers):
            found, asked = print_term(obstacle.found), print_term(obstacle.asked)
            return f"column {obstacle.column} of its head is {found}, not {asked}"
        if isinstance(obstacle, OpenHead):
            return f"its body leaves {obstacle.variable} open; only simulated actions fill it"
        if isinstance(obstacle, Refutation):
            return _refuted(obstacle)
        if obstacle.row is None:
            return f"the group has no result: {obstacle.error}"
        return f"its group gives {print_row('', obstacle.row)}"

    # -- names ----------------------------------------------------------------------

    def _rule(self, rule: RuleRef) -> str:
        named = f"rule {rule.rule_id}" if rule.rule_id else "rule"
        if rule.policy != self._explanation.policy:
            named += f" of {rule.policy}"
        return f"{named}: {rule.text}"

    def _table(self, table: TableId) -> str:
        own = table[0] == self._explanation.policy
        return table[1] if own else f"{table[0]}:{table[1]}"

    def _atom(self, table: TableId, row: Row, modal: str = "") -> str:
        name = table[1] if modal else self._table(table)
        text = print_row(name, row)
        return f"{modal}[{text}]" if modal else text

    def _pattern(self, table: TableId, terms: tuple[Plain, ...], modal: str) -> str:
        name = table[1] if modal else self._table(table)
        text = f"{name}({', '.join(_written(term) for term in terms)})"
        return f"{modal}[{text}]" if modal else text

    @staticmethod
    def _evaluated(step: Evaluated) -> str:
        if step.builtin == "true":
            return "true"
        text = print_row(f"builtin:{step.builtin}", step.arguments)
        return f"not {text}" if step.negated else text

    @staticmethod
    def _end(end: End | None) -> str:
        return "" if end is None else _ENDS[end]

    def _sources(self) -> None:
        """Sources that cannot be relied on."""
        for table in sorted(self._explanation.sources):
            standing = self._explanation.standings.get(table)
            if standing is None:
                continue
            name = self._table(table)
            if not standing.complete:
                self._line(0, f"{name} has not been read completely")
            elif standing.stale:
                self._line(0, f"{name} is stale: it was not read when it was due")


def _refuted(refutation: Refutation) -> str:
    """What is wrong with a builtin's call."""
    if refutation.builtin == "false":
        return "false never holds"
    arguments = ", ".join(_written(term) for term in refutation.arguments)
    call = f"{'not ' if refutation.negated else ''}builtin:{refutation.builtin}({arguments})"
    if refutation.error:
        return f"{call} has no answer: {refutation.error}"
    if refutation.result is not None and not refutation.negated:
        return f"{call}; it is {print_row(f'builtin:{refutation.builtin}', refutation.result)}"
    return call


def _written(term: Plain) -> str:
    """A term; a variable that nobody named is ``_``."""
    if isinstance(term, Constant) or term.name[:1].isalpha():
        return print_term(term)
    return "_"
