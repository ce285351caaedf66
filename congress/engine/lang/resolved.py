"""Rules whose names are resolved: every table by policy and name, every column by position.

May import ``congress.model`` and the nodes only. Anonymous variables and
columns left open are the variable ``_``.

Invariant: a lookup has exactly as many terms as its table had columns when the
rule was resolved, and a call as many as its builtin has arguments.
"""

from dataclasses import dataclass
from typing import TypeAlias

from congress.engine.lang.ast import ANONYMOUS, Aggregate, Constant, Modal, Term, Variable
from congress.model.builtin import Builtin
from congress.model.diagnostic import Span

TableId: TypeAlias = tuple[str, str]
Plain: TypeAlias = Variable | Constant

#: The system table of the current time.
NOW: TableId = ("builtin", "now")

OPEN = Variable(ANONYMOUS)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A literal that reads a table."""

    table: TableId
    terms: tuple[Plain, ...]
    negated: bool = False
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A literal that calls a builtin."""

    builtin: Builtin
    terms: tuple[Plain, ...]
    negated: bool = False
    span: Span | None = None

    @property
    def inputs(self) -> tuple[Plain, ...]:
        """The terms that must be known before the call."""
        return self.terms[: len(self.builtin.inputs)]

    @property
    def outputs(self) -> tuple[Plain, ...]:
        """The terms the call computes."""
        return self.terms[len(self.builtin.inputs) :]


@dataclass(frozen=True, slots=True)
class Truth:
    """The literal ``true`` or ``false``."""

    truth: bool
    span: Span | None = None


Goal: TypeAlias = Lookup | Call | Truth


@dataclass(frozen=True, slots=True)
class Head:
    """What a rule defines: a table's rows, or with a modal an action's calls.

    For an action ``table`` holds the rule's own policy and the written name.
    """

    table: TableId
    terms: tuple[Term, ...]
    modal: Modal | None = None

    @property
    def aggregates(self) -> bool:
        """Whether rows are computed from groups."""
        return any(isinstance(term, Aggregate) for term in self.terms)


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """A head and the goals that make it true, one per written body literal."""

    head: Head
    body: tuple[Goal, ...]

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """The goals that read tables."""
        return tuple(goal for goal in self.body if isinstance(goal, Lookup))


def variables(terms: tuple[Term, ...]) -> set[str]:
    """The names of the variables among terms, anonymous ones left out."""
    names = set()
    for term in terms:
        if isinstance(term, Variable):
            names.add(term.name)
        elif isinstance(term, Aggregate):
            names.add(term.variable.name)
    names.discard(ANONYMOUS)
    return names
