"""Which goal comes next, and which index finds its rows, judged by the rows there are.

May import ``congress.engine`` below the plans and ``congress.model`` only.

Invariant: the choice changes the cost of an evaluation, never its result; every
filter comes as soon as its variables are bound.
"""

from collections.abc import Sequence
from typing import Protocol

from congress.engine.lang.ast import Constant
from congress.engine.lang.resolved import Goal, Lookup, TableId, Truth, variables
from congress.engine.plan.order import needs, open_input
from congress.engine.plan.source import Columns

#: Rows per key up to which one column is as good as several.
_FEW = 2.0
_MOST_STARTS = 6
#: The part of the rows that a test or a constant is thought to let through.
_PASSED = 0.3


class Statistics(Protocol):
    """What is known of the tables."""

    def size(self, table: TableId) -> int:
        """The number of rows."""

    def spread(self, table: TableId, columns: Columns) -> float:
        """About how many rows share their values in some columns."""

    def indexed(self, table: TableId, columns: Columns) -> bool:
        """Whether there is an index over some columns."""


def index_columns(
    table: TableId, bound: Columns, arity: int, statistics: Statistics
) -> Columns | None:
    """The columns to look rows up by: one that nearly is a key, or all; None for whole rows."""
    if len(bound) == arity:
        return None
    if statistics.size(table):
        for column in bound:
            if statistics.spread(table, (column,)) <= _FEW:
                return (column,)
    elif 0 in bound:
        return (0,)
    return bound


def order_from(
    body: Sequence[Goal], local: frozenset[str], first: int, statistics: Statistics
) -> list[int]:
    """An order of a body's positions that begins with one of its lookups."""
    return _Walk(body, local, statistics).run(first)


def order_freely(body: Sequence[Goal], local: frozenset[str], statistics: Statistics) -> list[int]:
    """The cheapest order found of a body's positions."""
    starts = [p for p, goal in enumerate(body) if isinstance(goal, Lookup) and not goal.negated]
    if len(starts) > 1:
        starts.sort(key=lambda position: _start_size(body[position], statistics))
    best: tuple[float, list[int]] | None = None
    for first in starts[:_MOST_STARTS]:
        walk = _Walk(body, local, statistics)
        order = walk.run(first)
        if best is None or walk.cost < best[0]:
            best = (walk.cost, order)
    return _Walk(body, local, statistics).run(None) if best is None else best[1]


def _start_size(goal: Goal, statistics: Statistics) -> float:
    if not isinstance(goal, Lookup):
        raise TypeError("only lookups are begun with")
    constants = sum(isinstance(term, Constant) for term in goal.terms)
    return float(statistics.size(goal.table) * _PASSED**constants)


class _Walk:
    """Puts goals in order and adds up what they cost."""

    def __init__(self, body: Sequence[Goal], local: frozenset[str], statistics: Statistics) -> None:
        self.cost = 0.0
        self._rows = 1.0
        self._body = body
        self._statistics = statistics
        self._bound: set[str] = set()
        self._order: list[int] = []
        self._missing: dict[int, set[str]] = {}
        self._ready: list[int] = []
        self._fans: dict[int, tuple[float, int] | None] = {}
        self._watchers: dict[str, list[int]] = {}
        for position, goal in enumerate(body):
            if isinstance(goal, Lookup) and not goal.negated:
                watched = variables(goal.terms)
                self._fans[position] = None
            else:
                watched = self._missing[position] = needs(goal, local)
                if not watched:
                    self._ready.append(position)
            for name in watched:
                self._watchers.setdefault(name, []).append(position)

    def run(self, first: int | None) -> list[int]:
        """The positions in order."""
        if first is None:
            self._place_filters()
        else:
            self._place(first)
        while self._fans:
            self._place(min(self._fans, key=self._known_fan))
        return self._order

    def _place(self, position: int) -> None:
        """Put a lookup next, and every filter that can follow it."""
        goal = self._body[position]
        if isinstance(goal, Lookup):
            self._charge(goal)
        self._fans.pop(position, None)
        self._order.append(position)
        self._bind(goal)
        self._place_filters()

    def _place_filters(self) -> None:
        while self._ready:
            ready, self._ready = self._ready, []
            for position in sorted(ready):
                goal = self._body[position]
                if open_input(goal):
                    raise ValueError(f"{goal!r} can never be worked off")
                self._order.append(position)
                self._rows *= _PASSED
                if not isinstance(goal, Truth) and not goal.negated:
                    self._bind(goal)

    def _bind(self, goal: Goal) -> None:
        """Note what a goal binds, and what can be told of other goals now."""
        names = set() if isinstance(goal, Truth) else variables(goal.terms) - self._bound
        self._bound |= names
        concerned: dict[int, None] = {}
        for name in names:
            concerned.update(dict.fromkeys(self._watchers.get(name, ())))
        for position in concerned:
            if position in self._fans:
                self._fans[position] = None
            elif missing := self._missing.get(position):
                missing -= names
                if not missing:
                    self._ready.append(position)

    def _columns(self, goal: Lookup) -> Columns:
        return tuple(
            column
            for column, term in enumerate(goal.terms)
            if isinstance(term, Constant) or term.name in self._bound
        )

    def _known_fan(self, position: int) -> tuple[float, int]:
        fan = self._fans[position]
        if fan is None:
            fan = self._fans[position] = self._fan(position)
        return fan

    def _fan(self, position: int) -> tuple[float, int]:
        """How many rows a lookup gives per row so far; ties go by position."""
        goal = self._body[position]
        if not isinstance(goal, Lookup):
            raise TypeError("only lookups fan out")
        columns = self._columns(goal)
        if not columns:
            return (self._statistics.size(goal.table) + 1.0, position)
        if len(columns) == len(goal.terms):
            return (0.0, position)
        return (self._statistics.spread(goal.table, columns), position)

    def _charge(self, goal: Lookup) -> None:
        statistics, columns = self._statistics, self._columns(goal)
        size = float(statistics.size(goal.table))
        if not self._order or not columns:
            self.cost += self._rows * size
            self._rows *= size * _PASSED ** len(columns)
            return
        chosen = index_columns(goal.table, columns, len(goal.terms), statistics)
        if chosen is None:
            self.cost += self._rows
            return
        if not statistics.indexed(goal.table, chosen):
            self.cost += 2 * size
        fan = statistics.spread(goal.table, chosen)
        self.cost += self._rows * (1 + fan)
        self._rows *= fan * _PASSED ** (len(columns) - len(chosen))
