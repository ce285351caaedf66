"""What one explanation works with, and how much it has told so far.

May import ``congress.engine`` below the facade and ``congress.model`` only.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

from congress.engine.explain.influence import Influence
from congress.engine.explain.proofs import Prover
from congress.engine.explain.tree import CUTS, DEEPEST, Bounds, End, Given, Idle, RuleRef
from congress.engine.lang.printer import print_rule
from congress.engine.lang.resolved import NOW, TableId
from congress.engine.run.budget import Budget
from congress.engine.run.matching import Matcher
from congress.engine.workspace import RuleKey, StoredFact, StoredRule, Workspace
from congress.model.values import Row


class Inquiry:
    """The state, the bounds, and what has come up.

    :param sinks: the rules under a modal that the question is about.
    """

    def __init__(
        self, state: Workspace, bounds: Bounds, budget: Budget, sinks: tuple[RuleKey, ...]
    ) -> None:
        self.state = state
        self.bounds = bounds
        self.sinks = sinks
        self.matcher = Matcher(state.contents, budget)
        self.prover = Prover(state, self.matcher)
        self.influence = Influence(state)
        self.sources: set[TableId] = set()
        self.cut: set[End] = set()
        self._left = bounds.nodes
        self._deepest = min(bounds.depth, DEEPEST)

    def room(self, depth: int) -> End | None:
        """Take room for one more node; or the bound that leaves none."""
        if End.BUDGET in self.cut:
            return End.BUDGET
        if self._left <= 0:
            return self.note(End.NODES)
        self._left -= 1
        return self.note(End.DEPTH) if depth > self._deepest else None

    def note(self, end: End) -> End:
        """Remember that a bound has shortened the explanation."""
        if end in CUTS:
            self.cut.add(end)
        return end

    def touch(self, table: TableId) -> None:
        """Remember that the explanation rests on a table, if a source fills it."""
        if self._fed(table):
            self.sources.add(table)

    def given(self, table: TableId, row: Row) -> Given | None:
        """Who put a row there, if somebody did."""
        if row not in self.state.stored(table):
            return None
        return Given(self._fed(table), tuple(self._statements.get((table, row), ())))

    def _fed(self, table: TableId) -> bool:
        """Whether a table's rows come from a datasource, or may do so once it exists."""
        return table != NOW and self.state.source(table[0])

    def definers(self, table: TableId, modal: str) -> Iterator[StoredRule]:
        """The active rules that define a table, or ask for an action."""
        keys: Iterable[RuleKey] = self.sinks if modal else self.state.definers.get(table, ())
        return (self.state.rules[key] for key in keys)

    def idle(self, table: TableId, modal: str) -> tuple[Idle, ...]:
        """The rules without effect that would define a table, or ask for an action."""
        return tuple(self._idle.get((table, modal), ()))

    @cached_property
    def _statements(self) -> dict[tuple[TableId, Row], list[str]]:
        """The ids of the statements that state a row."""
        found: dict[tuple[TableId, Row], list[str]] = {}
        for (_, rule_id), named in sorted(self.state.names.items(), key=lambda item: item[0]):
            if isinstance(named, StoredFact):
                found.setdefault((named.table, named.row), []).append(rule_id)
        return found

    @cached_property
    def _idle(self) -> dict[tuple[TableId, str], list[Idle]]:
        found: dict[tuple[TableId, str], list[Idle]] = {}
        for key, stored in sorted(self.state.rules.items(), key=lambda item: item[0]):
            if stored.active:
                continue
            head = stored.rule.head
            reason = "; ".join(each.message for each in stored.diagnostics)
            idle = Idle(reference(stored), stored.state, reason)
            place = ((key[0], head.name), str(head.modal or ""))
            found.setdefault(place, []).append(idle)
        return found


def reference(stored: StoredRule) -> RuleRef:
    """A stored rule as explanations name it."""
    return RuleRef(stored.key[0], stored.rule_id, print_rule(stored.rule))
