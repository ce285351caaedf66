"""Whether a change of one table may disturb the other literals of a rule.

May import ``congress.engine`` below the facade and ``congress.model`` only.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from congress.engine.lang.resolved import Goal, Lookup, TableId
from congress.engine.lang.strata import reachable
from congress.engine.workspace import Workspace

#: A table, and whether what depends on it grows (1) or shrinks (-1) with it.
Signed: TypeAlias = tuple[TableId, int]


class Influence:
    """What tables depend on, and which way, in one state."""

    def __init__(self, state: Workspace) -> None:
        self._state = state
        self._known: dict[Signed, set[Signed]] = {}

    def undisturbed(self, body: Sequence[Goal], position: int) -> bool:
        """Whether the rest of a body stays true when the literal at a position is made so.

        A positive literal is made true by a row that comes to its table, a negated one
        by rows that go.
        """
        goal = body[position]
        if not isinstance(goal, Lookup):
            return True
        change = -1 if goal.negated else 1
        others = (other for number, other in enumerate(body) if number != position)
        return not any(
            (goal.table, -change) in self._of((other.table, -1 if other.negated else 1))
            for other in others
            if isinstance(other, Lookup)
        )

    def _of(self, signed: Signed) -> set[Signed]:
        """What something depends on that grows or shrinks with a table."""
        if signed not in self._known:
            self._known[signed] = reachable([signed], self._reads)
        return self._known[signed]

    def _reads(self, signed: Signed) -> Iterator[Signed]:
        table, sign = signed
        for rule in self._state.rules_of(table):
            for goal in rule.lookups:
                if rule.head.aggregates:
                    yield goal.table, sign
                    yield goal.table, -sign
                else:
                    yield goal.table, -sign if goal.negated else sign
