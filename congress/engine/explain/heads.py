"""What a rule's head makes of the rows that are asked for.

May import the language's nodes, ``congress.engine.explain.tree`` and
``congress.model`` only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from congress.engine.explain.tree import HeadDiffers
from congress.engine.lang.ast import Aggregate, Constant
from congress.engine.lang.resolved import Goal, Plain, ResolvedRule, Truth, variables
from congress.model.values import Value


@dataclass(frozen=True, slots=True)
class Fitted:
    """A rule that is confined to the rows asked for.

    :param body: the rule's, where variables that must be equal are one.
    :param head: the variables of the head.
    :param wanted: the values that variables must have.
    """

    body: tuple[Goal, ...]
    head: set[str]
    wanted: Mapping[str, Value] = field(default_factory=dict)


def fit(rule: ResolvedRule, asked: Sequence[Plain]) -> Fitted | HeadDiffers:
    """Confine a rule to rows that are as some terms say; columns of aggregates are let be."""
    return _Fitting().run(rule, asked)


class _Fitting:
    """Makes terms equal by giving values and names to the head's variables."""

    def __init__(self) -> None:
        self._wanted: dict[str, Value] = {}
        self._same: dict[str, str] = {}

    def run(self, rule: ResolvedRule, asked: Sequence[Plain]) -> Fitted | HeadDiffers:
        first: dict[str, Plain] = {}
        for column, (own, other) in enumerate(zip(rule.head.terms, asked, strict=True)):
            if isinstance(own, Aggregate):
                continue
            if not isinstance(other, Constant):
                if other.anonymous or first.setdefault(other.name, own) is own:
                    continue
                other = first[other.name]
            if not self._equate(own, other):
                return HeadDiffers(column, self._settled(own), self._settled(other))
        head = variables(rule.head.terms)
        roots = {name: self._root(name) for name in self._same}
        body = tuple(_renamed(goal, roots) for goal in rule.body) if roots else rule.body
        return Fitted(body, {self._root(name) for name in head}, self._wanted)

    def _root(self, name: str) -> str:
        while name in self._same:
            name = self._same[name]
        return name

    def _settled(self, term: Plain) -> Plain:
        """The value a term must have, if there is one by now, else its one name."""
        if isinstance(term, Constant) or term.anonymous:
            return term
        name = self._root(term.name)
        return Constant(self._wanted[name]) if name in self._wanted else replace(term, name=name)

    def _equate(self, one: Plain, other: Plain) -> bool:
        """Make two terms equal; tell whether that can be."""
        one, other = self._settled(one), self._settled(other)
        if isinstance(one, Constant) and isinstance(other, Constant):
            return one.value == other.value
        if isinstance(one, Constant):
            one, other = other, one
        if isinstance(one, Constant) or one.anonymous:
            return True
        if isinstance(other, Constant):
            self._wanted[one.name] = other.value
        elif not other.anonymous and one.name != other.name:
            self._same[one.name] = other.name
        return True


def _renamed(goal: Goal, names: Mapping[str, str]) -> Goal:
    if isinstance(goal, Truth):
        return goal
    terms: list[Plain] = []
    for term in goal.terms:
        if not isinstance(term, Constant) and term.name in names:
            term = replace(term, name=names[term.name])
        terms.append(term)
    return replace(goal, terms=tuple(terms))
