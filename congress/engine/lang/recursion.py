"""Cycles of dependencies: which are refused, and why.

May import this package and ``congress.model`` only. A cycle is looked for when
a rule has just been added, from both its ends at once, so that the search ends
soon where there is none; the cycles found are judged once all rules are in.

Invariant: as long as every rule that closes a refused cycle is taken out again,
every cycle that is left lies in recursive policies and knows no negation.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from congress.engine.lang.ast import Rule
from congress.engine.lang.resolved import ResolvedRule, TableId
from congress.engine.lang.strata import components, cyclic, reachable
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


def feeds_any(table: TableId, targets: Iterable[TableId], graph: Graph) -> bool:
    """Whether a table is among others or, through any rules, feeds one of them.

    Searches from both ends, one step each in turn, and so ends with the shorter search.
    """
    before, behind = {table}, set(targets)
    if table in behind:
        return True
    ahead = _walk(before, graph.feeds)
    back = _walk(behind, graph.reads)
    return any(one in behind or other in before for one, other in zip(ahead, back, strict=False))


def _walk(seen: set[TableId], neighbours: Neighbours) -> Iterator[TableId]:
    """The node at the end of each edge that leads on from some, which gain the new ones."""
    waiting = list(seen)
    while waiting:
        for node in neighbours(waiting.pop()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
            yield node


def closes_cycle(resolved: ResolvedRule, graph: Graph) -> bool:
    """Whether a rule, already in the graph, lies on a cycle."""
    head = resolved.head
    starts = {goal.table for goal in resolved.lookups}
    return head.modal is None and feeds_any(head.table, starts, graph)


def allowed_cycles(tables: Iterable[TableId], graph: Graph) -> bool:
    """Whether every cycle through some tables is one that may be."""
    start = set(tables)
    behind = reachable(start, graph.reads)
    near = {table for table in reachable(start, graph.feeds) if table in behind}

    def reads(table: TableId) -> Iterator[TableId]:
        return (read for read in graph.reads(table) if read in near)

    for component in components(near, reads):
        cycle = set(component)
        if cyclic(cycle, reads) and (_closed(cycle, graph) or _inverted(cycle, graph)):
            return False
    return True


def check_cycle(rule: Rule, resolved: ResolvedRule, graph: Graph) -> Iterator[Diagnostic]:
    """The problem with the cycle that a rule, already in the graph, closes."""
    if not closes_cycle(resolved, graph):
        return
    head = resolved.head.table
    behind: set[TableId] = reachable([head], graph.reads)
    cycle = {table for table in reachable([head], graph.feeds) if table in behind}
    names = _listed(cycle)
    closed = _closed(cycle, graph)
    if closed:
        message = f"the rule makes {names} depend on itself"
        hint = f"policy {closed[0]} is not of kind datalog, which allows recursion"
        yield Diagnostic("recursion", message, rule.span, hint)
    elif _inverted(cycle, graph):
        message = f"the rule makes {names} depend on itself through negation or an aggregate"
        hint = "split the table so that what is negated or aggregated is complete before"
        yield Diagnostic("unstratified", message, rule.span, hint)


def _closed(cycle: set[TableId], graph: Graph) -> list[str]:
    """The policies on a cycle that do not allow one."""
    return sorted({policy for policy, _ in cycle if not _recursive(graph.kind(policy))})


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
