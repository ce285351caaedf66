"""Aggregates that follow their rows: what each group gives, kept up to date.

May import ``congress.engine`` below it and ``congress.model`` only.

Invariant: a group's row is what ``aggregate`` computes from all its values, to
the last digit: sums are kept exactly and rounded once.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from congress.engine.lang.ast import Aggregate, Term
from congress.engine.run.aggregate import Unsuitable
from congress.engine.run.naive import integral
from congress.engine.run.tallies import TALLIES, Tally
from congress.model.values import Row

Members: TypeAlias = dict[Row, tuple[list[int], list[Tally]]]
State: TypeAlias = tuple[Members, dict[Row, Row]]


class Groups:
    """The groups of one rule with aggregates in its head.

    Rows come in as the values of the head's terms in order, those of an
    aggregate not yet aggregated.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms
        self._keys = [n for n, term in enumerate(terms) if not isinstance(term, Aggregate)]
        self._values = [
            (n, TALLIES[term.function])
            for n, term in enumerate(terms)
            if isinstance(term, Aggregate)
        ]
        self._groups: Members = {}
        self.results: dict[Row, Row] = {}

    def count(self, counts: Mapping[Row, int], sign: int = 1) -> dict[Row, int]:
        """Add to how often rows are there.

        :returns: the rows of the groups that came, as 1, and that went, as -1.
        """
        changed: dict[Row, None] = {}
        for row, number in counts.items():
            if number:
                key = tuple([row[n] for n in self._keys])
                self._add(key, row, number * sign)
                changed[key] = None
        out: dict[Row, int] = {}
        for key in changed:
            old, new = self.results.get(key), self._result(key)
            if old == new:
                continue
            if old is not None:
                del self.results[key]
                out[old] = out.get(old, 0) - 1
            if new is not None:
                self.results[key] = new
                out[new] = out.get(new, 0) + 1
        return out

    def start_over(self) -> State:
        """Forget all groups; what they were, for ``restore``."""
        state = (self._groups, self.results)
        self._groups, self.results = {}, {}
        return state

    def restore(self, state: State) -> None:
        """Have groups again that were forgotten."""
        self._groups, self.results = state

    def _add(self, key: Row, row: Row, number: int) -> None:
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = ([0], [tally() for _, tally in self._values])
        size, tallies = group
        size[0] += number
        if not size[0]:
            del self._groups[key]
            return
        for (column, _), tally in zip(self._values, tallies, strict=True):
            value = row[column]
            if value is not None:
                tally.add(value, number)

    def _result(self, key: Row) -> Row | None:
        """The row of a group, None if there is no such group or its values do not suit."""
        group = self._groups.get(key)
        if group is None:
            return None
        try:
            results = [tally.result() for tally in group[1]]
        except (Unsuitable, OverflowError):
            return None
        ordinary, computed = iter(key), iter(results)
        return integral(
            tuple(
                [
                    next(computed) if isinstance(term, Aggregate) else next(ordinary)
                    for term in self._terms
                ]
            )
        )
