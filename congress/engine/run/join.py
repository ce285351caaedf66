"""Runs a plan over relations: every environment that makes a rule's body true.

May import ``congress.engine.lang``, ``congress.engine.plan`` and
``congress.model`` only. Depth first with a stack of its own, so that neither
long bodies nor large joins need much memory.

Invariant: a builtin that fails ends its environment, negated or not.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from congress.engine.plan.steps import Apply, Given, Part, Plan, Scan, Settle, Slot, Step, filled
from congress.engine.run.budget import Budget
from congress.engine.run.relation import Stored
from congress.engine.run.table import key_of
from congress.model.values import Row, Value, from_plain

Environment: TypeAlias = Row
Read: TypeAlias = Callable[[Scan], Stored]
Extend: TypeAlias = Callable[[Environment], Iterable[Environment]]
Prune: TypeAlias = Callable[[Environment], Environment]
Failures: TypeAlias = Counter[str]

#: So many environments are held for each step of a body.
_BATCH = 20_000
#: The first step begins with small batches: few answers may be enough. Steps behind it
#: do not, as every batch is one more to go through for each step that follows.
_FIRST_BATCH = 256


def solve_merged(
    plan: Plan, read: Read, budget: Budget, failures: Failures, kept: Collection[int]
) -> Iterator[tuple[Environment, int]]:
    """All environments of a plan; those that differ in nothing that matters taken together.

    So a long body costs no more than the values that matter at each of its steps can be
    combined in, where the ways to come to them may be two to the power of its length.

    :param kept: the places that matter at the end; others may hold None there.
    :returns: environments and how many combinations of rows they stand for; one may
        come several times.
    """
    extends = [extender(step, read, budget, failures) for step in plan.steps]
    prune = [_pruner(places) for places in _spent(plan, kept)]
    stack: list[Iterator[dict[Environment, int]]] = [iter([{(): 1}])]
    while stack:
        batch = next(stack[-1], None)
        if batch is None:
            stack.pop()
        elif len(stack) > len(extends):
            yield from batch.items()
        else:
            level = len(stack) - 1
            least = _BATCH if level else _FIRST_BATCH
            stack.append(_batches(batch, extends[level], prune[level], budget, least))


def _batches(
    batch: dict[Environment, int],
    extend: Extend,
    prune: Prune | None,
    budget: Budget,
    size: int,
) -> Iterator[dict[Environment, int]]:
    """What environments are extended to, in batches of a size that grows to the largest."""
    found: dict[Environment, int] = {}
    for before, number in batch.items():
        budget.spend()
        for environment in extend(before):
            budget.spend()
            after = environment if prune is None else prune(environment)
            found[after] = found.get(after, 0) + number
            if len(found) >= size:
                yield found
                found, size = {}, min(size * 2, _BATCH)
    if found:
        yield found


def _spent(plan: Plan, kept: Collection[int]) -> list[list[int]]:
    """Per step, the places that it fills or reads, and that nothing reads later."""
    last: dict[int, int] = {}
    size = 0
    for number, step in enumerate(plan.steps):
        for part in _parts(step):
            if isinstance(part, Slot):
                last[part.place] = number
        grown = size + filled(step)
        last.update(dict.fromkeys(range(size, grown), number))
        size = grown
    spent: list[list[int]] = [[] for _ in plan.steps]
    for place, number in last.items():
        if place not in kept:
            spent[number].append(place)
    return spent


def _parts(step: Step) -> tuple[Part | None, ...]:
    """What a step reads."""
    if isinstance(step, Scan):
        return step.key
    return (*step.inputs, *step.outputs) if isinstance(step, Apply) else ()


def _pruner(places: Sequence[int]) -> Prune | None:
    """A function that empties some places of an environment."""
    if not places:
        return None
    emptied = frozenset(places)
    return lambda environment: tuple(
        [None if place in emptied else value for place, value in enumerate(environment)]
    )


def value_of(part: Part, environment: Environment) -> Value:
    """The value a part stands for."""
    return part.value if isinstance(part, Given) else environment[part.place]


def tuple_maker(parts: Sequence[Part]) -> Callable[[Environment], Row]:
    """A function that makes a row of parts out of an environment."""
    places = [part.place for part in parts if isinstance(part, Slot)]
    if len(places) == len(parts) > 1:
        return itemgetter(*places)
    return lambda environment: tuple([value_of(part, environment) for part in parts])


def extender(step: Step, read: Read, budget: Budget, failures: Failures) -> Extend:
    """What makes of an environment those that a step leads to."""
    if isinstance(step, Settle):
        truth = step.truth
        return lambda environment: (environment,) if truth else ()
    if isinstance(step, Apply):
        return _caller(step, budget, failures)
    return _absence(step, read(step)) if step.negated else _scanner(step, read(step))


def _finder(step: Scan, relation: Stored) -> Callable[[Environment], Iterable[Row]]:
    """The rows that fit a scan's key, and its repeated variables."""
    same = step.same
    find = _bucket(step, relation)
    if not same:
        return find
    return lambda environment: [
        row for row in find(environment) if all(row[a] == row[b] for a, b in same)
    ]


def _bucket(step: Scan, relation: Stored) -> Callable[[Environment], Iterable[Row]]:
    if not step.key_columns:
        return lambda environment: relation
    constants = [part.value for part in step.key if isinstance(part, Given)]
    if len(constants) == len(step.key):
        found = relation.find(step.key_columns, key_of(constants))
        return lambda environment: found
    index = relation.index(step.key_columns)
    if len(step.key) > 1:
        make = tuple_maker(step.key)
        return lambda environment: index.get(make(environment), ())
    part = step.key[0]
    place = part.place if isinstance(part, Slot) else 0
    return lambda environment: index.get(environment[place], ())


def _scanner(step: Scan, relation: Stored) -> Extend:
    find, take = _finder(step, relation), step.take
    if not take:
        return lambda environment: [environment] * sum(1 for _ in find(environment))
    if len(take) == 1:
        column = take[0]
        return lambda environment: ((*environment, row[column]) for row in find(environment))
    pick = itemgetter(*take)
    return lambda environment: (environment + pick(row) for row in find(environment))


def _absence(step: Scan, relation: Stored) -> Extend:
    find = _finder(step, relation)

    def extend(environment: Environment) -> Iterable[Environment]:
        for _ in find(environment):
            return ()
        return (environment,)

    return extend


def _caller(step: Apply, budget: Budget, failures: Failures) -> Extend:
    builtin, negated = step.builtin, step.negated
    inputs = tuple_maker(step.inputs)

    def extend(environment: Environment) -> Iterable[Environment]:
        budget.spend()
        try:
            values = call(builtin.function, inputs(environment), len(step.outputs))
        except MemoryError as error:
            budget.oversize(f"builtin {builtin.name}: {error}")
        except Exception:
            failures[builtin.name] += 1
            return ()
        if values is None:
            return (environment,) if negated else ()
        for value in values:
            budget.check(value)
        result = _matched(step, environment, values)
        if negated:
            return () if result is not None else (environment,)
        return () if result is None else (result,)

    return extend


def call(
    function: Callable[..., object], inputs: Sequence[Value], outputs: int
) -> tuple[Value, ...] | None:
    """A builtin's outputs, none of them if there are none to compute; None if it does not hold."""
    answer = function(*inputs)
    if outputs == 0:
        return () if answer else None
    values = answer if outputs > 1 else (answer,)
    if not isinstance(values, tuple) or len(values) != outputs:
        raise TypeError("the builtin gave another number of outputs than it declares")
    return tuple([from_plain(value) for value in values])


def _matched(
    step: Apply, environment: Environment, values: tuple[Value, ...]
) -> Environment | None:
    """The environment with the new outputs, if the others are what they should be."""
    for number, (part, value) in enumerate(zip(step.outputs, values, strict=True)):
        if part is not None:
            if value_of(part, environment) != value:
                return None
        elif number not in step.ignored:
            environment = (*environment, value)
    return environment
