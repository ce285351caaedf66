"""Whether a body can be worked off at all.

May import ``congress.engine.lang``, the order in ``congress.engine.plan`` and
``congress.model`` only.

Invariant: a rule that passes has an order in which every negated literal and
every builtin finds its variables bound; whichever order is used, it is found
again by the same rules.
"""

from collections.abc import Iterable, Iterator, Sequence

from congress.engine.lang.draft import Draft
from congress.engine.lang.resolved import Call, Goal, ResolvedRule, Truth, variables
from congress.engine.plan.order import arrange, local_variables, needs, open_input
from congress.model.diagnostic import Diagnostic


def check_safety(draft: Draft) -> Iterator[Diagnostic]:
    """One problem for each literal whose variables nothing binds."""
    resolution = draft.resolution
    if resolution is None or resolution.rule is None:
        return
    rule = resolution.rule
    problems = list(unsafe_goals(rule.body, variables(rule.head.terms)))
    yield from problems
    if not problems and (rule.head.aggregates or not draft.loose):
        yield from _unbound_head(draft, rule)


def _unbound_head(draft: Draft, rule: ResolvedRule) -> Iterator[Diagnostic]:
    """Problems with head variables that the body names but never binds, as ``true(x)`` does."""
    named = set().union(*(variables(literal.atom.terms) for literal in draft.rule.literals))
    missing = sorted((variables(rule.head.terms) & named) - _bound(rule.body))
    if missing and not draft.fact:
        message = f"the body gives no value to {', '.join(missing)}"
        hint = "bind it in a literal that reads a table"
        yield Diagnostic("unsafe", message, draft.head.span, hint)


def _bound(goals: Iterable[Goal]) -> set[str]:
    """The variables that goals bind, if all of them can be worked off."""
    bound: set[str] = set()
    for goal in goals:
        if not isinstance(goal, Truth) and not goal.negated:
            bound |= variables(goal.terms)
    return bound


def unsafe_goals(body: Sequence[Goal], outside: set[str]) -> Iterator[Diagnostic]:
    """One problem for each goal that no order makes workable.

    :param outside: variables that occur in the head.
    """
    local = local_variables(body, outside)
    order, stuck = arrange(body, local, lambda _: 0)
    bound = _bound(body[position] for position in order)
    for position in stuck:
        goal = body[position]
        if isinstance(goal, Truth):
            continue
        missing = sorted(needs(goal, local) - bound)
        if open_input(goal):
            missing.append("_")
        what = f"builtin {goal.builtin.name}" if isinstance(goal, Call) else "the negated literal"
        message = f"{what} needs a value for {', '.join(missing)}"
        hint = "bind each of them in a literal that is not negated"
        yield Diagnostic("unsafe", message, goal.span, hint)
