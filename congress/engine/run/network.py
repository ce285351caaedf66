"""The network of tables and rules, changed rule by rule.

May import ``congress.engine`` below it and ``congress.model`` only. Adding or
removing a rule looks at that rule and its neighbours; only where a rule closes a
cycle, or puts many tables in another order, are all of them put in order anew.

Invariant: whatever is changed here is noted in the journal, so that a
transaction can be taken back; ranks may stay, since they only need to be valid.
"""

from collections.abc import Hashable, Iterable

from congress.engine.lang.ast import Aggregate, Constant, Term, Variable
from congress.engine.lang.resolved import (
    Goal,
    Lookup,
    Plain,
    ResolvedRule,
    TableId,
    variables,
)
from congress.engine.lang.strata import components, cyclic
from congress.engine.plan.order import local_variables
from congress.engine.run.clause import Clause
from congress.engine.run.drafts import Draft
from congress.engine.run.groups import Groups
from congress.engine.run.journal import Journal, JournaledDict
from congress.engine.run.meter import Meter
from congress.engine.run.node import EntryKey, Group, Node, entry_of
from congress.engine.run.table import Table

#: Names of auxiliary tables begin so, which no policy's name does.
_AUXILIARY = "\0"
#: Rules under a modal have tables of their own.
SINK = f"{_AUXILIARY}sink"
_MOST_RAISED = 400


class Network:
    """All nodes and clauses."""

    def __init__(self, journal: Journal, meter: Meter) -> None:
        self.nodes: dict[TableId, Node] = JournaledDict(journal)
        self.rules: dict[tuple[str, str], ResolvedRule] = JournaledDict(journal)
        self.unordered = False
        #: Functions that several rules share are good for one generation.
        self.generation = 0
        self.drafts: dict[tuple[Hashable, ...], Draft] = {}
        self._journal = journal
        self._meter = meter
        self._serial = 0

    def table(self, table: TableId) -> Table:
        """The rows of a table."""
        return self.node(table).table

    def outdate(self) -> None:
        """Begin a new generation."""
        self.generation += 1

    def alike(self, table: TableId) -> Hashable:
        """Equal for tables for which the same plans are good."""
        node = self.node(table)
        rows = node.table
        if not node.defined:
            return (table, rows.floats, len(rows).bit_length() // 2)
        return (rows.floats, len(rows).bit_length() // 2, *sorted(rows.indexes))

    def node(self, table: TableId) -> Node:
        """The node of a table."""
        node = self.nodes.get(table)
        if node is None:
            self._serial += 1
            node = Node(table, self._serial, visible=not table[0].startswith(_AUXILIARY))
            self.nodes[table] = node
        return node

    # -- rules ------------------------------------------------------------------------

    def target(self, key: tuple[str, str], rule: ResolvedRule) -> Node:
        """The node that a rule's own rows go to: its table, its groups or its action."""
        if rule.head.modal is not None:
            return self.node(sink_id(key))
        if rule.head.aggregates:
            return self.node((f"{_AUXILIARY}group", "\0".join(key)))
        return self.node(rule.head.table)

    def add(self, key: tuple[str, str], rule: ResolvedRule) -> list[tuple[Node, Clause]]:
        """Enter a rule.

        :returns: the clauses that are to be evaluated, each with its node.
        """
        self.rules[key] = rule
        target = self.target(key, rule)
        fresh: list[tuple[Node, Clause]] = []
        body = self._closed(rule, fresh)
        terms = tuple(map(_counted, rule.head.terms))
        clause = Clause(key, terms, body, self, self._meter)
        if rule.head.aggregates and rule.head.modal is None:
            self._make_grouping(key, target, rule)
        self._enter(key, clause, target)
        fresh.append((target, clause))
        return fresh

    def _make_grouping(self, key: object, node: Node, rule: ResolvedRule) -> None:
        head = self.node(rule.head.table)
        node.groups, node.head = Groups(rule.head.terms), head
        self._split(head)
        self._journal.note(head.groupings.pop, key)
        head.groupings[key] = node
        self._place(head, [node])

    def _enter(self, key: object, clause: Clause, target: Node) -> None:
        self._split(target)
        sources = [self.node(table) for table in _read(clause)]
        self._journal.note(self._unlink, key, clause, target)
        self._link(key, clause, target)
        self._place(target, sources)

    def _split(self, node: Node) -> None:
        """Tell the rows that were put into a table from those that rules make."""
        if node.given is None and not node.defined:
            self._journal.note(setattr, node, "given", None)
            node.given = Table(node.table.rows)
            node.given.floats = node.table.floats

    def _link(self, key: object, clause: Clause, target: Node) -> None:
        target.clauses[key] = clause
        for position, goal in enumerate(clause.body):
            if isinstance(goal, Lookup):
                node, name = self.node(goal.table), (key, position)
                entry = entry_of(clause, target, position)
                node.entries[name] = entry
                node.dispatch.add(name, entry)

    def _unlink(self, key: object, clause: Clause, target: Node) -> None:
        del target.clauses[key]
        for position, goal in enumerate(clause.body):
            if isinstance(goal, Lookup):
                name: EntryKey = (key, position)
                node = self.nodes[goal.table]
                node.dispatch.discard(name, node.entries.pop(name))

    def remove(self, key: tuple[str, str]) -> Node:
        """Take a rule out; the node that its rows went to."""
        rule = self.rules.pop(key)
        target = self.target(key, rule)
        clause = target.clauses[key]
        self._leave(key, clause, target)
        if target.head is not None:
            head = target.head
            self._journal.note(head.groupings.__setitem__, key, target)
            del head.groupings[key]
            self.nodes.pop(target.id)
        if target.group is not None:
            self.unordered = True
        return target

    def _leave(self, key: object, clause: Clause, target: Node) -> None:
        self._journal.note(self._link, key, clause, target)
        self._unlink(key, clause, target)
        for table in _read(clause):
            node = self.nodes.get(table)
            if node is not None and not node.visible and not node.entries:
                self._drop_auxiliary(node)

    def _drop_auxiliary(self, node: Node) -> None:
        for key, clause in list(node.clauses.items()):
            self._leave(key, clause, node)
        self.nodes.pop(node.id)

    def tidy(self, node: Node) -> None:
        """Forget a node if nothing would be lost without it."""
        if node.idle and node.head is None and node.id in self.nodes:
            self.nodes.pop(node.id)

    # -- open negation ----------------------------------------------------------------

    def _closed(self, rule: ResolvedRule, fresh: list[tuple[Node, Clause]]) -> tuple[Goal, ...]:
        """The body with negated literals that leave columns open turned to auxiliary tables."""
        local = local_variables(rule.body, variables(rule.head.terms))
        return tuple(
            self._projected(goal, local, fresh)
            if isinstance(goal, Lookup) and goal.negated
            else goal
            for goal in rule.body
        )

    def _projected(
        self, goal: Lookup, local: frozenset[str], fresh: list[tuple[Node, Clause]]
    ) -> Lookup:
        """A literal over the table of those values for which a matching row exists."""
        own: dict[str, int] = {}
        pattern: list[Plain] = []
        bound: list[Plain] = []
        for column, term in enumerate(goal.terms):
            if isinstance(term, Constant) or not (term.anonymous or term.name in local):
                pattern.append(Variable(f"b{column}"))
                bound.append(term)
            elif term.anonymous:
                pattern.append(term)
            else:
                pattern.append(Variable(f"o{own.setdefault(term.name, column)}"))
        if len(bound) == len(goal.terms):
            return goal
        names = [term.name for term in pattern if isinstance(term, Variable)]
        name = "\0".join([*goal.table, *names])
        node = self.node((f"{_AUXILIARY}open", name))
        if not node.clauses:
            terms = tuple(Variable(name) for name in names if name[0] == "b")
            body = (Lookup(goal.table, tuple(pattern)),)
            clause = Clause(goal.table, terms, body, self, self._meter)
            self._enter(node.id, clause, node)
            fresh.append((node, clause))
        return Lookup(node.id, tuple(bound), negated=True, span=goal.span)

    # -- order ------------------------------------------------------------------------

    def _place(self, node: Node, sources: list[Node]) -> None:
        """See to it that a node's rank is above those of its sources."""
        for source in sources:
            low = node.rank - 1
            if source.rank > low and not source.defined and source is not node:
                source.rank = low
        self._raise(node, max((source.rank + 1 for source in sources), default=node.rank))

    def _raise(self, start: Node, rank: int) -> None:
        waiting = [(start, rank)]
        for _ in range(_MOST_RAISED):
            if not waiting:
                return
            node, least = waiting.pop()
            if node.rank >= least:
                continue
            if node.group is not None:
                break
            node.rank = least
            waiting.extend((target, least + 1) for target in node.targets())
        if waiting:
            self.unordered = True

    def order(self) -> list[Node]:
        """Put all nodes in order anew.

        :returns: the nodes that became part of a group, or are no longer part of one.
        """
        self.unordered = False
        self.outdate()
        nodes = self.nodes

        def sources(node: Node) -> Iterable[Node]:
            return node.sources(nodes)

        turned: list[Node] = []
        for rank, component in enumerate(components(nodes.values(), sources)):
            group = Group(component) if cyclic(component, sources) else None
            for node in component:
                node.rank = rank
                if (node.group is None) != (group is None):
                    turned.append(node)
                if node.group is not group:
                    self._journal.note(self._regroup, node, node.group)
                    node.group = group
        return turned

    def _regroup(self, node: Node, group: Group | None) -> None:
        node.group = group
        self.outdate()
        self.unordered = True


def sink_id(key: tuple[str, str]) -> TableId:
    """The node of a rule under a modal."""
    return (SINK, "\0".join(key))


def sink_key(table: TableId) -> tuple[str, str]:
    """The rule under a modal whose node this is."""
    policy, _, key = table[1].partition("\0")
    return (policy, key)


def _counted(term: Term) -> Plain:
    """A head's term as a clause counts it: values not yet aggregated, integral numbers plain."""
    if isinstance(term, Aggregate):
        return term.variable
    if isinstance(term, Constant) and isinstance(term.value, float) and term.value.is_integer():
        return Constant(int(term.value))
    return term


def _read(clause: Clause) -> list[TableId]:
    return list(dict.fromkeys(goal.table for goal in clause.body if isinstance(goal, Lookup)))
