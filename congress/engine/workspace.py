"""All policies together: schemas, statements, stored rows and derived rows.

May import this package and ``congress.model`` only. A workspace is forked for
every transaction and every simulation and changed in the fork alone; the fork
becomes the engine's state if everything went well. So a failure leaves no
trace, and readers always see a committed state.

Invariant: whatever two forks share is never changed in place. Values of the
dictionaries here are immutable, or copied before the first change (``_own``).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from congress.engine.lang.ast import Modal, Rule
from congress.engine.lang.names import Resolution
from congress.engine.lang.resolved import NOW, ResolvedRule, TableId
from congress.engine.results import RuleState
from congress.engine.run.relation import EMPTY, Relation, Stored
from congress.model.builtin import Builtin
from congress.model.diagnostic import Diagnostic, refuse
from congress.model.policy import PolicyKind
from congress.model.schema import Schema, TableSchema
from congress.model.values import Row

#: A rule's identity: its policy and the key of its text.
RuleKey: TypeAlias = tuple[str, str]
#: Rules by a table that they define, or read.
RuleIndex: TypeAlias = dict[TableId, dict[RuleKey, None]]


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A statement with a body, or a fact that waits; what it means at the moment.

    ``mentions`` are the tables whose columns it holds fast while it is active.
    """

    key: RuleKey
    rule: Rule
    rule_id: str | None = None
    state: RuleState = RuleState.PARKED
    resolved: ResolvedRule | None = None
    mentions: tuple[TableId, ...] = ()
    waits: frozenset[TableId] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it takes effect."""
        return self.state is RuleState.ACTIVE

    @property
    def named(self) -> set[TableId]:
        """The tables that its body names."""
        atoms = [literal.atom for literal in self.rule.literals]
        return {(atom.policy or self.key[0], atom.table) for atom in atoms}

    @property
    def action(self) -> bool:
        """Whether it asks for actions and defines no table."""
        return self.rule.head.modal is Modal.EXECUTE


@dataclass(frozen=True, slots=True)
class StoredFact:
    """The row that a statement with an id states."""

    table: TableId
    row: Row


class Workspace:
    """One state of everything, or a draft of the next."""

    def __init__(self, builtins: Mapping[str, Builtin]) -> None:
        self.builtins = builtins
        self.kinds: dict[str, PolicyKind] = {}
        self.schemas: dict[str, Schema] = {}
        self.rules: dict[RuleKey, StoredRule] = {}
        self.names: dict[tuple[str, str], RuleKey | StoredFact] = {}
        self.base: dict[TableId, Stored] = {NOW: EMPTY}
        self.derived: dict[TableId, Stored] = {}
        self.sinks: dict[RuleKey, Collection[Row]] = {}
        self.definers: RuleIndex = {}
        self.readers: RuleIndex = {}
        self.fixed: dict[TableId, int] = {NOW: 1}
        self.mentioned: dict[TableId, int] = {}
        #: How many statements' bodies name each table of a policy, in force or not.
        self.named: dict[str, dict[str, int]] = {}
        #: How many statements wait for the columns of a table.
        self.parked: dict[TableId, int] = {}
        self.broken: dict[tuple[str, str], tuple[Diagnostic, ...]] = {}
        self._owned: set[tuple[bool, TableId]] = set()
        self._owned_names: set[str] = set()
        self._owned_rows: dict[TableId, Relation] = {}

    def fork(self) -> "Workspace":
        """A copy to be changed; what is large is shared."""
        copy = Workspace(self.builtins)
        self.copy_to(copy)
        copy.base = dict(self.base)
        copy.derived = dict(self.derived)
        copy.sinks = dict(self.sinks)
        self._owned.clear()
        self._owned_names.clear()
        self._owned_rows.clear()
        return copy

    def copy_to(self, copy: "Workspace") -> None:
        """Give another workspace the same policies, schemas and statements."""
        copy.kinds = dict(self.kinds)
        copy.schemas = dict(self.schemas)
        copy.rules = dict(self.rules)
        copy.names = dict(self.names)
        copy.definers = dict(self.definers)
        copy.readers = dict(self.readers)
        copy.fixed = dict(self.fixed)
        copy.mentioned = dict(self.mentioned)
        copy.named = dict(self.named)
        copy.parked = dict(self.parked)
        copy.broken = dict(self.broken)

    # -- the catalogue that names are resolved against ---------------------------

    def kind(self, policy: str) -> PolicyKind | None:
        """The kind of a policy, if it exists."""
        return self.kinds.get(policy)

    def expect(self, policy: str, code: str = "no-policy") -> PolicyKind:
        """The kind of a policy.

        :raises Refused: if it does not exist, with the code given.
        """
        kind = self.kinds.get(policy)
        if kind is None:
            message = f"there is no policy {policy!r}"
            hint = "create it first, or check the spelling"
            raise refuse(code, message, hint=hint, where=policy)
        return kind

    def declared(self, table: TableId) -> TableSchema | None:
        """The columns a datasource declares for a table."""
        schema = self.schemas.get(table[0])
        return schema.table(table[1]) if schema else None

    def closed(self, policy: str) -> bool:
        """Whether a policy's schema is complete."""
        schema = self.schemas.get(policy)
        return schema is not None and schema.closed

    def arity(self, table: TableId) -> int | None:
        """The number of columns of a table, declared or fixed by its first mention."""
        declared = self.declared(table)
        return self.fixed.get(table) if declared is None else declared.arity

    def builtin(self, name: str) -> Builtin | None:
        """The builtin of that name."""
        return self.builtins.get(name)

    # -- rows ---------------------------------------------------------------------

    def contents(self, table: TableId) -> Stored:
        """All rows of a table, stored and derived."""
        derived = self.derived.get(table)
        return self.base.get(table, EMPTY) if derived is None else derived

    def stored(self, table: TableId) -> Stored:
        """The rows of a table that were put there."""
        return self.base.get(table, EMPTY)

    def add_row(self, table: TableId, row: Row) -> bool:
        """Put a row into a table; tell whether it was new. The first row fixes the columns."""
        if row in self.stored(table):
            return False
        self.fixed.setdefault(table, len(row))
        return self._own_rows(table).add(row)

    def add_rows(self, table: TableId, rows: Iterable[Row]) -> None:
        """Put rows of one length into a table."""
        for row in rows:
            self.add_row(table, row)

    def drop_row(self, table: TableId, row: Row) -> bool:
        """Take a row out of a table; tell whether it was there."""
        if row not in self.stored(table):
            return False
        relation = self._own_rows(table)
        relation.discard(row)
        if not relation.rows:
            self.clear(table)
        return True

    def drop_rows(self, table: TableId, rows: Iterable[Row]) -> None:
        """Take rows out of a table that may be there."""
        for row in rows:
            self.drop_row(table, row)

    def clear(self, table: TableId) -> None:
        """Take every row out of a table."""
        self.base.pop(table, None)
        self._owned_rows.pop(table, None)
        self._release(table)

    def _own_rows(self, table: TableId) -> Relation:
        """The stored rows of a table, as a relation that this fork may change."""
        owned = self._owned_rows.get(table)
        if owned is None:
            owned = self._owned_rows[table] = Relation(self.stored(table))
            self.base[table] = owned
        return owned

    def source(self, policy: str) -> bool:
        """Whether a policy's rows come from elsewhere, or may do so once it exists."""
        return self.kinds.get(policy) in (None, PolicyKind.DATASOURCE)

    # -- rules ---------------------------------------------------------------------

    def put(self, rule: StoredRule) -> None:
        """Store a statement; activate it with ``activate``."""
        self._unpark(rule.key)
        if rule.key not in self.rules:
            self._count_names(rule, 1)
        self.rules[rule.key] = rule
        if rule.rule_id is not None:
            self.names[rule.key[0], rule.rule_id] = rule.key
        for table in rule.waits:
            self.parked[table] = self.parked.get(table, 0) + 1

    def activate(self, rule: StoredRule, resolution: Resolution) -> StoredRule:
        """Let a statement take effect as it was resolved."""
        resolved = resolution.rule
        if resolved is None:
            raise ValueError("only a resolved statement can take effect")
        active = replace(
            rule,
            state=RuleState.ACTIVE,
            resolved=resolved,
            mentions=tuple(resolution.mentions),
            waits=frozenset(),
            diagnostics=(),
        )
        self.put(active)
        for table, arity in resolution.mentions.items():
            self.mentioned[table] = self.mentioned.get(table, 0) + 1
            self.fixed.setdefault(table, arity)
        if resolved.head.modal is None:
            self._own(self.definers, resolved.head.table)[rule.key] = None
        for goal in resolved.lookups:
            self._own(self.readers, goal.table)[rule.key] = None
        return active

    def deactivate(self, rule: StoredRule) -> StoredRule:
        """Take the effect of a statement away, if it has any; it stays stored, parked."""
        resolved = rule.resolved
        if resolved is None or not rule.active:
            return rule
        for goal in resolved.lookups:
            self._own(self.readers, goal.table).pop(rule.key, None)
        table = resolved.head.table
        if resolved.head.modal is None:
            definers = self._own(self.definers, table)
            del definers[rule.key]
            if not definers:
                del self.definers[table]
        self.sinks.pop(rule.key, None)
        for mentioned in rule.mentions:
            self.mentioned[mentioned] -= 1
            self._release(mentioned)
        idle = replace(rule, state=RuleState.PARKED, resolved=None, mentions=())
        self.put(idle)
        return idle

    def remove(self, rule: StoredRule) -> None:
        """Forget a statement."""
        self.deactivate(rule)
        self._unpark(rule.key)
        if self.rules.pop(rule.key, None) is not None:
            self._count_names(rule, -1)
        if rule.rule_id is not None:
            self.names.pop((rule.key[0], rule.rule_id), None)

    def switch(
        self,
        rule: StoredRule,
        state: RuleState,
        diagnostics: Iterable[Diagnostic],
        waits: Iterable[TableId] = (),
    ) -> None:
        """Keep a statement without effect, parked or off."""
        idle = self.deactivate(rule)
        waiting, reasons = frozenset(waits), tuple(diagnostics)
        self.put(replace(idle, state=state, waits=waiting, diagnostics=reasons))

    def _unpark(self, key: RuleKey) -> None:
        """A statement, as it is stored now, waits for nothing any more."""
        stored = self.rules.get(key)
        for table in stored.waits if stored is not None else ():
            self.parked[table] -= 1
            if not self.parked[table]:
                del self.parked[table]

    def _count_names(self, rule: StoredRule, by: int) -> None:
        """A statement is stored, or is not any more."""
        for policy, table in rule.named:
            counts = self._own_names(policy)
            counts[table] = counts.get(table, 0) + by
            if not counts[table]:
                del counts[table]
            if not counts:
                del self.named[policy]

    def _release(self, table: TableId) -> None:
        """Let the columns of a table go once nothing mentions it and it has no rows."""
        if not self.mentioned.get(table) and table not in self.base:
            self.mentioned.pop(table, None)
            self.fixed.pop(table, None)

    def _own(self, index: RuleIndex, table: TableId) -> dict[RuleKey, None]:
        """The rules that an index has for a table, as a dictionary that this fork may change."""
        place = (index is self.definers, table)
        if table not in index or place not in self._owned:
            index[table] = dict(index.get(table, ()))
            self._owned.add(place)
        return index[table]

    def _own_names(self, policy: str) -> dict[str, int]:
        """The tables of a policy that are named, as a dictionary that this fork may change."""
        if policy not in self.named or policy not in self._owned_names:
            self.named[policy] = dict(self.named.get(policy, ()))
            self._owned_names.add(policy)
        return self.named[policy]

    # -- dependencies ----------------------------------------------------------------

    def reads(self, table: TableId) -> Iterable[TableId]:
        """The tables that a table's rules read."""
        for key in self.definers.get(table, ()):
            resolved = self.rules[key].resolved
            if resolved is not None:
                for goal in resolved.lookups:
                    yield goal.table

    def feeds(self, table: TableId) -> Iterable[TableId]:
        """The tables whose rules read a table."""
        for key in self.readers.get(table, ()):
            resolved = self.rules[key].resolved
            if resolved is not None and resolved.head.modal is None:
                yield resolved.head.table

    def defined(self, table: TableId) -> bool:
        """Whether a rule, a row or a schema gives a table its contents."""
        known = table in self.definers or table in self.base
        return known or self.declared(table) is not None

    def rules_of(self, table: TableId) -> Iterable[ResolvedRule]:
        """The active rules that define a table."""
        for key in self.definers.get(table, ()):
            resolved = self.rules[key].resolved
            if resolved is not None:
                yield resolved
