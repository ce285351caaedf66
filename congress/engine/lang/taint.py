"""Actions must not take their arguments from the clock.

May import this package and ``congress.model`` only. An action is identified by
its arguments: one that holds the current time would be another action at every
tick and fire for ever.

Invariant: a column counts as timed if some rule can put a value there that
comes from the table ``now``, directly, through builtins or through other tables.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from congress.engine.lang.ast import Rule, Variable
from congress.engine.lang.resolved import NOW, Call, Lookup, ResolvedRule, TableId, variables
from congress.model.diagnostic import Diagnostic

Key = TypeVar("Key")
Column = tuple[TableId, int]


def timed_columns(rules: Iterable[ResolvedRule]) -> set[Column]:
    """The columns of tables that hold times, given every rule that depends on ``now``."""
    timed: set[Column] = {(NOW, 0)}
    readers: dict[TableId, list[ResolvedRule]] = {}
    for rule in rules:
        for table in {goal.table for goal in rule.lookups if not goal.negated}:
            readers.setdefault(table, []).append(rule)
    changed = [NOW]
    while changed:
        for rule in readers.get(changed.pop(), ()):
            found = {(rule.head.table, number) for number in timed_terms(rule, timed)}
            if not found <= timed:
                timed |= found
                changed.append(rule.head.table)
    return timed


def timed_terms(rule: ResolvedRule, timed: set[Column]) -> list[int]:
    """The positions of the head's terms that hold times."""
    names: set[str] = set()
    for goal in rule.body:
        if isinstance(goal, Lookup) and not goal.negated:
            for number, term in enumerate(goal.terms):
                if (goal.table, number) in timed and isinstance(term, Variable):
                    names.add(term.name)
    size = -1
    while size != len(names):
        size = len(names)
        for goal in rule.body:
            if isinstance(goal, Call) and not goal.negated and _names(goal.inputs) & names:
                names |= _names(goal.outputs)
    positions: list[int] = []
    for number, result in enumerate(rule.head.terms):
        if variables((result,)) & names:
            positions.append(number)
    return positions


def check_times(
    actions: Mapping[Key, tuple[Rule, ResolvedRule]], timed: set[Column]
) -> Iterator[tuple[Key, Diagnostic]]:
    """The problem of each action rule, by its key, whose arguments hold times."""
    for key, (rule, resolved) in actions.items():
        if timed_terms(resolved, timed):
            message = f"an argument of {rule.head.name} comes from now(x)"
            hint = "compare times in the body; leave them out of the arguments"
            yield key, Diagnostic("unsafe", message, rule.span, hint)


def _names(terms: Sequence[object]) -> set[str]:
    return {term.name for term in terms if isinstance(term, Variable) and not term.anonymous}
