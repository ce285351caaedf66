"""What the present rows show of each rule: which literals they make hold, and fail.

May import ``congress.engine`` below the facade and ``congress.model`` only.

A literal is looked at with every combination of rows that makes the literals before it
hold. It *holds* if one of them goes on, and *fails* if one of them ends there.

Invariant: literals are taken as they are written, except that one which needs values
waits until there are some.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from congress.engine.lang.printer import print_literal, print_rule
from congress.engine.lang.resolved import Goal, ResolvedRule, Truth, variables
from congress.engine.plan.order import local_variables, needs
from congress.engine.plan.steps import Apply, Scan, Settle, Step, make_plan
from congress.engine.results import LiteralCoverage, RuleCoverage
from congress.engine.run.budget import Budget
from congress.engine.run.join import Environment, extender
from congress.engine.workspace import Workspace


def cover(workspace: Workspace, budget: Budget) -> Iterator[RuleCoverage]:
    """The coverage of every active rule that has a body.

    :raises Refused: if going through all combinations costs too much.
    """
    for key, stored in workspace.rules.items():
        if stored.resolved is None:
            continue
        budget.begin(key)
        held, seen = _cover_rule(workspace, stored.resolved, budget)
        literals = tuple(
            LiteralCoverage(print_literal(literal), *seen[position])
            for position, literal in enumerate(stored.rule.literals)
        )
        yield RuleCoverage(key[0], print_rule(stored.rule), held, literals)


def _cover_rule(
    workspace: Workspace, rule: ResolvedRule, budget: Budget
) -> tuple[bool, dict[int, tuple[bool | None, bool | None]]]:
    """Whether the body holds, and for each position whether the literal holds and fails."""
    local = local_variables(rule.body, variables(rule.head.terms))
    environments: list[Environment] = [()]
    seen: dict[int, tuple[bool | None, bool | None]] = {}
    for step in make_plan(rule.body, _in_turn(rule.body, local)).steps:
        extend = extender(step, lambda scan: workspace.contents(scan.table), budget, Counter())
        found: list[Environment] = []
        failed = False
        for environment in environments:
            budget.spend()
            extended = list(extend(environment))
            failed |= not extended
            found += extended
        may_hold, may_fail = _possible(step)
        seen[step.position] = (bool(found) if may_hold else None, failed if may_fail else None)
        environments = found
    return bool(environments), seen


def _in_turn(body: Sequence[Goal], local: frozenset[str]) -> list[int]:
    """The positions of a body as written, each as soon as what it needs is bound."""
    waiting = list(range(len(body)))
    order: list[int] = []
    bound: set[str] = set()
    while waiting:
        position = next(each for each in waiting if needs(body[each], local) <= bound)
        waiting.remove(position)
        order.append(position)
        goal = body[position]
        if not isinstance(goal, Truth) and not goal.negated:
            bound |= variables(goal.terms)
    return order


def _possible(step: Step) -> tuple[bool, bool]:
    """Whether a step can hold, and whether it can fail when no table is empty."""
    if isinstance(step, Settle):
        return step.truth, not step.truth
    if isinstance(step, Scan):
        return True, bool(step.negated or step.key_columns or step.same)
    return True, _compares(step)


def _compares(step: Apply) -> bool:
    """Whether a builtin does more than compute new values."""
    computed = [part is None for part in step.outputs]
    return step.negated or not computed or not all(computed)
