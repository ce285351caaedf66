"""One group of a rule with aggregates: its result and the joined rows behind it.

May import ``congress.engine`` below the facade and ``congress.model`` only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from congress.engine.explain.heads import Fitted
from congress.engine.lang.ast import Aggregate, Constant
from congress.engine.lang.resolved import ResolvedRule
from congress.engine.run.aggregate import Unsuitable, aggregate
from congress.engine.run.matching import Match, Matcher
from congress.engine.run.naive import integral
from congress.model.values import Row, Value

#: So many members are looked at to show the least ones.
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Result:
    """What a group comes to.

    :param row: None if there is no group, or its values cannot be aggregated.
    :param members: some of the matches, of ``size``.
    """

    row: Row | None
    members: tuple[Match, ...] = ()
    size: int = 0
    error: str = ""


def result_of(matcher: Matcher, rule: ResolvedRule, group: Fitted) -> Result:
    """The result of a group whose key is wanted in full.

    :raises OverBudget: if the group is too large.
    """
    order = matcher.quick_order(group.body, group.head, group.wanted)
    aggregates = [term for term in rule.head.terms if isinstance(term, Aggregate)]
    columns: list[list[Value]] = [[] for _ in aggregates]
    members: list[Match] = []
    size = 0
    for match in matcher.solutions(group.body, order, group.wanted, Match()):
        size += 1
        if size <= _LOOKED_AT:
            members.append(match)
        for column, term in zip(columns, aggregates, strict=True):
            column.append(match.values[term.variable.name])
    if not size:
        return Result(None)
    members.sort(key=Match.order)
    try:
        row = _row(rule, members[0], aggregates, columns)
    except Unsuitable as error:
        return Result(None, tuple(members), size, str(error))
    return Result(row, tuple(members), size)


def _row(
    rule: ResolvedRule,
    member: Match,
    aggregates: Sequence[Aggregate],
    columns: Sequence[Sequence[Value]],
) -> Row:
    results = iter([aggregate(a.function, c) for a, c in zip(aggregates, columns, strict=True)])
    row: list[Value] = []
    for term in rule.head.terms:
        if isinstance(term, Aggregate):
            row.append(next(results))
        else:
            row.append(term.value if isinstance(term, Constant) else member.values[term.name])
    return integral(tuple(row))
