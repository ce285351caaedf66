"""Whether a body can be worked off at all.

May import ``congress.engine.lang``, the order in ``congress.engine.plan`` and
``congress.model`` only.

Invariant: a rule that passes has an order in which every negated literal and
every builtin finds its variables bound; whichever order is used, it is found
again by the same rules.
"""

from collections.abc import Iterator, Sequence

from congress.engine.lang.draft import Draft
from congress.engine.lang.resolved import Call, Goal, Truth, variables
from congress.engine.plan.order import arrange, local_variables, needs, open_input
from congress.model.diagnostic import Diagnostic


def check_safety(draft: Draft) -> Iterator[Diagnostic]:
    """One problem for each literal whose variables nothing binds."""
    resolution = draft.resolution
    if resolution is None or resolution.rule is None:
        return
    rule = resolution.rule
    yield from unsafe_goals(rule.body, variables(rule.head.terms))


def unsafe_goals(body: Sequence[Goal], outside: set[str]) -> Iterator[Diagnostic]:
    """One problem for each goal that no order makes workable.

    :param outside: variables that occur in the head.
    """
    local = local_variables(body, outside)
    order, stuck = arrange(body, local, lambda _: 0)
    bound: set[str] = set()
    for position in order:
        goal = body[position]
        if not isinstance(goal, Truth) and not goal.negated:
            bound |= variables(goal.terms)
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
