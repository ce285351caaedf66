"""Tells what keeps rows away that are not there.

May import ``congress.engine`` below the facade and ``congress.model`` only.

Invariant: a question that comes up again on the way to its own answer is not
followed, so the tree ends in recursive tables too.
"""

import heapq
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from congress.engine.explain.aggregates import result_of
from congress.engine.explain.heads import Fitted
from congress.engine.explain.inquiry import Inquiry, reference
from congress.engine.explain.probing import Probe, head_values, probe
from congress.engine.explain.tree import (
    Absence,
    Attempt,
    End,
    HeadDiffers,
    Hindrance,
    Obstacle,
    OpenHead,
    OtherResult,
    Refutation,
)
from congress.engine.lang.ast import Aggregate, Constant
from congress.engine.lang.resolved import OPEN, Call, Lookup, Plain, TableId, Truth
from congress.engine.run.budget import OverBudget
from congress.engine.run.matching import filled
from congress.model.values import Row, Value, row_order_key

if TYPE_CHECKING:
    from congress.engine.explain.why import Why

#: More rows than these with one value tell little about another that is missing.
_FEW = 10
#: A table and what was asked of it, whatever the variables are called.
Asked = tuple[TableId, tuple[object, ...]]


class WhyNot:
    """Builds the trees of rows that are not there."""

    why: "Why"

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._path: set[Asked] = set()

    def absence(
        self,
        table: TableId,
        terms: tuple[Plain, ...],
        depth: int,
        most: int = 1,
        modal: str = "",
    ) -> Absence:
        """What keeps rows of a table away, with at most so many rules."""
        inquiry = self._inquiry
        if not modal:
            inquiry.touch(table)
        end = inquiry.room(depth)
        asked = (table, _pattern(terms))
        if end is None and asked in self._path:
            end = End.CIRCLE
        impossible = self._impossible(table, terms)
        if end is not None:
            return Absence(table, terms, modal, impossible=impossible, end=end)
        self._path.add(asked)
        try:
            attempts, more, end = self._attempts(table, terms, depth, most, modal)
        finally:
            self._path.discard(asked)
        return Absence(
            table,
            terms,
            modal,
            attempts,
            inquiry.idle(table, modal),
            () if modal else self._near(table, terms),
            impossible,
            more,
            end,
        )

    # -- rules --------------------------------------------------------------------

    def _attempts(
        self, table: TableId, terms: tuple[Plain, ...], depth: int, most: int, modal: str
    ) -> tuple[tuple[Attempt, ...], bool, End | None]:
        """The nearest rules, whether there are others, and the bound met if one was."""
        near: list[Probe] = []
        attempts: list[Attempt] = []
        far: list[Attempt] = []
        end: End | None = None
        try:
            for stored in self._inquiry.definers(table, modal):
                found = probe(self._inquiry, stored, terms)
                if isinstance(found, HeadDiffers):
                    far.append(Attempt(reference(stored), found))
                else:
                    near.append(found)
            near.sort(key=lambda each: each.distance)
            for each in near[:most]:
                attempts.append(self._attempt(each, depth))
        except OverBudget:
            end = self._inquiry.note(End.BUDGET)
        more = len(near) + len(far) > most
        return tuple([*attempts, *far][:most]), more, end

    def _attempt(self, found: Probe, depth: int) -> Attempt:
        body = found.fitted.body
        held = self.why.steps(body, found.match, found.held)
        obstacle = self._obstacle(found, depth)
        return Attempt(
            reference(found.stored),
            obstacle,
            tuple(held),
            found.held,
            found.failing,
            found.partial,
            found.sufficient,
        )

    def _obstacle(self, found: Probe, depth: int) -> Obstacle:
        """What the rule stops at."""
        if found.failing is None:
            return self._result(found)
        goal = found.fitted.body[found.failing]
        values = found.match.values
        if isinstance(goal, Truth):
            return Refutation("false")
        terms = filled(goal.terms, {**found.fitted.wanted, **values})
        if isinstance(goal, Call):
            return self._refuted(goal, terms, values)
        if goal.negated:
            return self._hindered(goal, terms, depth)
        return self.absence(goal.table, terms, depth + 1)

    def _refuted(
        self, goal: Call, terms: tuple[Plain, ...], values: Mapping[str, Value]
    ) -> Refutation:
        answer = self._inquiry.matcher.ask(goal, values)
        return Refutation(goal.builtin.name, terms, goal.negated, answer.arguments, answer.error)

    def _hindered(self, goal: Lookup, terms: tuple[Plain, ...], depth: int) -> Hindrance:
        """The rows that a negated literal meets."""
        rows = list(self._inquiry.matcher.fitting(goal.table, terms, {}))
        some = heapq.nsmallest(self._inquiry.bounds.examples, rows, key=row_order_key)
        facts = tuple([self.why.fact(goal.table, row, depth + 1) for row in some])
        return Hindrance(len(rows), facts)

    def _result(self, found: Probe) -> Obstacle:
        """Why a rule whose body holds does not give what was asked."""
        resolved = found.stored.resolved
        values = head_values(found)
        if resolved is None or not resolved.head.aggregates or values is None:
            names = sorted(found.fitted.head - found.match.values.keys())
            return OpenHead(names[0] if names else "_")
        keys = {
            term.name: values[term.name]
            for term in resolved.head.terms
            if not isinstance(term, Constant) and not isinstance(term, Aggregate)
        }
        group = Fitted(found.fitted.body, found.fitted.head, keys)
        result = result_of(self._inquiry.matcher, resolved, group)
        return OtherResult(result.row, result.error)

    # -- the table ----------------------------------------------------------------

    def _impossible(self, table: TableId, terms: tuple[Plain, ...]) -> str:
        """Why a table can never hold such a row, as far as its schema tells."""
        state = self._inquiry.state
        schema = state.declared(table)
        if schema is None:
            closed = state.closed(table[0])
            return f"datasource {table[0]} has no table {table[1]}" if closed else ""
        for column, term in zip(schema.columns, terms, strict=False):
            problem = column.problem(term.value) if isinstance(term, Constant) else None
            if problem is not None:
                return problem
        return ""

    def _near(self, table: TableId, terms: tuple[Plain, ...]) -> tuple[Row, ...]:
        """Rows with the first value asked for, if they are few, best agreement first.

        The first is that of the table's key, where one is declared.
        """
        known = {n: term.value for n, term in enumerate(terms) if isinstance(term, Constant)}
        if len(known) < 2 or len(terms) != self._inquiry.state.arity(table):
            return ()
        schema = self._inquiry.state.declared(table)
        keys = [n for n in known if schema and schema.column_names[n] in schema.key]
        first = min(keys or known)
        wanted = [term if number == first else OPEN for number, term in enumerate(terms)]
        try:
            found = self._inquiry.matcher.fitting(table, wanted, {})
            rows = list(islice(found, _FEW + 1))
        except OverBudget:
            self._inquiry.note(End.BUDGET)
            return ()
        if len(rows) > _FEW:
            return ()
        rows.sort(key=row_order_key)
        rows.sort(key=lambda row: sum(row[n] != value for n, value in known.items()))
        return tuple(rows[: self._inquiry.bounds.examples])


def _pattern(terms: tuple[Plain, ...]) -> tuple[object, ...]:
    """What terms ask, with variables by number of their first occurrence."""
    names: dict[str, int] = {}
    pattern: list[object] = []
    for term in terms:
        if isinstance(term, Constant):
            pattern.append((term.value,))
        elif term.anonymous:
            pattern.append(None)
        else:
            pattern.append(names.setdefault(term.name, len(names)))
    return tuple(pattern)
