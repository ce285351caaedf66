"""Finds values for a rule's variables, goal by goal, and remembers what matched.

May import ``congress.engine`` below the facade and ``congress.model`` only. Slower
than the plans that rules are evaluated by, but it can be stopped after any goal and
asked which rows it stands on.

Invariant: a variable takes the spelling of the row or result it was found in, as in
evaluation; ``wanted`` only leaves out matches whose values are not equal to it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from congress.engine.lang.ast import Constant
from congress.engine.lang.resolved import Call, Goal, Lookup, Plain, TableId, Truth, variables
from congress.engine.plan.order import arrange, local_variables, needs
from congress.engine.run.budget import Budget
from congress.engine.run.join import call
from congress.engine.run.relation import Stored
from congress.model.values import Row, Value, row_order_key

_NUMBERS = frozenset({int, float})
#: How much fewer rows a lookup is taken to give for each value that is known: in large
#: tables, where it counts, what is asked for is mostly a name.
_SELECTIVITY = 1000.0
#: So many times a table is gone through before an index is made.
_SCANS = 4


@dataclass(frozen=True, slots=True)
class Match:
    """Values of variables, and by position the row or arguments of each goal matched."""

    values: Mapping[str, Value] = field(default_factory=dict)
    rows: Mapping[int, Row] = field(default_factory=dict)

    def order(self) -> list[list[tuple[int, str | int | float]]]:
        """Key of an order that depends on the rows alone."""
        return [row_order_key(self.rows[position]) for position in sorted(self.rows)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a builtin said.

    :param arguments: all arguments as computed; None if it does not hold.
    """

    arguments: Row | None
    error: str = ""


class Matcher:
    """Matches goals against the rows of one state."""

    def __init__(self, contents: Callable[[TableId], Stored], budget: Budget) -> None:
        self._contents = contents
        self._budget = budget
        self._scans: Counter[tuple[TableId, tuple[int, ...]]] = Counter()

    def size(self, table: TableId) -> int:
        """How many rows a table has."""
        return len(self._contents(table))

    def walk(
        self,
        goals: Sequence[Goal],
        order: Sequence[int],
        wanted: Mapping[str, Value],
        start: Match,
    ) -> Iterator[tuple[int, Match]]:
        """Every way to match the first goals of an order, with how many were matched.

        Depth first; longer bodies than Python can nest are no problem.
        """
        yield 0, start
        if not order:
            return
        stack = [self.extend(goals, order[0], wanted, start)]
        while stack:
            match = next(stack[-1], None)
            if match is None:
                stack.pop()
                continue
            yield len(stack), match
            if len(stack) < len(order):
                stack.append(self.extend(goals, order[len(stack)], wanted, match))

    def solutions(
        self,
        goals: Sequence[Goal],
        order: Sequence[int],
        wanted: Mapping[str, Value],
        start: Match,
    ) -> Iterator[Match]:
        """Every way to match all goals of an order."""
        for count, match in self.walk(goals, order, wanted, start):
            if count == len(order):
                yield match

    def extend(
        self, goals: Sequence[Goal], position: int, wanted: Mapping[str, Value], match: Match
    ) -> Iterator[Match]:
        """The ways to match one more goal, whose variables are bound as it needs."""
        self._budget.spend()
        goal = goals[position]
        if isinstance(goal, Truth):
            if goal.truth:
                yield match
        elif isinstance(goal, Call):
            extended = self._called(goal, position, wanted, match)
            if extended is not None:
                yield extended
        elif goal.negated:
            if not any(True for _ in self.fitting(goal.table, goal.terms, match.values)):
                yield match
        else:
            known = {**wanted, **match.values}
            for row in self.fitting(goal.table, goal.terms, known):
                yield Match(bound(goal.terms, row, match.values), {**match.rows, position: row})

    def fitting(
        self, table: TableId, terms: Sequence[Plain], values: Mapping[str, Value]
    ) -> Iterator[Row]:
        """The rows of a table that are as some terms say."""
        fresh = [term.name for term in terms if not isinstance(term, Constant)]
        repeated = len(set(fresh)) < len(fresh)
        for row in self._found(table, terms, values):
            self._budget.spend()
            if not repeated or _consistent(terms, row):
                yield row

    def _found(
        self, table: TableId, terms: Sequence[Plain], values: Mapping[str, Value]
    ) -> Iterable[Row]:
        """The rows with the values that are known."""
        relation = self._contents(table)
        columns: list[int] = []
        key: list[Value] = []
        for column, term in enumerate(terms):
            if isinstance(term, Constant):
                columns.append(column)
                key.append(term.value)
            elif term.name in values:
                columns.append(column)
                key.append(values[term.name])
        if not columns:
            return relation.rows
        if len(columns) == len(terms):
            row = tuple(key)
            if row not in relation:
                return ()
            if not any(type(value) in _NUMBERS for value in row):
                return (row,)
        return self._with(table, relation, tuple(columns), tuple(key))

    def _with(
        self, table: TableId, relation: Stored, columns: tuple[int, ...], key: Row
    ) -> Iterable[Row]:
        """The rows with some values in some columns.

        An index takes as long to make as going through all rows several times.
        """
        self._scans[table, columns] += 1
        value = key[0] if len(key) == 1 else key
        if self._scans[table, columns] > _SCANS:
            return relation.index(columns).get(value, ())
        pick = itemgetter(*columns)
        return [row for row in relation.rows if pick(row) == value]

    def _called(
        self, goal: Call, position: int, wanted: Mapping[str, Value], match: Match
    ) -> Match | None:
        answer = self.ask(goal, match.values)
        if answer.error:
            return None
        values: Mapping[str, Value] | None = None
        if answer.arguments is not None:
            values = agreed(goal.terms, answer.arguments, {**wanted, **match.values})
        if goal.negated:
            return match if values is None else None
        if values is None or answer.arguments is None:
            return None
        own = bound(goal.terms, answer.arguments, match.values)
        return Match(own, {**match.rows, position: answer.arguments})

    def ask(self, goal: Call, values: Mapping[str, Value]) -> Answer:
        """What a builtin says of its inputs.

        :raises OverBudget: if it makes too large a value.
        """
        self._budget.spend()
        inputs = [t.value if isinstance(t, Constant) else values[t.name] for t in goal.inputs]
        try:
            outputs = call(goal.builtin.function, inputs, len(goal.outputs))
        except MemoryError as error:
            self._budget.oversize(f"builtin {goal.builtin.name}: {error}")
        except Exception as error:
            return Answer(None, str(error) or type(error).__name__)
        if outputs is None:
            return Answer(None)
        for value in outputs:
            self._budget.check(value)
        return Answer((*inputs, *outputs))

    # -- orders -------------------------------------------------------------------

    def quick_order(
        self, goals: Sequence[Goal], head: set[str], wanted: Mapping[str, Value]
    ) -> list[int]:
        """An order that begins where the wanted values leave the fewest rows."""
        lookups = [
            (self.size(goal.table) / _SELECTIVITY ** _known(goal, wanted), position)
            for position, goal in enumerate(goals)
            if isinstance(goal, Lookup) and not goal.negated
        ]
        first = min(lookups)[1] if lookups else None
        return arrange(goals, local_variables(goals, head), self.size, first)[0]


def written_order(
    goals: Sequence[Goal], local: frozenset[str], names: Iterable[str], left: Iterable[int]
) -> tuple[list[int], list[int]]:
    """Positions as written, each as soon as its variables are bound; those that never are.

    :param names: the variables that are bound already.
    :param left: the positions to put in order.
    """
    known = set(names)
    order: list[int] = []
    waiting = list(left)
    while waiting:
        ready = next((p for p in waiting if needs(goals[p], local) <= known), None)
        if ready is None:
            return order, waiting
        waiting.remove(ready)
        order.append(ready)
        goal = goals[ready]
        if not isinstance(goal, Truth) and not goal.negated:
            known |= variables(goal.terms)
    return order, []


def bound(terms: Sequence[Plain], row: Row, values: Mapping[str, Value]) -> Mapping[str, Value]:
    """The values with those that a row gives to variables that had none."""
    fresh = {
        term.name: value
        for term, value in zip(reversed(terms), reversed(row), strict=True)
        if not isinstance(term, Constant) and not term.anonymous and term.name not in values
    }
    return {**values, **fresh} if fresh else values


def filled(terms: Iterable[Plain], values: Mapping[str, Value]) -> tuple[Plain, ...]:
    """Terms with values in place of the variables that have them."""
    return tuple(
        Constant(values[term.name])
        if not isinstance(term, Constant) and term.name in values
        else term
        for term in terms
    )


def _known(goal: Lookup, wanted: Mapping[str, Value]) -> int:
    return sum(isinstance(term, Constant) or term.name in wanted for term in goal.terms)


def _consistent(terms: Sequence[Plain], row: Row) -> bool:
    """Whether a row has equal values where terms have equal variables."""
    seen: dict[str, Value] = {}
    for term, value in zip(terms, row, strict=True):
        if isinstance(term, Constant) or term.anonymous:
            continue
        if seen.setdefault(term.name, value) != value:
            return False
    return True


def agreed(
    terms: Sequence[Plain], row: Row, values: Mapping[str, Value]
) -> Mapping[str, Value] | None:
    """The values with those that make terms equal to a row; None if they are to be others."""
    extended = dict(values)
    for term, value in zip(terms, row, strict=True):
        if isinstance(term, Constant):
            if term.value != value:
                return None
        elif not term.anonymous and extended.setdefault(term.name, value) != value:
            return None
    return extended
