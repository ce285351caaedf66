"""Each policy engine's set of desired actions, kept beside the others'.

Imports the interfaces and the model only; no I/O. Used on the action loop.

Invariants: a copy is obeyed only while ``whole``; the edges it gives are all the
differences between what it held and what it holds, in an order that depends on
nothing but the rows.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from congress.interfaces.role import Arrival
from congress.model.action import DesiredAction
from congress.model.delta import Change, Snapshot
from congress.model.values import Row, row_from_plain, row_order_key

TABLE_PREFIX = "__actions/"
SOURCE_PREFIX = "policy-engine/"
SERVICE = "policy-engine"

WANT = "want"
HOLD = "hold"

Rule = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Edge:
    """An action came into force or passed. ``at`` is monotonic."""

    desired: DesiredAction
    rise: bool
    at: float

    @property
    def key(self) -> str:
        """The key of the action."""
        return self.desired.key


@dataclass(frozen=True, slots=True)
class Turn:
    """What an arrival changed.

    :param armed: rules that are no longer held.
    :param malformed: rows that could not be read.
    """

    edges: tuple[Edge, ...] = ()
    armed: frozenset[Rule] = frozenset()
    malformed: tuple[Row, ...] = ()


@dataclass(slots=True)
class Copy:
    """One engine's set, as far as it has arrived.

    :param complete: whether the engine said that the set is complete.
    :param live: whether nothing that the engine published is known to be missing here.
    :param since: when it became complete, monotonic.
    :param rises: how each key rose lately; nothing of what stood in the first complete
        set or was there when its rule was armed, because nobody knows when that rose.
    """

    datasource: str
    node: str
    instance: str
    complete: bool = False
    live: bool = False
    since: float = 0.0
    wants: dict[str, DesiredAction] = field(default_factory=dict)
    holds: set[Rule] = field(default_factory=set)
    rises: dict[str, list[Edge]] = field(default_factory=dict)
    _rows: frozenset[Row] = frozenset()

    @property
    def table(self) -> str:
        """The table it is a copy of."""
        return TABLE_PREFIX + self.datasource

    @property
    def whole(self) -> bool:
        """Whether it is all that the engine wants now, as far as anybody can know."""
        return self.complete and self.live

    def take(self, arrival: Arrival, now: float) -> Turn:
        """Work a publication in."""
        edges: list[Edge] = []
        armed: set[Rule] = set()
        malformed: list[Row] = []
        unarmed = frozenset(self.holds)
        for change in arrival.changes:
            if change.table == self.table:
                self._take(change, now, edges, armed, malformed)
        if self.complete:
            for edge in edges:
                if edge.rise and _rule(edge.desired) not in unarmed:
                    self.rises.setdefault(edge.key, []).append(edge)
        coverage = arrival.coverage.get(self.table)
        if coverage is not None:
            if coverage.complete and not self.complete:
                self.since, self.rises = now, {}
            self.complete = coverage.complete
        return Turn(tuple(edges), frozenset(armed - self.holds), tuple(malformed))

    def forget(self, before: float) -> None:
        """Forget rises that are older."""
        for key in list(self.rises):
            kept = [edge for edge in self.rises[key] if edge.at >= before]
            if kept:
                self.rises[key] = kept
            else:
                del self.rises[key]

    def held(self, desired: DesiredAction) -> bool:
        """Whether the engine says that the action's rule is not armed."""
        return _rule(desired) in self.holds

    def _take(
        self,
        change: Change,
        now: float,
        edges: list[Edge],
        armed: set[Rule],
        malformed: list[Row],
    ) -> None:
        if isinstance(change, Snapshot):
            gone, come = self._rows - change.rows, change.rows - self._rows
            self._rows = change.rows
        else:
            # A row both removed and added flapped within one transaction.
            gone, come = change.removed & self._rows, change.added - (self._rows - change.removed)
            self._rows = (self._rows - change.removed) | change.added
        for row, rise in (*_each(gone, False), *_each(come, True)):
            if len(row) != 5 or row[0] not in (WANT, HOLD):
                malformed.append(row)
            elif row[0] == HOLD:
                self._hold((str(row[1]), str(row[2])), rise, armed)
            elif (desired := _desired(self.datasource, row)) is None:
                malformed.append(row)
            else:
                self._want(desired, rise)
                edges.append(Edge(desired, rise, now))

    def _hold(self, rule: Rule, rise: bool, armed: set[Rule]) -> None:
        if rise:
            self.holds.add(rule)
        elif rule in self.holds:
            self.holds.discard(rule)
            armed.add(rule)

    def _want(self, desired: DesiredAction, rise: bool) -> None:
        if rise:
            self.wants[desired.key] = desired
        else:
            self.wants.pop(desired.key, None)


def _rule(desired: DesiredAction) -> Rule:
    return desired.policy, desired.rule


def _each(rows: Iterable[Row], rise: bool) -> list[tuple[Row, bool]]:
    return [(row, rise) for row in sorted(rows, key=row_order_key)]


def _desired(datasource: str, row: Row) -> DesiredAction | None:
    _, policy, rule, action, arguments = row
    try:
        plain = json.loads(str(arguments))
        values = row_from_plain(plain) if isinstance(plain, list) else None
    except ValueError:
        return None
    if values is None:
        return None
    return DesiredAction(str(policy), str(rule), datasource, str(action), values)
