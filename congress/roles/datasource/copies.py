"""Each policy engine's set of desired actions, kept beside the others'.

Imports the interfaces and the model only; no I/O. Used on the action loop.

Invariants: a copy is obeyed only while ``whole``; the edges it gives are all the
differences between what it held and what it holds, in an order that depends on
nothing but the rows; each tells between which two bases it happened, if the engine
tells what its actions follow from.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from congress.interfaces.role import Arrival
from congress.model.action import DesiredAction
from congress.model.basis import Basis, covers, from_text, newer, part
from congress.model.delta import Change, Snapshot, applied
from congress.model.values import Row, row_from_plain, row_order_key

TABLE_PREFIX = "__actions/"
BASIS_TABLE = "__basis"
SOURCE_PREFIX = "policy-engine/"
SERVICE = "policy-engine"

WANT = "want"
HOLD = "hold"

Rule = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Edge:
    """An action came into force or passed. ``at`` is monotonic.

    :param basis: what it followed from that it did; ``None`` if nobody can tell.
    :param before: a basis from which it did not follow yet.
    """

    desired: DesiredAction
    rise: bool
    at: float
    basis: Basis | None = None
    before: Basis | None = None

    @property
    def key(self) -> str:
        """The key of the action."""
        return self.desired.key

    def may_follow(self, basis: Basis) -> bool:
        """Whether it may have happened after all that follows from a basis."""
        return self.basis is not None and newer(self.basis, basis)

    def follows(self, basis: Basis) -> bool:
        """Whether it happened after all that follows from a basis."""
        return self.may_follow(basis) and self.before is not None and covers(self.before, basis)


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
    _basis_rows: frozenset[Row] = frozenset()
    _marks: Basis = field(default_factory=dict)
    _bases: dict[Rule, Basis] = field(default_factory=dict)

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
        marks = self._marks
        for change in arrival.changes:
            if change.table == self.table:
                self._take(change, now, edges, armed, malformed)
            elif change.table == BASIS_TABLE:
                self._found(change, malformed)
        edges = [self._based(edge, marks) for edge in edges]
        if self.complete:
            for edge in edges:
                if edge.rise and rule_of(edge.desired) not in unarmed:
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
        return rule_of(desired) in self.holds

    def basis(self, rule: Rule) -> Basis | None:
        """What the engine's word on a rule's actions follows from; ``None`` if it cannot tell."""
        return self._bases.get(rule)

    def _based(self, edge: Edge, before: Basis) -> Edge:
        basis = self._bases.get(rule_of(edge.desired))
        if basis is None:
            return edge
        return replace(edge, basis=basis, before=part(before, basis))

    def _found(self, change: Change, malformed: list[Row]) -> None:
        """Learn what the actions follow from."""
        self._basis_rows = applied(self._basis_rows, change)
        marks: Basis = {}
        depends: dict[Rule, tuple[str, ...]] = {}
        for row in sorted(self._basis_rows, key=row_order_key):
            try:
                policy, rule, text = map(str, row)
                if rule:
                    depends[policy, rule] = tuple(map(str, json.loads(text)))
                else:
                    marks = from_text(text)
            except (ValueError, TypeError):
                malformed.append(row)
        self._marks = marks
        self._bases = {rule: part(marks, names) for rule, names in depends.items()}

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


def rule_of(desired: DesiredAction) -> Rule:
    """The rule that asks for an action."""
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
