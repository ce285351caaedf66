"""A workspace that is changed in place and keeps every derived table up to date.

May import this package and ``congress.model`` only.

Invariant: between transactions, and after one that was taken back, every table
holds what the active rules derive from the rows that were put there.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from congress.engine.guard import Guard
from congress.engine.lang.names import Resolution
from congress.engine.lang.resolved import NOW, TableId
from congress.engine.run.budget import Deadline, Limits
from congress.engine.run.journal import Journal, JournaledDict
from congress.engine.run.meter import Meter
from congress.engine.run.network import SINK, Network, sink_id, sink_key
from congress.engine.run.propagate import Propagation, Rows
from congress.engine.run.relation import EMPTY, Relation, Stored
from congress.engine.run.stage import Stage
from congress.engine.run.still import still
from congress.engine.workspace import RuleIndex, RuleKey, StoredRule, Workspace
from congress.model.builtin import Builtin
from congress.model.values import Row


class LiveWorkspace(Workspace):
    """The one state of an engine that works by deltas.

    In ``base`` the keys alone mean something: the tables that have given rows.
    """

    def __init__(self, builtins: Mapping[str, Builtin], limits: Limits, guard: Guard) -> None:
        super().__init__(builtins)
        self._guard = guard
        journal = self.journal = Journal()
        self.meter = Meter(limits)
        self.network = Network(journal, self.meter)
        self.kinds = JournaledDict(journal)
        self.schemas = JournaledDict(journal)
        self.rules = JournaledDict(journal)
        self.names = JournaledDict(journal)
        self.base = JournaledDict(journal, {NOW: EMPTY})
        self.sinks = JournaledDict(journal)
        self.definers = JournaledDict(journal)
        self.readers = JournaledDict(journal)
        self.fixed = JournaledDict(journal, {NOW: 1})
        self.mentioned = JournaledDict(journal)
        self.named = JournaledDict(journal)
        self.parked = JournaledDict(journal)
        self.broken = JournaledDict(journal)
        self._stages: dict[TableId, Stage] = {}
        #: What came and went with the last transaction, of rules under a modal.
        self.sunk: dict[RuleKey, tuple[Rows, Rows]] = {}
        #: Rules whose effect came or went, with the statement as it was before.
        self.turned: dict[RuleKey, StoredRule | None] = {}

    def fork(self) -> Workspace:
        """A copy that is changed and evaluated apart, with all tables as they are now.

        The guard is entered for it; afterwards the copy may be read on any thread.
        """
        copy = Workspace(self.builtins)
        with self._guard:
            self.copy_to(copy)
            copy.definers = {table: dict(rules) for table, rules in self.definers.items()}
            copy.readers = {table: dict(rules) for table, rules in self.readers.items()}
            copy.named = {policy: dict(tables) for policy, tables in self.named.items()}
            copy.base = {table: still(self.stored(table), self._guard) for table in self.base}
            for node in self.network.nodes.values():
                if node.visible and node.given is not None:
                    copy.derived[node.id] = still(node.table, self._guard)
            for key in self.sinks:
                copy.sinks[key] = still(self.network.nodes[sink_id(key)].table, self._guard)
        return copy

    # -- rows -------------------------------------------------------------------------

    def contents(self, table: TableId) -> Stored:
        """All rows of a table, stored and derived, as they were before the transaction."""
        node = self.network.nodes.get(table)
        return EMPTY if node is None else node.table

    def stored(self, table: TableId) -> Stored:
        """The rows of a table that were put there, by the transaction too."""
        stage = self._stages.get(table)
        if stage is not None:
            return Relation(stage.rows())
        node = self.network.nodes.get(table)
        return EMPTY if node is None else node.stored

    def add_row(self, table: TableId, row: Row) -> bool:
        """Put a row into a table; tell whether it was new. The first row fixes the columns."""
        stage = self._stage(table)
        if row in stage:
            return False
        self.add_rows(table, (row,))
        return True

    def add_rows(self, table: TableId, rows: Iterable[Row]) -> None:
        """Put rows of one length into a table."""
        rows = dict.fromkeys(rows)
        if not rows:
            return
        self._stage(table).add(rows)
        if table not in self.base:
            self.fixed.setdefault(table, len(next(iter(rows))))
            self.base[table] = EMPTY
        node = self.network.node(table)
        if not node.table.floats and float in map(type, chain.from_iterable(rows)):
            node.table.floats = node.stored.floats = True
            for entry in node.entries.values():
                entry.clause.forget()

    def drop_row(self, table: TableId, row: Row) -> bool:
        """Take a row out of a table; tell whether it was there."""
        stage = self._stage(table)
        if not stage.discard(row):
            return False
        if not stage.size:
            self._emptied(table)
        return True

    def drop_rows(self, table: TableId, rows: Iterable[Row]) -> None:
        """Take rows out of a table that may be there."""
        stage = self._stage(table)
        dropped = [row for row in rows if stage.discard(row)]
        if dropped and not stage.size:
            self._emptied(table)

    def clear(self, table: TableId) -> None:
        """Take every row out of a table."""
        self._stage(table).clear()
        self._emptied(table)

    def _emptied(self, table: TableId) -> None:
        self.base.pop(table, None)
        self._release(table)

    def _stage(self, table: TableId) -> Stage:
        stage = self._stages.get(table)
        if stage is None:
            stage = self._stages[table] = Stage(self.network.node(table).stored)
        return stage

    # -- rules ------------------------------------------------------------------------

    def activate(self, rule: StoredRule, resolution: Resolution) -> StoredRule:
        """Let a statement take effect as it was resolved."""
        self.turned.setdefault(rule.key, None)
        return super().activate(rule, resolution)

    def deactivate(self, rule: StoredRule) -> StoredRule:
        """Take the effect of a statement away, if it has any; it stays stored, parked."""
        if rule.active:
            self.turned.setdefault(rule.key, rule)
        return super().deactivate(rule)

    def _own(self, index: RuleIndex, table: TableId) -> dict[RuleKey, None]:
        rules = index.get(table)
        if rules is None:
            rules = index[table] = JournaledDict(self.journal)
        return rules

    def _own_names(self, policy: str) -> dict[str, int]:
        names = self.named.get(policy)
        if names is None:
            names = self.named[policy] = JournaledDict(self.journal)
        return names

    # -- transactions -----------------------------------------------------------------

    def evaluate(self, deadline: Deadline | None) -> dict[TableId, tuple[Rows, Rows]]:
        """Bring derived tables up to date; the rows that came and went, by a policy's table.

        :raises OverBudget: if that costs too much; take the transaction back then.
        """
        self.meter.start(deadline)
        run = Propagation(self.network, self.meter, self.journal)
        if self.turned:
            self._change_rules(run)
        for table, stage in self._stages.items():
            staged = stage.net()
            if staged.added or staged.removed:
                run.stage(self.network.node(table), staged)
        run.run()
        self.sunk = {}
        tables: dict[TableId, tuple[Rows, Rows]] = {}
        for node, change in run.changes.items():
            if node.visible:
                tables[node.id] = change
            elif node.id[0] == SINK:
                self.sunk[sink_key(node.id)] = change
            if not node.table.rows:
                self.network.tidy(node)
        tables.pop(NOW, None)
        if self.sunk or self.turned:
            self._note_sinks()
        return tables

    def _change_rules(self, run: Propagation) -> None:
        added: list[RuleKey] = []
        for key in self.turned:
            stored, old = self.rules.get(key), self.network.rules.get(key)
            new = stored.resolved if stored is not None and stored.active else None
            if old == new:
                continue
            if old is not None:
                run.retract(key)
            if new is not None:
                added.append(key)
        for key in added:
            resolved = self.rules[key].resolved
            if resolved is not None:
                run.enter(self.network.add(key, resolved))

    def _note_sinks(self) -> None:
        for key in {*self.turned, *self.sunk}:
            node = self.network.nodes.get(sink_id(key))
            if node is not None and node.clauses and node.table.rows:
                self.sinks[key] = node.table.rows.keys()
            else:
                self.sinks.pop(key, None)

    def commit(self) -> None:
        """Keep what was changed."""
        self.journal.commit()
        self._finish()

    def rollback(self) -> None:
        """Take back what was changed since the last commit."""
        self.journal.rollback()
        self._finish()

    def _finish(self) -> None:
        self._stages.clear()
        self.turned.clear()
