"""Picks derivations of rows that are there so that following them ends.

May import ``congress.engine`` below the facade and ``congress.model`` only.

Invariant: a derivation that is picked stands on rows that were proved before its
own. In a table that depends on itself a row does not count as proved because it is
there, but because its proof was found: the search goes backwards from the row, and
what it meets that needs nothing more is carried forward.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import chain, count, islice

from congress.engine.explain.instances import Instance, Place, instances, least
from congress.engine.lang.resolved import Lookup, TableId
from congress.engine.lang.strata import components, cyclic, reachable
from congress.engine.run.budget import OverBudget
from congress.engine.run.matching import Matcher
from congress.engine.workspace import RuleKey, StoredRule, Workspace
from congress.model.values import Row

#: So many rows may be met on the way to one proof.
_MOST_MET = 100_000
#: So many instances are put in order before they are tried.
_SORTED = 100
_ALONE: frozenset[TableId] = frozenset()


@dataclass(slots=True)
class _Pending:
    """An instance that waits for rows to be proved."""

    place: Place
    instance: Instance
    missing: set[Place]


@dataclass(slots=True)
class _Search:
    """What is known while the proof of one row is looked for.

    :param heap: the places to go on from, with what tells their order.
    """

    root: Place
    heap: list[tuple[int, int, Place]]
    met: set[Place]
    waiting: dict[Place, list[_Pending]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


class Prover:
    """Finds derivations in one state and remembers what was proved."""

    def __init__(self, state: Workspace, matcher: Matcher) -> None:
        self._state = state
        self._matcher = matcher
        #: How many rows were proved before, and by what; None for a given row.
        self._proofs: dict[Place, tuple[int, Instance | None]] = {}
        self._groups: dict[TableId, frozenset[TableId]] = {}

    def derivations(self, place: Place, most: int) -> tuple[list[Instance], bool]:
        """Derivations of a row of a table, and whether there are more.

        :raises OverBudget: if the search costs too much.
        """
        table, row = place
        rules = [self._state.rules[key] for key in self._state.definers.get(table, ())]
        found = instances(self._matcher, rules, row)
        group = self._group(table)
        if not group:
            return least(found, most)
        self._prove(place, group)
        if place not in self._proofs:
            return [], False
        number, proof = self._proofs[place]
        founded = (each for each in found if self._founded(each, group, number))
        if proof is None:
            return least(founded, most)
        others, more = least((each for each in founded if each != proof), most)
        return [proof, *others][:most], more or len(others) == most

    def demands(self, key: RuleKey, row: Row, most: int) -> tuple[list[Instance], bool]:
        """Derivations of a row that a rule under a modal asks for, and whether there are more.

        :raises OverBudget: if the search costs too much.
        """
        return least(instances(self._matcher, [self._state.rules[key]], row), most)

    def _group(self, table: TableId) -> frozenset[TableId]:
        """The tables that depend on a table and it on them; none if it does not on itself."""
        if table not in self._groups:
            reads = self._state.reads
            for component in components(reachable([table], reads), reads):
                group = frozenset(component) if cyclic(component, reads) else _ALONE
                self._groups.update(dict.fromkeys(component, group))
        return self._groups[table]

    def _founded(self, instance: Instance, group: frozenset[TableId], number: int) -> bool:
        """Whether an instance stands on rows that were proved before the row of a number."""
        for place in instance.rows():
            if place[0] in group:
                proof = self._proofs.get(place)
                if proof is None or proof[0] >= number:
                    return False
        return True

    # -- searching ----------------------------------------------------------------

    def _prove(self, root: Place, group: frozenset[TableId]) -> None:
        """Search until a row is proved, or there is nothing left to search."""
        search = _Search(root, [(0, 0, root)], {root})
        self._meet(root, group, search)
        while search.heap and root not in self._proofs:
            place = heappop(search.heap)[-1]
            if place not in self._proofs:
                self._expand(place, group, search)

    def _meet(self, place: Place, group: frozenset[TableId], search: _Search) -> None:
        """Prove a row at once if it was given, or by a rule that stays outside the group."""
        table, row = place
        if row in self._state.stored(table):
            self._settle(place, None, search)
            return
        outside = (each for each in self._rules(table) if not _recursive(each, group))
        first = next(instances(self._matcher, outside, row), None)
        if first is not None:
            self._settle(place, first, search)

    def _expand(self, place: Place, group: frozenset[TableId], search: _Search) -> None:
        """Go one rule back from a row, in every way."""
        table, row = place
        inside = (each for each in self._rules(table) if _recursive(each, group))
        for instance in _sorted(instances(self._matcher, inside, row)):
            rows = {each for each in instance.rows() if each[0] in group}
            if place in rows:
                continue
            fresh = sorted(rows - search.met, key=repr)
            search.met.update(fresh)
            if len(search.met) > _MOST_MET:
                raise OverBudget(f"no proof among {_MOST_MET} rows", "", instance.stored.key)
            for each in fresh:
                self._meet(each, group, search)
            missing = {each for each in rows if each not in self._proofs}
            if not missing:
                self._settle(place, instance, search)
                return
            pending = _Pending(place, instance, missing)
            for each in missing:
                search.waiting.setdefault(each, []).append(pending)
            self._plan(fresh, pending, search, joins=len(rows) > 1)

    def _plan(self, fresh: list[Place], pending: _Pending, search: _Search, *, joins: bool) -> None:
        """Put rows that were met first here in line.

        What follows from one row of the group is searched breadth first, which finds a
        shortest proof. What joins several is searched depth first, beginning where the
        fewest are missing: breadth first would meet nearly all rows of the group.
        """
        for each in fresh:
            if each in pending.missing:
                number = next(search.numbers)
                order = -number if joins else number
                heappush(search.heap, (len(pending.missing), order, each))

    def _rules(self, table: TableId) -> Iterator[StoredRule]:
        return (self._state.rules[key] for key in self._state.definers.get(table, ()))

    def _settle(self, place: Place, instance: Instance | None, search: _Search) -> None:
        """Note a proof, and those that waited for nothing else, until the root has one."""
        proved = deque([(place, instance)])
        while proved and search.root not in self._proofs:
            place, instance = proved.popleft()
            if place in self._proofs:
                continue
            self._proofs[place] = (len(self._proofs), instance)
            for pending in search.waiting.pop(place, ()):
                pending.missing.discard(place)
                if not pending.missing:
                    proved.append((pending.place, pending.instance))


def _recursive(stored: StoredRule, group: frozenset[TableId]) -> bool:
    """Whether a rule reads a table of a group."""
    body = stored.resolved.body if stored.resolved else ()
    return any(isinstance(goal, Lookup) and goal.table in group for goal in body)


def _sorted(found: Iterator[Instance]) -> Iterator[Instance]:
    """A few in an order that depends on rules and rows alone, then the rest."""
    some = sorted(islice(found, _SORTED), key=Instance.order)
    return chain(some, found)
