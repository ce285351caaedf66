"""Brings every table up to date after a change, at a cost that follows the change.

May import ``congress.engine`` below it and ``congress.model`` only. Nodes take
their turns by rank. A node's turn applies the change of its rows and hands it to
the clauses that read it, which add to the counts that wait for later nodes. So a
clause sees the nodes before the one that changes as they are, those behind it
as they were, and every combination of changes is counted exactly once.

Invariant: when all turns are over, each table holds what its clauses derive, as
often as they derive it; in recursive groups once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TypeAlias

from congress.engine.lang.resolved import Lookup, TableId
from congress.engine.run.clause import Clause
from congress.engine.run.journal import Journal
from congress.engine.run.meter import Meter
from congress.engine.run.network import Network
from congress.engine.run.node import Group, Node
from congress.engine.run.reading import NO_FORMERS, Gathered, hand_on
from congress.engine.run.recursion import settle_group
from congress.engine.run.table import Former, Table
from congress.model.values import Row

Counts: TypeAlias = dict[Row, int]
Rows: TypeAlias = Collection[Row]

#: Functions stay while a table has grown or shrunk to no more rows than this.
_SMALL = 200
#: A changed row costs about as much as this many rows of an evaluation in full.
_DEAR = 3
#: Beyond this growth of a table, functions that read it are made anew.
_GROWN = 4


@dataclass(slots=True)
class Staged:
    """The change of a table's given rows that a transaction asks for."""

    added: Rows
    removed: Rows


class Propagation:
    """The evaluation of one transaction."""

    def __init__(self, network: Network, meter: Meter, journal: Journal) -> None:
        self.network = network
        self.meter = meter
        self.journal = journal
        #: What came and what went; these lists are never changed any more.
        self.changes: dict[Node, tuple[Sequence[Row], Sequence[Row]]] = {}
        self.staged: dict[Node, Staged] = {}
        self.gathered: dict[Node, Gathered] = {}
        self.recompute: set[Node] = set()
        self.fresh: dict[Node, list[Clause]] = {}
        #: The counts that wait for each node.
        self.pending: defaultdict[Node, Counts] = defaultdict(dict)
        self._work: dict[Node, int] = {}
        self._queue: list[tuple[int, int, Node]] = []
        self._queued: dict[int, Node] = {}

    # -- what is to be done -----------------------------------------------------------

    def retract(self, key: tuple[str, str]) -> None:
        """Take a rule out, and what it derived; before anything else changes."""
        network = self.network
        node = network.target(key, network.rules[key])
        clause = node.clauses[key]
        if node.head is not None and node.groups is not None:
            self._hand_results(node.head, dict.fromkeys(node.groups.results.values(), -1))
        elif node.group is not None or len(node.clauses) == 1:
            self.recompute.add(node)
            self.schedule(node)
        else:
            self.meter.rule = clause.name
            clause.full()((), -1, self.pending[node], self.meter)
            self.schedule(node)
        network.remove(key)

    def enter(self, fresh: Iterable[tuple[Node, Clause]]) -> None:
        """Evaluate clauses that are new."""
        for node, clause in fresh:
            self.fresh.setdefault(node, []).append(clause)
            self.schedule(node)

    def stage(self, node: Node, staged: Staged) -> None:
        """Change the given rows of a table."""
        self.staged[node] = staged
        self.schedule(node)

    def schedule(self, node: Node) -> None:
        """See to it that a node takes its turn."""
        if node.serial not in self._queued:
            self._queued[node.serial] = node
            heappush(self._queue, (node.rank, node.serial, node))

    # -- turns ------------------------------------------------------------------------

    def run(self) -> None:
        """Let nodes take their turns until nothing waits."""
        if self.network.unordered:
            for node in self.network.order():
                self.recompute.add(node)
                self._queued[node.serial] = node
        if self.fresh or self.recompute:
            # New rules may have raised nodes that wait already.
            waiting, self._queued, self._queue = self._queued, {}, []
            for node in waiting.values():
                self.schedule(node)
        queue, queued = self._queue, self._queued
        settled: set[Group] = set()
        while queue:
            _, serial, node = heappop(queue)
            del queued[serial]
            if node.group is not None:
                # The first member's turn is the turn of all.
                if node.group not in settled:
                    settled.add(node.group)
                    settle_group(self, node.group)
            elif node.groups is not None:
                self._grouping_turn(node)
            else:
                self._turn(node)

    def _turn(self, node: Node) -> None:
        staged = self.staged.pop(node, None) if self.staged else None
        if node.given is None:
            if staged is None:
                return
            added, removed = staged.added, staged.removed
            self.apply(node, added, removed)
        elif self.recompute and node in self.recompute:
            added, removed = self._evaluate(node, node.given, staged)
        else:
            added, removed = self._settle(node, staged)
        if added or removed:
            self.finish(node, added, removed)

    def apply(self, node: Node, added: Rows, removed: Rows) -> None:
        """Change the rows of a table that are there once."""
        table = node.table
        if not table.rows and not removed:
            self.exchange(node, dict.fromkeys(added, 1))
            return
        self.journal.note(table.apply, removed, added)
        table.apply(added, removed)

    def exchange(self, node: Node, rows: Counts) -> None:
        """Give a table other rows altogether."""
        before = node.table.rows
        self.journal.note(node.table.exchange, before)
        node.table.exchange(rows)
        small, large = sorted((len(rows), len(before)))
        if large > _SMALL and large > small * _GROWN:
            for entry in node.entries.values():
                entry.clause.forget()

    def _settle(self, node: Node, staged: Staged | None) -> tuple[Rows, Rows]:
        """Count what clauses gained and lost."""
        counts = self.pending.pop(node, None) or {}
        if staged is not None:
            self.give(node, staged)
            for row in staged.added:
                counts[row] = counts.get(row, 0) + 1
            for row in staged.removed:
                counts[row] = counts.get(row, 0) - 1
        if self.fresh:
            self._evaluate_fresh(node, counts)
        count = node.table.count
        self.journal.note(count, counts, -1)
        return count(counts)

    def give(self, node: Node, staged: Staged) -> None:
        """Change the given rows of a table that has others beside them."""
        if node.given is not None:
            self.journal.note(node.given.apply, staged.removed, staged.added)
            node.given.apply(staged.added, staged.removed)

    def _evaluate_fresh(self, node: Node, counts: Counts) -> None:
        for clause in self.fresh.pop(node, ()):
            self.revive(clause)
            self.meter.rule = clause.name
            clause.full()((), 1, counts, self.meter)

    def revive(self, clause: Clause) -> None:
        """Let changes reach a clause from now on."""
        self.journal.note(setattr, clause, "live", False)
        clause.live = True

    def _evaluate(self, node: Node, given: Table, staged: Staged | None) -> tuple[Rows, Rows]:
        """Evaluate all clauses of a node in full and find out what differs."""
        self.recompute.discard(node)
        self.pending.pop(node, None)
        if staged is not None:
            self.give(node, staged)
        rows = dict.fromkeys(given.rows, 1)
        self.evaluate_all(node, rows)
        if not node.defined:
            self.journal.note(setattr, node, "given", given)
            node.given = None
        before = node.table.rows
        self.exchange(node, rows)
        return difference(rows, before)

    def evaluate_all(self, node: Node, rows: Counts) -> None:
        """Count all that a node's clauses derive."""
        for clause in self.fresh.pop(node, ()):
            self.revive(clause)
        for clause in node.clauses.values():
            self.meter.rule = clause.name
            clause.full()((), 1, rows, self.meter)
        for grouping in node.groupings.values():
            if grouping.groups is not None:
                for row in grouping.groups.results.values():
                    rows[row] = rows.get(row, 0) + 1

    def finish(
        self, node: Node, added: Rows, removed: Rows, formers: Mapping[TableId, Former] = NO_FORMERS
    ) -> None:
        """Hand the change of a table on to its readers.

        :param formers: changed tables whose turn, to those who read them, is yet to come.
        """
        if added and node.given is not None:
            self.meter.derive(len(added))
        came = added if type(added) is list else as_list(added)
        went = removed if type(removed) is list else as_list(removed)
        self.changes[node] = (came, went)
        if node.entries:
            hand_on(self, node, came, went, formers)

    def _grouping_turn(self, node: Node) -> None:
        """Aggregate what the clause of a rule with aggregates gave."""
        groups, head = node.groups, node.head
        if groups is None or head is None:
            raise AssertionError("unreachable")
        if node in self.recompute:
            self.recompute.discard(node)
            counts: Counts = {}
            for clause in node.clauses.values():
                self.meter.rule = clause.name
                clause.full()((), 1, counts, self.meter)
            results = groups.start_over()
            self.journal.note(groups.restore, results)
            self.fresh.pop(node, None)
            self.pending.pop(node, None)
            lost = dict.fromkeys(results[1].values(), -1)
        else:
            lost = {}
            counts = self.pending.pop(node, {})
            self._evaluate_fresh(node, counts)
            self.journal.note(groups.count, counts, -1)
        for clause in node.clauses.values():
            if not clause.live:
                self.revive(clause)
        for changes in (lost, groups.count(counts)):
            self._hand_results(head, changes)

    def _hand_results(self, head: Node, changes: Counts) -> None:
        """Tell a node which rows of groups came, as 1, and went, as -1."""
        if head.group is not None:
            gathered = self.gathered.setdefault(head, Gathered())
            gathered.gained.update({row: 1 for row, number in changes.items() if number > 0})
            gathered.lost.update({row: 1 for row, number in changes.items() if number < 0})
        else:
            pending = self.pending[head]
            for row, number in changes.items():
                pending[row] = pending.get(row, 0) + number
        self.schedule(head)

    # -- deltas or everything -----------------------------------------------------------

    def too_dear(self, target: Node, rows: int) -> bool:
        """Whether an evaluation in full is cheaper than going on change by change."""
        work = self._work.get(target, 0) + rows
        self._work[target] = work
        return work * _DEAR > self._full_cost(target)

    def _full_cost(self, node: Node) -> int:
        cost = 0
        for clause in node.clauses.values():
            sizes = [
                len(self.network.table(goal.table))
                for goal in clause.body
                if isinstance(goal, Lookup) and not goal.negated
            ]
            cost += max(sizes, default=0)
        return cost

    def give_up(self, target: Node) -> None:
        """Evaluate a node in full when its turn comes."""
        self.recompute.add(target)
        self.pending.pop(target, None)
        self.schedule(target)


def difference(rows: Mapping[Row, int], before: Mapping[Row, int]) -> tuple[Rows, Rows]:
    """The rows that came and those that went."""
    if not before:
        return rows, ()
    return rows.keys() - before.keys(), before.keys() - rows.keys()


def as_list(rows: Rows) -> Sequence[Row]:
    """Rows that can be gone through again and again."""
    return rows if isinstance(rows, list | tuple) else list(rows)
