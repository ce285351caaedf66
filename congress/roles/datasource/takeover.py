"""What has to be done when another policy engine's copy becomes the one to obey.

Imports the model only; no I/O, no clock of its own.

The engines see the same data, one a little later than the other, and no identity
agrees between them. So a difference between the new leader's copy and the ledger
is either something the old leader never told, or something that one of the two
has not seen yet. Mostly the bases tell (see ``congress.model.basis``): the word of an
engine that has seen all that the ledger's last edge of a key followed from, and more,
is the later one, and its rises since then were missed. Where they do not, because
the copy is behind, or went past that point in one step, or its engine cannot tell,
four rules keep the second from being taken for the first:

* what the ledger learned only ``settle`` seconds ago is left to settle, and
  compared when that time is over;
* a copy that became whole only ``settle`` seconds ago says nothing of actions that
  the ledger knows already: its engine may have stood still until now, and not know;
* a copy that was turned to only ``settle`` seconds ago, and is surely behind the ledger,
  says nothing: its engine was out of reach, and catches up, or holds its rules;
* rises in the new leader's copy are held against rises in the ledger over the same
  stretch of time; only more of them than were recorded were missed.

Invariant: engines that lag behind each other by less than ``settle``, or that just
came back from wherever they were, never make an activation run twice; a rise that
only the new leader saw is not lost, nor is a flap of the last ``window`` seconds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from congress.model.action import DesiredAction
from congress.model.basis import Basis, joined, newer
from congress.roles.datasource.copies import Copy, Edge, Rule, rule_of


@dataclass(frozen=True, slots=True)
class Known:
    """An action that rose before: its rule, and what the ledger's word on it follows
    from; ``None`` if nobody can tell."""

    rule: Rule
    basis: Basis | None = None


@dataclass(slots=True)
class Past:
    """When each key rose in the ledger, and when it was last touched. Monotonic times.
    ``known`` are all keys that ever rose."""

    rises: dict[str, list[float]] = field(default_factory=dict)
    touched: dict[str, float] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)

    def note(self, edge: Edge) -> None:
        """An edge is on its way into the ledger."""
        before = self.known.get(edge.key)
        basis = edge.basis
        if before and before.basis is not None and basis is not None:
            basis = joined(before.basis, basis)
        self.known[edge.key] = Known(rule_of(edge.desired), basis)
        self.touched[edge.key] = edge.at
        if edge.rise:
            self.rises.setdefault(edge.key, []).append(edge.at)

    def outdated(self, key: str, copy: Copy) -> bool:
        """Whether a copy surely knows more of a key than the ledger."""
        known = self.known.get(key)
        if known is None or known.basis is None:
            return False
        basis = copy.basis(known.rule)
        if basis is None or not newer(basis, known.basis):
            return False
        rises = copy.rises.get(key, ())
        return all(e.follows(known.basis) or not e.may_follow(known.basis) for e in rises)

    def ahead(self, key: str, copy: Copy) -> bool:
        """Whether the ledger surely knows more of a key than a copy."""
        known = self.known.get(key)
        if known is None or known.basis is None:
            return False
        basis = copy.basis(known.rule)
        return basis is not None and newer(known.basis, basis)

    def missed(self, key: str, copy: Copy) -> int:
        """How often a key rose in a copy after all that the ledger's word on it follows from."""
        known = self.known[key]
        assert known.basis is not None
        return sum(edge.follows(known.basis) for edge in copy.rises.get(key, ()))

    def forget(self, before: float) -> None:
        """Forget what is older."""
        self.touched = {key: at for key, at in self.touched.items() if at >= before}
        kept = {key: [at for at in times if at >= before] for key, times in self.rises.items()}
        self.rises = {key: times for key, times in kept.items() if times}


@dataclass(frozen=True, slots=True)
class Plan:
    """The edges to record now, and the keys to compare later, each with the time."""

    edges: tuple[Edge, ...]
    settling: Mapping[str, float]


def plan(
    copy: Copy,
    active: Mapping[str, DesiredAction],
    past: Past,
    now: float,
    *,
    turned: float,
    settle: float,
    window: float,
    only: Iterable[str] | None = None,
) -> Plan:
    """How to get from the ledger's ``active`` actions to what a complete copy wants.

    :param turned: when the copy became the one to obey, monotonic.
    :param only: the keys to look at, if not all.
    """
    edges: list[Edge] = []
    settling: dict[str, float] = {}
    since = max(now - window, copy.since)
    grown_up = copy.since + settle
    keys = copy.wants.keys() | active.keys() | copy.rises.keys() | past.touched.keys()
    if now < grown_up:
        keys |= past.known.keys()
    for key in sorted(keys if only is None else only):
        known = key in past.known
        rises = copy.rises.get(key, ())
        desired = copy.wants.get(key) or active.get(key) or (rises[-1].desired if rises else None)
        if past.outdated(key, copy):
            missed = past.missed(key, copy)
        else:
            due = max(past.touched.get(key, -settle) + settle, grown_up if known else 0.0)
            if past.ahead(key, copy):
                due = max(due, turned + settle)
            if now < due:
                settling[key] = due
                continue
            first = max(since, grown_up) if known else since
            told = sum(at >= first - settle for at in past.rises.get(key, ()))
            missed = sum(edge.at >= first for edge in rises) - told
        if desired is not None and not copy.held(desired):
            basis = copy.basis(rule_of(desired))
            edges += [
                Edge(desired, rise, now, basis)
                for rise in _steps(key in copy.wants, key in active, missed)
            ]
    return Plan(tuple(edges), settling)


def _steps(wanted: bool, active: bool, missed: int) -> Iterator[bool]:
    """The rises and falls of one key: the flaps that were missed, then the way to where
    it stands."""
    for _ in range(max(missed, 1 if wanted and not active else 0)):
        if active:
            yield False
        yield True
        active = True
    if active and not wanted:
        yield False
