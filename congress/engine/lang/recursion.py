"""Cycles of dependencies: which are refused, and why.

May import this package and ``congress.model`` only. A cycle is looked for when
a rule has just been added, from both its ends at once, so that the search ends
soon where there is none.

Invariant: as long as every rule that closes a refused cycle is taken out again,
every cycle that is left lies in recursive policies and knows no negation.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from congress.engine.lang.ast import Rule
from congress.engine.lang.resolved import ResolvedRule, TableId
from congress.engine.lang.strata import reachable
from congress.model.diagnostic import Diagnostic
from congress.model.policy import PolicyKind

Neighbours = Callable[[TableId], Iterable[TableId]]


class Graph(Protocol):
    """Which table depends on which."""

    def kind(self, policy: str) -> PolicyKind | None:
        """The kind of a policy, if it exists."""

    def reads(self, table: TableId) -> Iterable[TableId]:
        """The tables that a table's rules read."""

    def feeds(self, table: TableId) -> Iterable[TableId]:
        """The tables whose rules read a table."""

    def rules_of(self, table: TableId) -> Iterable[ResolvedRule]:
        """The rules that define a table."""


def check_cycle(rule: Rule, resolved: ResolvedRule, graph: Graph) -> Iterator[Diagnostic]:
    """The problem with the cycle that a rule, already in the graph, closes."""
    head = resolved.head.table
    starts = {goal.table for goal in resolved.lookups}
    if resolved.head.modal is not None or not _meets(head, starts, graph):
        return
    behind: set[TableId] = reachable([head], graph.reads)
    cycle = {table for table in reachable([head], graph.feeds) if table in behind}
    names = _listed(cycle)
    closed = sorted({policy for policy, _ in cycle if not _recursive(graph.kind(policy))})
    if closed:
        message = f"the rule makes {names} depend on itself"
        hint = f"policy {closed[0]} is not of kind datalog, which allows recursion"
        yield Diagnostic("recursion", message, rule.span, hint)
    elif _inverted(cycle, graph):
        message = f"the rule makes {names} depend on itself through negation or an aggregate"
        hint = "split the table so that what is negated or aggregated is complete before"
        yield Diagnostic("unstratified", message, rule.span, hint)


def _meets(head: TableId, starts: set[TableId], graph: Graph) -> bool:
    """Whether the head feeds any of the tables, searching from both ends in turn."""
    if head in starts:
        return True
    forward, backward = _Search([head], graph.feeds), _Search(starts, graph.reads)
    while forward.waiting and backward.waiting:
        if forward.step() & backward.seen or backward.step() & forward.seen:
            return True
    return False


class _Search:
    """A search that goes one node at a time."""

    def __init__(self, start: Iterable[TableId], neighbours: Neighbours) -> None:
        self.seen = set(start)
        self.waiting = list(self.seen)
        self._neighbours = neighbours

    def step(self) -> set[TableId]:
        """Visit one node; the nodes it shows that were not seen yet."""
        if not self.waiting:
            return set()
        new = set(self._neighbours(self.waiting.pop())) - self.seen
        self.seen |= new
        self.waiting.extend(new)
        return new


def _recursive(kind: PolicyKind | None) -> bool:
    return kind is not None and kind.recursive


def _inverted(cycle: set[TableId], graph: Graph) -> bool:
    """Whether negation or an aggregate lies on the cycle."""
    for table in cycle:
        for rule in graph.rules_of(table):
            inside = [goal for goal in rule.lookups if goal.table in cycle]
            if any(goal.negated for goal in inside) or (inside and rule.head.aggregates):
                return True
    return False


def _listed(tables: Iterable[TableId]) -> str:
    names = sorted(f"{policy}:{name}" for policy, name in tables)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
