"""The order in which a rule's goals are worked off.

May import ``congress.engine.lang`` and ``congress.model`` only. The order
written down plays no part in it: filters go as early as their variables allow,
then the lookup that promises the fewest rows.

Invariant: in the order returned every negated goal and every builtin has its
variables bound by earlier goals; goals for which that cannot be are returned apart.
"""

from collections.abc import Callable, Sequence

from congress.engine.lang.ast import Constant
from congress.engine.lang.resolved import Call, Goal, Lookup, TableId, Truth, variables

_SELECTIVITY = 32.0


def needs(goal: Goal, local: frozenset[str]) -> set[str]:
    """The variables that must be bound before a goal can be worked off."""
    if isinstance(goal, Truth):
        return set()
    if isinstance(goal, Call):
        return variables(goal.terms if goal.negated else goal.inputs)
    return variables(goal.terms) - local if goal.negated else set()


def open_input(goal: Goal) -> bool:
    """Whether a builtin has an anonymous argument where a value is needed."""
    if not isinstance(goal, Call):
        return False
    needed = goal.terms if goal.negated else goal.inputs
    return any(not isinstance(term, Constant) and term.anonymous for term in needed)


def local_variables(body: Sequence[Goal], outside: set[str]) -> frozenset[str]:
    """Variables that occur in a single negated lookup and nowhere else."""
    seen: dict[str, int] = {}
    for goal in body:
        for name in variables(goal.terms) if not isinstance(goal, Truth) else ():
            seen[name] = seen.get(name, 0) + 1
    return frozenset(
        name
        for goal in body
        if isinstance(goal, Lookup) and goal.negated
        for name in variables(goal.terms)
        if seen[name] == 1 and name not in outside
    )


def arrange(
    body: Sequence[Goal],
    local: frozenset[str],
    size: Callable[[TableId], int],
    first: int | None = None,
) -> tuple[list[int], list[int]]:
    """An order of the body's positions, and the positions that cannot be placed.

    :param size: the number of rows of a table now.
    :param first: the position of a lookup that must come first.
    """
    waiting = set(range(len(body)))
    bound: set[str] = set()
    order: list[int] = []

    def place(position: int) -> None:
        order.append(position)
        waiting.discard(position)
        goal = body[position]
        if not isinstance(goal, Truth) and not goal.negated:
            bound.update(variables(goal.terms))

    if first is not None:
        place(first)
    filters = {p for p in waiting if not _generates(body[p])}
    lookups = waiting - filters
    required = {p: needs(body[p], local) for p in filters}
    while True:
        ready = [p for p in sorted(filters) if required[p] <= bound and not open_input(body[p])]
        if ready:
            for position in ready:
                place(position)
                filters.discard(position)
            continue
        if not lookups:
            return order, sorted(filters)
        best = min(lookups, key=lambda p: _cost(body[p], bound, size))
        lookups.discard(best)
        place(best)


def _generates(goal: Goal) -> bool:
    return isinstance(goal, Lookup) and not goal.negated


def _cost(
    goal: Goal, bound: set[str], size: Callable[[TableId], int]
) -> tuple[float, TableId, str]:
    """Roughly how many rows a lookup gives, with a tie-break that no order affects."""
    if not isinstance(goal, Lookup):
        raise TypeError("only lookups have a cost")
    known = 0
    for term in goal.terms:
        known += isinstance(term, Constant) or term.name in bound
    rows = float(size(goal.table))
    return (rows / _SELECTIVITY**known, goal.table, repr(goal.terms))
