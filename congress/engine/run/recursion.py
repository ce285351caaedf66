"""Keeps tables that depend on each other up to date: delete, and derive again.

May import ``congress.engine`` below it and ``congress.model`` only. Rows that may
have lost a derivation go first, with all that follows from them; then those come
back that something else still derives, and last come new rows. Where that would
concern most of the rows, the group is evaluated anew.

Invariant: afterwards the tables hold exactly what follows from the rows that were
put there and from the tables outside the group.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from congress.engine.lang.resolved import TableId
from congress.engine.run.node import Entry, Group, Node
from congress.engine.run.reading import Gathered
from congress.engine.run.table import Former
from congress.model.values import Row

if TYPE_CHECKING:
    from congress.engine.run.propagate import Propagation

Found: TypeAlias = dict[Node, dict[Row, int]]

#: From this many rows on, losing more than half of them means starting over.
_MANY = 500


def settle_group(run: "Propagation", group: Group) -> None:
    """Let all members of a group take their turn."""
    anew = any(node in run.recompute or node in run.fresh for node in group.members)
    gathered = {node: run.gathered.pop(node, Gathered()) for node in group.members}
    for node in group.members:
        staged = run.staged.pop(node, None)
        run.recompute.discard(node)
        if staged is not None:
            run.give(node, staged)
            gathered[node].gained.update(dict.fromkeys(staged.added, 1))
            gathered[node].lost.update(dict.fromkeys(staged.removed, 1))
    if not anew:
        over = _overdelete(run, group, gathered)
        if over is not None:
            _close(run, _rederive(run, group, gathered, over))
            return
    _close(run, _start_over(run, group))


def _overdelete(
    run: "Propagation", group: Group, gathered: Mapping[Node, Gathered]
) -> Found | None:
    """All rows that may go; None if they are too many."""
    over: Found = {node: {} for node in group.members}
    frontier: Found = {node: each.lost for node, each in gathered.items()}
    total = sum(len(node.table) for node in group.members)
    gone = 0
    while frontier:
        fresh: Found = {}
        for node, rows in frontier.items():
            lost, given = over[node], _given(node)
            new = [row for row in rows if row in node.table.rows and row not in lost]
            kept = dict.fromkeys([row for row in new if row not in given], 1)
            lost.update(kept)
            gone += len(kept)
            if kept:
                fresh[node] = kept
        if gone * 2 > total > _MANY:
            return None
        frontier = _follow(run, fresh)
    return over


def _rederive(
    run: "Propagation", group: Group, gathered: Mapping[Node, Gathered], over: Found
) -> dict[Node, tuple[dict[Row, int], dict[Row, int]]]:
    """Take rows out, and put in what is derived nevertheless or newly."""
    for node, rows in over.items():
        if rows:
            run.journal.note(node.table.apply, rows, ())
            node.table.apply((), rows)
    doubtful = any(over.values()) or any(each.lost for each in gathered.values())
    frontier: Found = {}
    for node in group.members:
        candidates = {**over[node], **gathered[node].gained}
        if doubtful and candidates:
            candidates = _derivable(run, node, candidates)
        if candidates:
            frontier[node] = candidates
    inserted = _insert(run, group, frontier)
    return {node: (inserted[node], over[node]) for node in group.members}


def _derivable(run: "Propagation", node: Node, rows: Mapping[Row, int]) -> dict[Row, int]:
    """Those of some rows that follow from the rows there are."""
    found: dict[Row, int] = {}
    for clause in node.clauses.values():
        run.meter.rule = clause.name
        clause.check(node.id)(rows, 1, found, run.meter)
    given, results = _given(node), _results(node)
    found.update({row: 1 for row in rows if row in given or row in results})
    return found


def _start_over(
    run: "Propagation", group: Group
) -> dict[Node, tuple[dict[Row, int], dict[Row, int]]]:
    """Evaluate a group anew."""
    before = {node: node.table.rows for node in group.members}
    for node in group.members:
        run.exchange(node, dict.fromkeys(_given(node), 1))
    frontier: Found = {}
    for node in group.members:
        found: dict[Row, int] = {}
        run.evaluate_all(node, found)
        frontier[node] = found
    _insert(run, group, frontier)
    for node in group.members:
        for entry in node.entries.values():
            entry.clause.forget()
    return {node: (node.table.rows, before[node]) for node in group.members}


def _insert(run: "Propagation", group: Group, frontier: Found) -> Found:
    """Put rows in, and all that follows from them."""
    inserted: Found = {node: {} for node in group.members}
    while frontier:
        fresh: Found = {}
        for node, rows in frontier.items():
            present = node.table.rows
            new = dict.fromkeys([row for row in rows if row not in present], 1)
            if new:
                run.journal.note(node.table.apply, (), new)
                node.table.apply(new, ())
                inserted[node].update(new)
                run.meter.derive(len(new))
                fresh[node] = new
        frontier = _follow(run, fresh)
    return inserted


def _follow(run: "Propagation", rows: Found) -> Found:
    """What follows within the group from rows of its members."""
    found: Found = {}
    for node, some in rows.items():
        for entry in node.entries.values():
            if _within(node, entry):
                run.meter.rule = entry.clause.name
                out = found.setdefault(entry.target, {})
                entry.clause.delta(entry.position, {})(some, 1, out, run.meter)
        run.meter(len(some), 0)
    return found


def _within(node: Node, entry: Entry) -> bool:
    return entry.clause.live and entry.target.group is node.group


def _given(node: Node) -> Mapping[Row, int]:
    return {} if node.given is None else node.given.rows


def _results(node: Node) -> set[Row]:
    """The rows that aggregates give to a table."""
    return {
        row
        for grouping in node.groupings.values()
        if grouping.groups is not None
        for row in grouping.groups.results.values()
    }


def _close(
    run: "Propagation", changes: Mapping[Node, tuple[Mapping[Row, int], Mapping[Row, int]]]
) -> None:
    """Hand the changes of all members on, each showing those behind it as they were."""
    net: dict[Node, tuple[list[Row], list[Row]]] = {}
    for node, (came, went) in changes.items():
        added = [row for row in came if row not in went]
        removed = [row for row in went if row not in came]
        if added or removed:
            net[node] = (added, removed)
    formers: dict[TableId, Former] = {
        node.id: Former(node.table, *change) for node, change in net.items()
    }
    for node, (added, removed) in net.items():
        del formers[node.id]
        run.finish(node, added, removed, formers)
