"""What has to be done when another policy engine's copy becomes the one to obey.

Imports the model only; no I/O, no clock of its own.

The engines see the same data, one a little later than the other, and no identity
agrees between them. So a difference between the new leader's copy and the ledger
is either something the old leader never told, or something that one of the two
has not seen yet. Three rules keep the second from being taken for the first:

* what the ledger learned only ``settle`` seconds ago is left to settle, and
  compared when that time is over;
* a copy that became whole only ``settle`` seconds ago says nothing of actions that
  the ledger knows already: its engine may have stood still until now, and not know;
* rises in the new leader's copy are held against rises in the ledger over the same
  stretch of time; only more of them than were recorded were missed.

Invariant: engines that lag behind each other by less than ``settle``, or that just
came back from wherever they were, never make an activation run twice; a rise that
only the new leader saw is not lost, nor is a flap of the last ``window`` seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from congress.model.action import DesiredAction
from congress.roles.datasource.copies import Copy, Edge


@dataclass(slots=True)
class Past:
    """When each key rose in the ledger, and when it was last touched. Monotonic times.
    ``known`` are all keys that ever rose."""

    rises: dict[str, list[float]] = field(default_factory=dict)
    touched: dict[str, float] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def note(self, edge: Edge) -> None:
        """An edge is on its way into the ledger."""
        self.known.add(edge.key)
        self.touched[edge.key] = edge.at
        if edge.rise:
            self.rises.setdefault(edge.key, []).append(edge.at)

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
    settle: float,
    window: float,
    only: Iterable[str] | None = None,
) -> Plan:
    """How to get from the ledger's ``active`` actions to what a complete copy wants.

    :param only: the keys to look at, if not all.
    """
    edges: list[Edge] = []
    settling: dict[str, float] = {}
    since = max(now - window, copy.since)
    grown_up = copy.since + settle
    keys = copy.wants.keys() | active.keys() | copy.rises.keys() | past.touched.keys()
    if now < grown_up:
        keys |= past.known
    for key in sorted(keys if only is None else only):
        due = max(past.touched.get(key, -settle) + settle, grown_up if key in past.known else 0.0)
        if now < due:
            settling[key] = due
            continue
        first = max(since, grown_up) if key in past.known else since
        seen = [edge for edge in copy.rises.get(key, ()) if edge.at >= first]
        desired = copy.wants.get(key) or active.get(key) or (seen[-1].desired if seen else None)
        if desired is None or copy.held(desired):
            continue
        told = sum(at >= first - settle for at in past.rises.get(key, ()))
        missed = len(seen) - told
        edges += _steps(desired, key in copy.wants, key in active, missed, now)
    return Plan(tuple(edges), settling)


def _steps(
    desired: DesiredAction, wanted: bool, active: bool, missed: int, now: float
) -> list[Edge]:
    """The edges of one key: the flaps that were missed, then the way to where it stands."""
    steps: list[Edge] = []
    rises = max(missed, 1 if wanted and not active else 0)
    for _ in range(rises):
        if active:
            steps.append(Edge(desired, False, now))
        steps.append(Edge(desired, True, now))
        active = True
    if active and not wanted:
        steps.append(Edge(desired, False, now))
    return steps
