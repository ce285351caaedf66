"""A rule's goals, in a fixed order, as steps over environments.

May import ``congress.engine.lang`` and ``congress.model`` only. An environment
is a tuple of the values found so far; each step appends those it finds, so a
variable has one place in it from where it is bound.

Invariant: a plan depends on the rule and the order alone, not on any rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from congress.engine.lang.ast import Constant
from congress.engine.lang.resolved import Goal, Lookup, Plain, TableId, Truth
from congress.model.builtin import Builtin
from congress.model.values import Value


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a bound variable in the environment."""

    place: int


@dataclass(frozen=True, slots=True)
class Given:
    """A constant."""

    value: Value


Part: TypeAlias = Slot | Given


@dataclass(frozen=True, slots=True)
class Scan:
    """Read the rows whose ``key_columns`` equal ``key``, or test that none exists.

    ``take`` are the columns whose values are appended; ``same`` are pairs of
    columns that must be equal because one new variable stands in both.
    """

    position: int
    table: TableId
    key_columns: tuple[int, ...]
    key: tuple[Part, ...]
    take: tuple[int, ...]
    same: tuple[tuple[int, int], ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Apply:
    """Call a builtin. ``outputs`` are parts to compare with, or None to append."""

    position: int
    builtin: Builtin
    inputs: tuple[Part, ...]
    outputs: tuple[Part | None, ...]
    ignored: frozenset[int]
    negated: bool


@dataclass(frozen=True, slots=True)
class Settle:
    """Go on, or do not."""

    position: int
    truth: bool


Step: TypeAlias = Scan | Apply | Settle


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps, and where each variable is in the environment behind the last."""

    steps: tuple[Step, ...]
    places: dict[str, int]

    def part(self, term: Plain) -> Part | None:
        """Where to find a term's value; None for a variable that is not bound."""
        if isinstance(term, Constant):
            return Given(term.value)
        place = self.places.get(term.name)
        return None if place is None else Slot(place)


def make_plan(body: Sequence[Goal], order: Sequence[int]) -> Plan:
    """The steps of a body in an order that ``arrange`` found."""
    plan = Plan((), {})
    steps = [_step(position, body[position], plan) for position in order]
    return Plan(tuple(steps), plan.places)


def _step(position: int, goal: Goal, plan: Plan) -> Step:
    """One step; binds the goal's new variables in the plan."""
    if isinstance(goal, Truth):
        return Settle(position, goal.truth)
    if isinstance(goal, Lookup):
        return _scan(position, goal, plan)
    inputs = tuple(_bound(plan, term) for term in goal.inputs)
    if goal.negated:
        known = tuple(_bound(plan, term) for term in goal.outputs)
        return Apply(position, goal.builtin, inputs, known, frozenset(), True)
    outputs: list[Part | None] = []
    ignored: set[int] = set()
    for number, term in enumerate(goal.outputs):
        part = plan.part(term)
        if part is None and not isinstance(term, Constant):
            if term.anonymous:
                ignored.add(number)
            else:
                plan.places[term.name] = len(plan.places)
        outputs.append(part)
    return Apply(position, goal.builtin, inputs, tuple(outputs), frozenset(ignored), False)


def _scan(position: int, goal: Lookup, plan: Plan) -> Scan:
    key_columns: list[int] = []
    key: list[Part] = []
    first: dict[str, int] = {}
    same: list[tuple[int, int]] = []
    for column, term in enumerate(goal.terms):
        part = plan.part(term)
        if part is not None:
            key_columns.append(column)
            key.append(part)
        elif not isinstance(term, Constant) and not term.anonymous:
            if term.name in first:
                same.append((first[term.name], column))
            else:
                first[term.name] = column
    if not goal.negated:
        for name in first:
            plan.places[name] = len(plan.places)
    take = () if goal.negated else tuple(first.values())
    columns = tuple(key_columns)
    return Scan(position, goal.table, columns, tuple(key), take, tuple(same), goal.negated)


def _bound(plan: Plan, term: Plain) -> Part:
    part = plan.part(term)
    if part is None:
        raise ValueError(f"{term!r} is used before it is bound")
    return part


def filled(step: Step) -> int:
    """How many places a step appends."""
    if isinstance(step, Scan):
        return len(step.take)
    if isinstance(step, Settle) or step.negated:
        return 0
    outputs = enumerate(step.outputs)
    return sum(part is None and number not in step.ignored for number, part in outputs)
