"""Tables in the network of rules: what defines each, and what reads it.

May import ``congress.engine`` below it and ``congress.model`` only.

Invariant: outside recursive groups a node's rank is above the ranks of all nodes
that its clauses read; within a group all ranks are equal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import compress
from operator import itemgetter, ne
from typing import TypeAlias

from congress.engine.lang.ast import Constant
from congress.engine.lang.resolved import Lookup, TableId, Truth, variables
from congress.engine.plan.source import Columns
from congress.engine.run.clause import Clause
from congress.engine.run.fusion import Fusion
from congress.engine.run.groups import Groups
from congress.engine.run.table import Key, Table
from congress.model.values import Row, Value

#: A clause and the position of one of its literals.
EntryKey: TypeAlias = tuple[object, int]
#: Every column, and that rows are there at all.
EVERY = ~0
#: So many combinations of changed columns are remembered for a table.
_MOST_WAYS = 256
#: Bit ``n`` stands for column ``n``.
Mask: TypeAlias = int


@dataclass(slots=True, eq=False)
class Node:
    """One table.

    :param given: the rows that were put there, where clauses add others.
    :param groups: makes rows out of what the clauses give, for aggregates;
        they go to ``head``.
    :param visible: whether it is a table of a policy and no auxiliary one.
    """

    id: TableId
    serial: int
    table: Table = field(default_factory=Table)
    given: Table | None = None
    clauses: dict[object, Clause] = field(default_factory=dict)
    groupings: dict[object, "Node"] = field(default_factory=dict)
    groups: Groups | None = None
    head: "Node | None" = None
    entries: dict[EntryKey, "Entry"] = field(default_factory=dict)
    dispatch: "Dispatch" = field(default_factory=lambda: Dispatch())
    rank: int = 0
    group: "Group | None" = None
    visible: bool = True

    @property
    def defined(self) -> bool:
        """Whether rules make rows of it."""
        return bool(self.clauses or self.groupings)

    @property
    def stored(self) -> Table:
        """The rows that were put there."""
        return self.table if self.given is None else self.given

    @property
    def idle(self) -> bool:
        """Whether nothing would be lost without it."""
        return not (self.defined or self.entries or self.table.rows)

    def targets(self) -> Iterator["Node"]:
        """The nodes that read it."""
        for entry in self.entries.values():
            yield entry.target
        if self.head is not None:
            yield self.head

    def sources(self, nodes: dict[TableId, "Node"]) -> Iterator["Node"]:
        """The nodes that it reads."""
        for clause in self.clauses.values():
            for goal in clause.body:
                if isinstance(goal, Lookup):
                    yield nodes[goal.table]
        yield from self.groupings.values()


@dataclass(slots=True, eq=False)
class Group:
    """Tables that depend on each other."""

    members: list[Node]

    @property
    def rank(self) -> int:
        """The rank that all members have."""
        return self.members[0].rank


@dataclass(slots=True, eq=False)
class Entry:
    """A literal of a clause, as the reader of a table.

    :param others: other positions that read the same table; for ``later`` ones
        the table is as it was before the change.
    :param mask: the columns whose values matter.
    """

    clause: Clause
    target: Node
    position: int
    negated: bool
    others: tuple[int, ...]
    later: tuple[int, ...]
    mask: Mask
    columns: Columns
    key: Key


class Dispatch:
    """The readers of a table by the columns they look at and the constants they want."""

    def __init__(self) -> None:
        self._tables: dict[tuple[Mask, Columns], dict[Key, dict[EntryKey, Entry]]] = {}
        self._watched: Mask = 0
        self._outlets: dict[Mask, list[Outlet]] = {}
        self._fusions: dict[Mask, Fusion] = {}

    def add(self, name: EntryKey, entry: Entry) -> None:
        """Enter a reader."""
        self._fusions.clear()
        keys = self._tables.get((entry.mask, entry.columns))
        if keys is None:
            keys = self._tables[entry.mask, entry.columns] = {}
            self._watched |= entry.mask
            self._outlets.clear()
        keys.setdefault(entry.key, {})[name] = entry

    def discard(self, name: EntryKey, entry: Entry) -> None:
        """Take a reader out."""
        self._fusions.clear()
        keys = self._tables[entry.mask, entry.columns]
        entries = keys[entry.key]
        del entries[name]
        if not entries:
            del keys[entry.key]
        if not keys:
            del self._tables[entry.mask, entry.columns]
            self._outlets.clear()

    def fusion(self, changed: Mask, generation: int) -> Fusion:
        """One function for the readers that look at changed columns, made when it pays."""
        seen = changed if changed == EVERY else changed & self._watched
        fusion = self._fusions.get(seen)
        if fusion is None or fusion.generation != generation:
            if len(self._fusions) >= _MOST_WAYS:
                self._fusions.clear()
            fusion = self._fusions[seen] = Fusion(self.outlets(seen), generation)
        return fusion

    def outlets(self, changed: Mask) -> "list[Outlet]":
        """Ways of looking at changed columns: the mask, how to pick constants, the readers."""
        seen = changed if changed == EVERY else changed & self._watched
        outlets = self._outlets.get(seen)
        if outlets is None:
            if len(self._outlets) >= _MOST_WAYS:
                self._outlets.clear()
            outlets = self._outlets[seen] = [
                (mask, itemgetter(*columns) if columns else None, keys)
                for (mask, columns), keys in self._tables.items()
                if mask & seen or seen == EVERY
            ]
        return outlets


Outlet: TypeAlias = tuple[Mask, Callable[[Row], Key] | None, Mapping[Key, Mapping[EntryKey, Entry]]]


class Change:
    """The rows that came and went, told apart by the columns in which they differ.

    ``mask`` are the columns in which any pair of them differs.
    """

    __slots__ = ("_added", "_known", "_lone", "_pairs", "_removed", "mask")

    def __init__(self, added: Sequence[Row], removed: Sequence[Row]) -> None:
        self._added = added
        self._removed = removed
        self._known: dict[Mask, tuple[Sequence[Row], Sequence[Row]]] = {}
        self._pairs: list[tuple[Row, Row, Mask]] = []
        self._lone: tuple[list[Row], list[Row]] = ([], [])
        self.mask = EVERY
        if added and removed and added[0]:
            self._pair()

    def seen_by(self, mask: Mask) -> tuple[Sequence[Row], Sequence[Row]]:
        """The rows without those pairs that agree in the columns of a mask."""
        if not self._pairs:
            return self._added, self._removed
        known = self._known.get(mask)
        if known is None:
            known = self._known[mask] = self._seen_by(mask)
        return known

    def _seen_by(self, mask: Mask) -> tuple[Sequence[Row], Sequence[Row]]:
        pairs = [pair for pair in self._pairs if pair[2] & mask]
        if len(pairs) == len(self._pairs):
            return self._added, self._removed
        added = [*self._lone[0], *[pair[0] for pair in pairs]]
        removed = [*self._lone[1], *[pair[1] for pair in pairs]]
        return added, removed

    def _pair(self) -> None:
        """Match rows that came with rows that went, by their first column."""
        added, removed = self._lone
        went: dict[Value, Row] = {}
        for row in self._removed:
            if row[0] in went:
                removed.append(row)
            else:
                went[row[0]] = row
        union = 0
        for row in self._added:
            old = went.pop(row[0], None)
            if old is None:
                added.append(row)
                continue
            mask = differing(row, old)
            union |= mask
            self._pairs.append((row, old, mask))
        removed.extend(went.values())
        if not added and not removed:
            self.mask = union


def differing(new: Row, old: Row) -> Mask:
    """The columns in which two rows differ; every one if they are not versions of one row."""
    if not new or new[0] != old[0]:
        return EVERY
    return sum(compress(_bits(len(new)), map(ne, new, old)))


@cache
def _bits(width: int) -> tuple[Mask, ...]:
    """The bits of so many columns."""
    return tuple(1 << column for column in range(width))


def entry_of(clause: Clause, target: Node, position: int) -> Entry:
    """The reader that a clause's literal is."""
    goal = clause.body[position]
    if not isinstance(goal, Lookup):
        raise TypeError("only lookups read tables")
    others = tuple(
        number
        for number, other in enumerate(clause.body)
        if number != position and isinstance(other, Lookup) and other.table == goal.table
    )
    later = tuple(number for number in others if number > position)
    outside = variables(clause.terms)
    for number, other in enumerate(clause.body):
        if number != position and not isinstance(other, Truth):
            outside |= variables(other.terms)
    names = [term.name for term in goal.terms if not isinstance(term, Constant)]
    mask = 0
    columns: list[int] = []
    values: list[Value] = []
    for column, term in enumerate(goal.terms):
        if isinstance(term, Constant):
            columns.append(column)
            values.append(term.value)
        elif term.anonymous or (term.name not in outside and names.count(term.name) == 1):
            continue
        mask |= 1 << column
    return Entry(
        clause=clause,
        target=target,
        position=position,
        negated=goal.negated,
        others=others,
        later=later,
        mask=mask,
        columns=tuple(columns),
        key=values[0] if len(values) == 1 else tuple(values),
    )
