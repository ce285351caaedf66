"""Hands the change of one table on to the clauses that read it.

May import ``congress.engine`` below it and ``congress.model`` only.

Invariant: each combination of changed and unchanged rows is counted once. A table
read twice by a clause, and tables that change together, are shown as they were to
the literals whose turn is first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from congress.engine.lang.resolved import Lookup, TableId
from congress.engine.run.clause import Formers
from congress.engine.run.node import EVERY, Change, Entry, EntryKey, Node, Outlet, differing
from congress.engine.run.table import Former, Key
from congress.model.values import Row

if TYPE_CHECKING:
    from congress.engine.run.propagate import Propagation

NO_FORMERS: Mapping[TableId, Former] = {}
_NONE: Formers = {}
#: Changes up to this size are always handed on row by row.
_SMALL = 200


@dataclass(slots=True)
class Gathered:
    """What waits for a member of a recursive group."""

    gained: dict[Row, int] = field(default_factory=dict)
    lost: dict[Row, int] = field(default_factory=dict)


@dataclass(slots=True)
class Turn:
    """A change of one table, while it is handed on."""

    node: Node
    added: Sequence[Row]
    removed: Sequence[Row]
    formers: Mapping[TableId, Former]
    former: Former | None = None

    def as_it_was(self) -> Former:
        """The table before the change."""
        if self.former is None:
            self.former = Former(self.node.table, self.added, self.removed)
        return self.former


def hand_on(
    run: "Propagation",
    node: Node,
    added: Sequence[Row],
    removed: Sequence[Row],
    formers: Mapping[TableId, Former],
) -> None:
    """Let every clause that reads a table count what its change means."""
    if len(added) < 2 and len(removed) < 2:
        _hand_on_one(run, node, added, removed, formers)
        return
    turn = Turn(node, added, removed, formers)
    change = Change(added, removed)
    for mask, pick, readers in node.dispatch.outlets(change.mask):
        if run.recompute and _none_counts(run, readers):
            continue
        came, went = change.seen_by(mask)
        if pick is None:
            for entries in readers.values():
                _tell(run, turn, entries, came, went)
            continue
        parts: dict[Key, tuple[list[Row], list[Row]]] = {}
        for row in came:
            key = pick(row)
            if key in readers:
                parts.setdefault(key, ([], []))[0].append(row)
        for row in went:
            key = pick(row)
            if key in readers:
                parts.setdefault(key, ([], []))[1].append(row)
        for key, (some, others) in parts.items():
            _tell(run, turn, readers[key], some, others)


def _none_counts(run: "Propagation", readers: Mapping[Key, Mapping[EntryKey, Entry]]) -> bool:
    """Whether all these readers belong to tables that will be evaluated in full."""
    recompute = run.recompute
    return all(e.target in recompute for entries in readers.values() for e in entries.values())


def _hand_on_one(
    run: "Propagation",
    node: Node,
    added: Sequence[Row],
    removed: Sequence[Row],
    formers: Mapping[TableId, Former],
) -> None:
    """Hand on a row that came, a row that went, or a row in place of another."""
    mask = differing(added[0], removed[0]) if added and removed else EVERY
    if formers or run.recompute:
        outlets: Sequence[Outlet] = node.dispatch.outlets(mask)
    else:
        fusion = node.dispatch.fusion(mask, run.network.generation)
        function = fusion.use()
        if function is not None:
            function(added, removed, run.pending, run.schedule, run.meter)
        outlets = fusion.rest
        if not outlets:
            return
    turn = Turn(node, added, removed, formers)
    for _, pick, readers in outlets:
        if pick is None:
            for entries in readers.values():
                _tell(run, turn, entries, added, removed)
            continue
        if added and (wanted := readers.get(pick(added[0]))):
            _tell(run, turn, wanted, added, ())
        if removed and (wanted := readers.get(pick(removed[0]))):
            _tell(run, turn, wanted, (), removed)


def _tell(
    run: "Propagation",
    turn: Turn,
    entries: Mapping[EntryKey, Entry],
    came: Sequence[Row],
    went: Sequence[Row],
) -> None:
    """Let some readers count."""
    size = len(came) + len(went)
    group, recompute, meter, pending = turn.node.group, run.recompute, run.meter, run.pending
    for entry in entries.values():
        clause, target = entry.clause, entry.target
        if not clause.live or (recompute and target in recompute):
            continue
        if target.group is not None and target.group is group:
            continue
        if size > _SMALL and run.too_dear(target, size):
            run.give_up(target)
            continue
        if target.group is not None:
            _gather(run, turn, entry, came, went)
            continue
        function = clause.functions.get(entry.position)
        if function is None or entry.later or turn.formers:
            function = clause.delta(entry.position, _formers(turn, entry, entry.later))
        counts = pending[target]
        meter.rule = clause.name
        sign = -1 if entry.negated else 1
        if came:
            function(came, sign, counts, meter)
        if went:
            function(went, -sign, counts, meter)
        if counts:
            run.schedule(target)


def _gather(
    run: "Propagation", turn: Turn, entry: Entry, came: Sequence[Row], went: Sequence[Row]
) -> None:
    """Let a clause of a recursive table tell what it may gain or lose.

    A loss counts with any row that was there before: it may have gone as well.
    """
    clause, meter = entry.clause, run.meter
    meter.rule = clause.name
    if entry.negated:
        came, went = went, came
    gathered = run.gathered.setdefault(entry.target, Gathered())
    if came:
        clause.delta(entry.position, _NONE)(came, 1, gathered.gained, meter)
    if went:
        formers = _NONE
        if entry.others or turn.formers:
            formers = _formers(turn, entry, entry.others)
        clause.delta(entry.position, formers)(went, 1, gathered.lost, meter)
    run.schedule(entry.target)


def _formers(turn: Turn, entry: Entry, own: Sequence[int]) -> Formers:
    """For positions of a body, the tables that are to be seen as they were."""
    formers: dict[int, Former] = dict.fromkeys(own, turn.as_it_was()) if own else {}
    if turn.formers:
        for position, goal in enumerate(entry.clause.body):
            if isinstance(goal, Lookup) and goal.table in turn.formers:
                formers[position] = turn.formers[goal.table]
    return formers
