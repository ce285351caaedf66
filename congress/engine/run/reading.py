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
from congress.engine.run.node import Change, Entry, EntryKey, Node
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
    turn = Turn(node, added, removed, formers)
    change = Change(added, removed)
    for mask, pick, readers in node.dispatch.outlets():
        came, went = change.seen_by(mask)
        if not came and not went:
            continue
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


def _tell(
    run: "Propagation",
    turn: Turn,
    entries: Mapping[EntryKey, Entry],
    came: Sequence[Row],
    went: Sequence[Row],
) -> None:
    """Let some readers count."""
    size = len(came) + len(went)
    group, recompute = turn.node.group, run.recompute
    for entry in entries.values():
        target = entry.target
        if not entry.clause.live or (recompute and target in recompute):
            continue
        if target.group is not None and target.group is group:
            continue
        if size > _SMALL and run.too_dear(target, size):
            run.give_up(target)
        elif target.group is None:
            _count(run, turn, entry, came, went)
        else:
            _gather(run, turn, entry, came, went)


def _count(
    run: "Propagation", turn: Turn, entry: Entry, came: Sequence[Row], went: Sequence[Row]
) -> None:
    """Let a clause count what it gains and loses."""
    clause, meter = entry.clause, run.meter
    if entry.later or turn.formers:
        function = clause.delta(entry.position, _formers(turn, entry, entry.later))
    else:
        function = clause.functions.get(entry.position) or clause.delta(entry.position, _NONE)
    meter.rule = clause.name
    if entry.negated:
        came, went = went, came
    counts = run.pending(entry.target)
    if came:
        function(came, 1, counts, meter)
    if went:
        function(went, -1, counts, meter)
    run.schedule(entry.target)


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
