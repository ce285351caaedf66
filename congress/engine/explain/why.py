"""Tells what a row that is there comes from.

May import ``congress.engine`` below the facade and ``congress.model`` only.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from congress.engine.explain.inquiry import Inquiry, reference
from congress.engine.explain.instances import Instance, Place
from congress.engine.explain.tree import (
    Absence,
    Derivation,
    End,
    Evaluated,
    Fact,
    Group,
    Step,
)
from congress.engine.lang.ast import Constant
from congress.engine.lang.resolved import Goal, Lookup, Plain, TableId, Truth
from congress.engine.run.budget import OverBudget
from congress.engine.run.matching import Match, filled
from congress.model.values import Row

#: Tells what keeps rows of a table away, at a depth.
Denial: TypeAlias = Callable[[TableId, tuple[Plain, ...], int], Absence]


class Why:
    """Builds the trees of rows that are there."""

    def __init__(self, inquiry: Inquiry, denial: Denial) -> None:
        self._inquiry = inquiry
        self._denial = denial
        self._shown: set[Place] = set()

    def fact(self, table: TableId, row: Row, depth: int, most: int = 1) -> Fact:
        """A row of a table, with at most so many derivations."""
        inquiry = self._inquiry
        inquiry.touch(table)
        given = inquiry.given(table, row)
        end = inquiry.room(depth)
        if end is None and (table, row) in self._shown:
            end = End.SHOWN
        if table not in inquiry.state.definers:
            return Fact(table, row, given=given)
        if end is not None:
            return Fact(table, row, given=given, end=end)
        self._shown.add((table, row))
        try:
            found, more = inquiry.prover.derivations((table, row), most)
        except OverBudget:
            return Fact(table, row, given=given, end=inquiry.note(End.BUDGET))
        derivations = tuple([self._derivation(each, depth) for each in found])
        return Fact(table, row, given=given, derivations=derivations, more=more)

    def demand(self, table: TableId, row: Row, modal: str, most: int) -> Fact:
        """An action that should be in force, with at most so many derivations."""
        inquiry = self._inquiry
        found: list[Instance] = []
        more = False
        try:
            for key in inquiry.sinks:
                if row in inquiry.state.sinks.get(key, ()):
                    some, others = inquiry.prover.demands(key, row, most)
                    found += some
                    more |= others
        except OverBudget:
            return Fact(table, row, modal, end=inquiry.note(End.BUDGET))
        derivations = tuple([self._derivation(each, 0) for each in found[:most]])
        return Fact(table, row, modal, None, derivations, more or len(found) > most)

    def brief(self, table: TableId, row: Row) -> Fact:
        """A row without what it comes from."""
        self._inquiry.touch(table)
        derived = table in self._inquiry.state.definers
        given = self._inquiry.given(table, row)
        return Fact(table, row, given=given, end=End.BRIEF if derived and given is None else None)

    def steps(self, goals: Sequence[Goal], match: Match, positions: Sequence[int]) -> list[Step]:
        """What makes goals true that a match has, in brief."""
        return [self._step(goals[position], position, match, None) for position in positions]

    def _derivation(self, instance: Instance, depth: int) -> Derivation:
        resolved = instance.stored.resolved
        rule = reference(instance.stored)
        body = resolved.body if resolved is not None else ()
        if instance.size:
            some = instance.members[: self._inquiry.bounds.examples]
            members = [self._body(body, member, depth) for member in some]
            return Derivation(rule, (), Group(instance.size, tuple(members)))
        return Derivation(rule, self._body(body, instance.match, depth))

    def _body(self, body: Sequence[Goal], match: Match, depth: int) -> tuple[Step, ...]:
        return tuple(
            [self._step(goal, position, match, depth + 1) for position, goal in enumerate(body)]
        )

    def _step(self, goal: Goal, position: int, match: Match, depth: int | None) -> Step:
        """What makes one goal true; without a depth in brief."""
        if isinstance(goal, Truth):
            return Evaluated("true")
        if isinstance(goal, Lookup):
            if goal.negated:
                terms = filled(goal.terms, match.values)
                if depth is None:
                    self._inquiry.touch(goal.table)
                    return Absence(goal.table, terms, end=End.BRIEF)
                return self._denial(goal.table, terms, depth)
            row = match.rows[position]
            if depth is None:
                return self.brief(goal.table, row)
            return self.fact(goal.table, row, depth)
        if goal.negated:
            terms = filled(goal.terms, match.values)
            values = tuple([term.value for term in terms if isinstance(term, Constant)])
            return Evaluated(goal.builtin.name, values, True)
        return Evaluated(goal.builtin.name, match.rows[position])
