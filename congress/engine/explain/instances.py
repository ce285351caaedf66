"""The rules, with values, that derive a row.

May import ``congress.engine`` below the facade and ``congress.model`` only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from congress.engine.explain.aggregates import result_of
from congress.engine.explain.heads import Fitted, fit
from congress.engine.lang.ast import Constant, Variable
from congress.engine.lang.resolved import Lookup, ResolvedRule, TableId
from congress.engine.run.matching import Match, Matcher
from congress.engine.workspace import StoredRule
from congress.model.values import Row

Place: TypeAlias = tuple[TableId, Row]

#: So many are looked at to tell the least ones, so that engines with the same rows
#: mostly tell the same.
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Instance:
    """A rule and a match of its body.

    :param members: for a rule with aggregates, some matches of the group's ``size``.
    """

    stored: StoredRule
    match: Match
    members: tuple[Match, ...] = ()
    size: int = 0

    def order(self) -> tuple[object, ...]:
        """Key of an order that depends on rules and rows alone."""
        return (self.stored.key, self.match.order())

    def rows(self) -> Iterator[Place]:
        """The rows that the body's positive literals matched."""
        body = self.stored.resolved.body if self.stored.resolved else ()
        for position, row in self.match.rows.items():
            goal = body[position]
            if isinstance(goal, Lookup):
                yield goal.table, row


def instances(matcher: Matcher, rules: Iterable[StoredRule], row: Row) -> Iterator[Instance]:
    """Everything that rules derive a row from, each once.

    :raises OverBudget: if the search costs too much.
    """
    asked = [Constant(value) for value in row]
    for stored in rules:
        resolved = stored.resolved
        fitted = None if resolved is None else fit(resolved, asked)
        if resolved is None or not isinstance(fitted, Fitted):
            continue
        if not resolved.head.aggregates:
            yield from _matches(matcher, stored, resolved, fitted)
            continue
        result = result_of(matcher, resolved, fitted)
        if result.row == row:
            yield Instance(stored, Match(), result.members, result.size)


def _matches(
    matcher: Matcher, stored: StoredRule, resolved: ResolvedRule, fitted: Fitted
) -> Iterator[Instance]:
    order = matcher.quick_order(fitted.body, fitted.head, fitted.wanted)
    head = [term.name for term in resolved.head.terms if isinstance(term, Variable)]
    for match in matcher.solutions(fitted.body, order, fitted.wanted, Match()):
        if all(name in match.values for name in head):
            yield Instance(stored, match)


def least(found: Iterable[Instance], most: int) -> tuple[list[Instance], bool]:
    """The first few, in an order that depends on rules and rows alone, and if there are more."""
    some = list(islice(found, max(_LOOKED_AT, most + 1)))
    some.sort(key=Instance.order)
    return some[:most], len(some) > most
