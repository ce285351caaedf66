"""How far one rule gets towards rows that are not there.

May import ``congress.engine`` below the facade and ``congress.model`` only. A body
is read as written, a literal waiting only until its variables are bound; the first
literal that nothing before it can satisfy is where the rule stops.

Invariant: the match of a probe satisfies every literal before the failing one, and
no match of these satisfies that one too.
"""

from dataclasses import dataclass

from congress.engine.explain.heads import Fitted, fit
from congress.engine.explain.inquiry import Inquiry
from congress.engine.explain.tree import HeadDiffers
from congress.engine.lang.resolved import Plain, ResolvedRule, Truth, variables
from congress.engine.plan.order import local_variables
from congress.engine.run.matching import Match, written_order
from congress.engine.workspace import StoredRule
from congress.model.values import Value

#: So many ways to get to the failing literal are looked at for the best one.
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Probe:
    """How far a rule gets.

    :param body: the rule's, as it is confined to what was asked.
    :param wanted: the values that variables of the head must have.
    :param held: the positions that hold, in the order they were tried.
    :param failing: the position that fails; None if the body holds.
    :param match: a match of those that hold.
    :param partial: how many such matches there are, as far as counted.
    :param sufficient: whether the rest would hold if the failing literal did.
    """

    stored: StoredRule
    fitted: Fitted
    held: tuple[int, ...]
    failing: int | None
    match: Match
    partial: int
    sufficient: bool | None

    @property
    def distance(self) -> tuple[bool, int]:
        """Less means nearer."""
        return (not self.sufficient, len(self.fitted.body) - len(self.held))


def probe(inquiry: Inquiry, stored: StoredRule, asked: tuple[Plain, ...]) -> Probe | HeadDiffers:
    """Try a rule.

    :raises OverBudget: if that costs too much.
    """
    resolved = stored.resolved
    if resolved is None:
        raise ValueError("only active rules can be tried")
    fitted = fit(resolved, asked)
    if isinstance(fitted, HeadDiffers):
        return fitted
    return _Probing(inquiry, stored, resolved, fitted).run()


class _Probing:
    """One rule, while it is tried."""

    def __init__(
        self, inquiry: Inquiry, stored: StoredRule, resolved: ResolvedRule, fitted: Fitted
    ) -> None:
        self._inquiry = inquiry
        self._stored = stored
        self._resolved = resolved
        self._fitted = fitted
        self._local = local_variables(fitted.body, fitted.head)

    def run(self) -> Probe:
        body, wanted = self._fitted.body, self._fitted.wanted
        order, _ = written_order(body, self._local, (), range(len(body)))
        best: list[Match] = [Match()]
        reached, partial = 0, 1
        for count, match in self._inquiry.matcher.walk(body, order, wanted, Match()):
            if count > reached:
                best, reached, partial = [match], count, 1
                if count == len(order):
                    break
            elif count == reached and count:
                partial += 1
                if len(best) < _LOOKED_AT:
                    best.append(match)
        if reached == len(order):
            return Probe(self._stored, self._fitted, tuple(order), None, best[0], 1, None)
        held, failing, rest = order[:reached], order[reached], order[reached + 1 :]
        best.sort(key=Match.order)
        match, sufficient = self._choose(best, failing, rest)
        return Probe(self._stored, self._fitted, tuple(held), failing, match, partial, sufficient)

    def _choose(
        self, matches: list[Match], failing: int, rest: list[int]
    ) -> tuple[Match, bool | None]:
        """The first match with which all of the rest holds too, if there is one.

        The failing literal is taken to hold, for values that the rest allows; it may
        bind a variable that the rest cannot do without, then nothing can be told.
        """
        body, wanted = self._fitted.body, self._fitted.wanted
        goal = body[failing]
        own = set() if isinstance(goal, Truth) else variables(goal.terms) & wanted.keys()
        assumed = {name: wanted[name] for name in own}
        order, stuck = written_order(body, self._local, {**assumed, **matches[0].values}, rest)
        if stuck:
            return matches[0], None
        for match in matches:
            start = Match({**assumed, **match.values}, match.rows)
            whole = next(self._inquiry.matcher.solutions(body, order, wanted, start), None)
            if whole is not None:
                return whole, self._promise(failing)
        return matches[0], False

    def _promise(self, failing: int) -> bool | None:
        """Whether it is sure that the rest stays true when the failing literal is made so."""
        if self._resolved.head.aggregates:
            return None
        influence = self._inquiry.influence
        return True if influence.undisturbed(self._fitted.body, failing) else None


def head_values(probe: Probe) -> dict[str, Value] | None:
    """The values of the head's variables where the body holds; None if one is left open."""
    if not probe.fitted.head <= probe.match.values.keys():
        return None
    return {name: probe.match.values[name] for name in probe.fitted.head}
