"""The order in which a rule's goals are worked off.

May import ``congress.engine.lang`` and ``congress.model`` only. The order
written down plays no part in it: filters go as early as their variables allow,
then the lookup that promises the fewest rows.

Invariant: in the order returned every negated goal and every builtin has its
variables bound by earlier goals; goals for which that cannot be are returned apart.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush

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
    arrangement = _Arrangement(body, local, size)
    if first is not None:
        arrangement.place(first)
    while arrangement.step():
        pass
    return arrangement.order, sorted(arrangement.filters)


class _Arrangement:
    """An order in the making."""

    def __init__(
        self, body: Sequence[Goal], local: frozenset[str], size: Callable[[TableId], int]
    ) -> None:
        self.order: list[int] = []
        self.filters: set[int] = set()
        self._body = body
        self._bound: set[str] = set()
        self._missing: dict[int, set[str]] = {}
        self._known: dict[int, int] = {}
        self._watchers: dict[str, list[int]] = {}
        self._ready: list[int] = []
        self._lookups: list[tuple[bool, float, TableId, str, int]] = []
        self._sizes = {g.table: float(size(g.table)) for g in body if isinstance(g, Lookup)}
        for position, goal in enumerate(body):
            if isinstance(goal, Lookup) and not goal.negated:
                self._known[position] = sum(isinstance(term, Constant) for term in goal.terms)
                self._watch(position, variables(goal.terms))
                self._offer(position, goal)
            else:
                self.filters.add(position)
                self._missing[position] = needs(goal, local)
                self._watch(position, self._missing[position])
                self._settle(position)

    def step(self) -> bool:
        """Place one more goal; tell whether there was one."""
        if self._ready:
            self.place(self._ready.pop())
            return True
        while self._lookups:
            position = heappop(self._lookups)[-1]
            if position in self._known:
                self.place(position)
                return True
        return False

    def place(self, position: int) -> None:
        """Put a goal next, and note what it binds."""
        goal = self._body[position]
        self.order.append(position)
        self._known.pop(position, None)
        self.filters.discard(position)
        if isinstance(goal, Truth) or goal.negated:
            return
        for name in variables(goal.terms) - self._bound:
            self._bound.add(name)
            for watcher in self._watchers.get(name, ()):
                self._tell(watcher, name)

    def _watch(self, position: int, names: set[str]) -> None:
        for name in names:
            self._watchers.setdefault(name, []).append(position)

    def _tell(self, position: int, name: str) -> None:
        """A variable that a goal watches is bound now."""
        goal = self._body[position]
        if position in self._known and isinstance(goal, Lookup):
            self._known[position] += 1
            self._offer(position, goal)
        elif position in self.filters:
            self._missing[position].discard(name)
            self._settle(position)

    def _settle(self, position: int) -> None:
        if not self._missing[position] and not open_input(self._body[position]):
            self._ready.append(position)

    def _offer(self, position: int, goal: Lookup) -> None:
        """Enter a lookup by whether it joins, by roughly how many rows it gives, and a tie-break.

        One that shares no variable with what is bound comes last, whatever constants it
        has: it would combine all its rows with all that were found.
        """
        apart = self._bound.isdisjoint(variables(goal.terms))
        rows = self._sizes[goal.table] / _SELECTIVITY ** min(self._known[position], 100)
        heappush(self._lookups, (apart, rows, goal.table, repr(goal.terms), position))
