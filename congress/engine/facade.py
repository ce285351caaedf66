"""The engine: policies and rows in, derived rows and desired actions out.

May import this package and ``congress.model`` only. Single-threaded: whoever
owns it serialises writers. No I/O, no clock.

Invariant: every public method either completes or leaves the state as it was.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal
from weakref import WeakSet

from congress.engine.actions import desired, sources_among, sources_of
from congress.engine.asking import Desk
from congress.engine.checking import check_texts
from congress.engine.deltas import Deltas
from congress.engine.edits import Edit, InsertRules, ReplaceTables, UpdateTable
from congress.engine.explain.explainer import explanation
from congress.engine.explain.tree import DEFAULT_BOUNDS, Bounds, Explanation
from congress.engine.lang.names import Resolver
from congress.engine.lang.printer import print_row, print_rule
from congress.engine.lang.resolved import NOW, TableId
from congress.engine.oracle import Oracle
from congress.engine.preview import preview
from congress.engine.results import (
    Answers,
    Changes,
    RuleCoverage,
    RuleState,
    RuleStatus,
    Simulation,
)
from congress.engine.run.budget import Budget, Deadline, Limits, OverBudget
from congress.engine.run.coverage import cover
from congress.engine.run.question import read_question
from congress.engine.run.simulation import Request, simulate
from congress.engine.run.trace import trace
from congress.engine.watch import Watch
from congress.engine.workspace import RuleKey, StoredFact, StoredRule, Workspace
from congress.model.action import DesiredAction
from congress.model.builtin import Builtin
from congress.model.diagnostic import Diagnostic, refuse
from congress.model.values import Row, row_order_key

DEFAULT_EVALUATOR: Literal["naive", "incremental"] = "incremental"


class Engine:
    """All policies of one node and what follows from them.

    :param builtins: the predicates that rules may call.
    :param limits: bounds of each transaction, query and simulation.
    :param evaluator: ``incremental`` follows changes; ``naive`` evaluates anew what
        depends on them and is there to compare with.
    :raises ValueError: if two builtins bear one name.
    """

    def __init__(
        self,
        builtins: Iterable[Builtin] = (),
        *,
        limits: Limits | None = None,
        evaluator: Literal["naive", "incremental"] = DEFAULT_EVALUATOR,
    ) -> None:
        known: dict[str, Builtin] = {}
        for builtin in builtins:
            if builtin.name in known:
                raise ValueError(f"builtin {builtin.name!r} is given twice")
            known[builtin.name] = builtin
        self.limits = limits or Limits()
        make = Oracle if evaluator == "naive" else Deltas
        self._store: Oracle | Deltas = make(known, self.limits)
        self._number = 0
        self._desk = Desk()
        self._watches: WeakSet[Watch] = WeakSet()

    @property
    def _state(self) -> Workspace:
        """What was committed last."""
        return self._store.state

    # -- writing ------------------------------------------------------------------

    def transact(
        self, edits: Sequence[Edit], *, deadline: Deadline | None = None, dry_run: bool = False
    ) -> Changes:
        """Apply edits as one: all of them, or none.

        Where data, not new statements, lead over a limit, the dearest rule is
        switched off and the edits are tried again.

        :param deadline: tells when the time for evaluation is over; it counts
            once, then the limits on steps and rows are left.
        :param dry_run: only tell what they would do; tables and actions are left out.
        :raises Refused: with every problem; nothing has changed then.
        """
        materialised = [_materialised(edit) for edit in edits]
        off: dict[RuleKey, Diagnostic] = {}
        while True:
            try:
                changes = self._store.transact(
                    self._number + 1, materialised, off, deadline, dry_run=dry_run
                )
            except OverBudget as refusal:
                strict = any(isinstance(e, InsertRules) and not e.lenient for e in edits)
                if strict or refusal.rule is None or refusal.rule in off:
                    raise
                off[refusal.rule] = refusal.diagnostics[0]
                deadline = None if refusal.timed else deadline
                continue
            if not dry_run:
                self._number = changes.number
                for watch in self._watches:
                    watch.note(changes)
            return changes

    def preview(
        self, edits: Sequence[Edit], *, deadline: Deadline | None = None
    ) -> Callable[[], Changes]:
        """What edits would change, in two steps as with ``ask``; nothing is changed.

        No rule is switched off for its cost as ``transact`` may do.

        :raises Refused: with every problem of the edits; the second step: if finding out
            costs too much.
        """
        materialised = [_materialised(edit) for edit in edits]
        budget = Budget(self.limits, deadline)
        return preview(self._state, self._number + 1, materialised, budget)

    def check(self, texts: Sequence[tuple[str, str]]) -> list[tuple[Diagnostic, ...]]:
        """Every problem of some texts and all advice about them; nothing is changed.

        Texts are seen together, beside what the policies hold. Nothing is evaluated.

        :param texts: the policy that each is for, and the text.
        :returns: the findings of each text, in its order.
        :raises Refused: if there is no such policy.
        """
        return check_texts(self._state, texts)

    # -- reading ------------------------------------------------------------------

    def policies(self) -> Mapping[str, str]:
        """The policies and their kinds."""
        return {name: str(kind) for name, kind in self._state.kinds.items()}

    def tables(self, policy: str) -> list[str]:
        """The tables a policy defines, holds or refers to, as it names them, sorted.

        :raises Refused: if there is no such policy.
        """
        self._known(policy)
        names = {table[1] for table in self._state.base if table[0] == policy}
        if policy in self._state.schemas:
            names |= set(self._state.schemas[policy].tables)
        for key, stored in self._state.rules.items():
            if key[0] == policy:
                names |= _mentioned(policy, stored, self._state)
        return sorted(names)

    def arity(self, policy: str, table: str) -> int | None:
        """The number of columns of a table, None while that is unknown."""
        return self._state.arity(_table(policy, table))

    def column_names(self, policy: str, table: str) -> tuple[str, ...]:
        """The declared columns of a table, or ``Col0``, ``Col1`` ... for its known number."""
        place = _table(policy, table)
        schema = self._state.declared(place)
        if schema is not None:
            return schema.column_names
        return tuple(f"Col{number}" for number in range(self._state.arity(place) or 0))

    def rows(self, policy: str, table: str) -> Collection[Row]:
        """The rows of a table, stored and derived, as they are now and will stay.

        :raises Refused: if the policy does not know the table.
        """
        place = _table(policy, table)
        relation = self._state.contents(place)
        if not relation.rows and table not in self.tables(policy):
            message = f"policy {policy} has no table {table}"
            raise refuse("not-found", message, where=policy)
        return relation.rows.copy()

    def watch(self, tables: Iterable[tuple[str, str]]) -> Watch:
        """Collect what changes in some tables, from now on, as long as the watch is held.

        :param tables: policy and table; they need not be there yet.
        """
        rows = {table: self._state.contents(table).rows.copy() for table in tables}
        watch = Watch(self._number, rows)
        self._watches.add(watch)
        return watch

    def content(self, policy: str) -> list[str]:
        """The facts and active rules of a policy, printed and sorted, facts first.

        :raises Refused: if there is no such policy.
        """
        self._known(policy)
        facts = [
            print_row(table[1], row)
            for table in sorted(self._state.base)
            if table[0] == policy
            for row in sorted(self._state.stored(table), key=row_order_key)
        ]
        rules = [
            print_rule(stored.rule)
            for key, stored in self._state.rules.items()
            if key[0] == policy and stored.active
        ]
        return facts + sorted(rules)

    def query(
        self, policy: str, text: str, *, limit: int | None = None, deadline: Deadline | None = None
    ) -> Answers:
        """The answers of an atom or a rule, asked in a policy.

        :raises Refused: if the text is no query, does not fit, or costs too much.
        """
        return self.ask(policy, text, limit=limit, deadline=deadline)()

    def ask(
        self, policy: str, text: str, *, limit: int | None = None, deadline: Deadline | None = None
    ) -> Callable[[], Answers]:
        """As ``query``, in two steps: this one is short and must not meet a transaction.

        What it returns finds the answers in the state as it was, and may be called
        on any thread while transactions go on.

        :raises Refused: if the text is no query, or does not fit.
        """
        return self._desk.ask(self._state, policy, text, limit, Budget(self.limits, deadline))

    def ready(self, policy: str, text: str) -> bool:
        """Whether ``ask`` would take just a few milliseconds now.

        If not, some of its work is done ahead; call it again once others have had
        their turn. Rows that change all the time are copied each time, so after some
        attempts ask nevertheless.

        :raises Refused: if the text is no query, or does not fit.
        """
        return self._desk.ready(self._state, policy, text)

    def trace(self, policy: str, text: str, *, deadline: Deadline | None = None) -> str:
        """How the answers of a query come about, one event per line.

        :raises Refused: if the text is no query, does not fit, or costs too much.
        """
        question = read_question(self._state, policy, text)
        return trace(self._state, question, Budget(self.limits, deadline))

    def explain(
        self,
        policy: str,
        text: str,
        *,
        bounds: Bounds = DEFAULT_BOUNDS,
        deadline: Deadline | None = None,
    ) -> Explanation:
        """Why the rows of an atom are there, or why there are none.

        :param text: an atom of a table, or an action as ``execute[...]``.
        :raises Refused: if the text is neither, or does not fit.
        """
        return self.examine(policy, text, bounds=bounds, deadline=deadline)()

    def examine(
        self,
        policy: str,
        text: str,
        *,
        bounds: Bounds = DEFAULT_BOUNDS,
        deadline: Deadline | None = None,
    ) -> Callable[[], Explanation]:
        """As ``explain``, in two steps: this one copies rows and must not meet a transaction.

        What it returns works the explanation out, on any thread.

        :raises Refused: if the text is neither, or does not fit.
        """
        return explanation(self._state, policy, text, bounds, Budget(self.limits, deadline))

    def simulate(
        self,
        policy: str,
        query: str,
        sequence: str,
        action_policy: str,
        *,
        delta: bool = False,
        trace: bool = False,
        deadline: Deadline | None = None,
    ) -> Simulation:
        """The answers of a query after a sequence of changes and actions; nothing is changed.

        :param action_policy: the policy that describes what actions do.
        :param delta: answer with what is gained and lost instead.
        :raises Refused: if anything does not fit, or costs too much.
        """
        request = Request(policy, query, sequence, action_policy, delta, trace)
        return simulate(self._state, request, Budget(self.limits, deadline))

    def desired_actions(self) -> frozenset[DesiredAction]:
        """The actions that should be in force."""
        return desired(self._state)

    def reached(self, policy: str, rule: str) -> frozenset[tuple[str, str]]:
        """The source tables that a rule depends on, through everything.

        :param rule: the rule's id, or its canonical text.
        :raises Refused: if there is no such rule.
        """
        return sources_of(self._state, self._stored(policy, rule))

    def sources(self, policy: str, table: str) -> frozenset[tuple[str, str]]:
        """The source tables that a table depends on, through everything; itself if it is one."""
        return sources_among(self._state, [_table(policy, table)])

    def needed(self) -> Mapping[str, frozenset[str]]:
        """The tables of datasources and unknown policies that bodies mention."""
        needed: dict[str, set[str]] = {}
        for key, stored in self._state.rules.items():
            for literal in stored.rule.literals:
                atom = literal.atom
                policy = key[0] if atom.policy is None else atom.policy
                if policy != NOW[0] and self._state.source(policy):
                    needed.setdefault(policy, set()).add(atom.table)
        return {policy: frozenset(tables) for policy, tables in needed.items()}

    def uses_clock(self) -> bool:
        """Whether a rule refers to the current time."""
        return bool(self._state.readers.get(NOW))

    def rule_status(self, policy: str, rule_id: str) -> RuleStatus:
        """Whether a statement takes effect, and if not why.

        :raises Refused: if there is none of that id or canonical text.
        """
        broken = self._state.broken.get((policy, rule_id))
        if broken is not None:
            return RuleStatus(RuleState.OFF, broken)
        fact = self._state.names.get((policy, rule_id))
        if isinstance(fact, StoredFact) and fact.row in self._state.stored(fact.table):
            return RuleStatus(RuleState.ACTIVE)
        stored = self._stored(policy, rule_id)
        return RuleStatus(stored.state, stored.diagnostics)

    def coverage(self, *, deadline: Deadline | None = None) -> list[RuleCoverage]:
        """What the present rows show of each active rule, for tests of policies.

        :raises Refused: if that costs too much.
        """
        return list(cover(self._state, Budget(self.limits, deadline)))

    def builtin_failures(self) -> Mapping[str, int]:
        """How often calls of each builtin had no answer, over all transactions."""
        return dict(self._store.failures)

    # -- inner --------------------------------------------------------------------

    def _known(self, policy: str) -> None:
        if self._state.kind(policy) is None:
            raise refuse("not-found", f"there is no policy {policy!r}", where=policy)

    def _stored(self, policy: str, rule: str) -> StoredRule:
        key = self._state.names.get((policy, rule))
        if key is not None and not isinstance(key, StoredFact):
            return self._state.rules[key]
        for each, stored in self._state.rules.items():
            if each[0] == policy and print_rule(stored.rule) == rule:
                return stored
        raise refuse("not-found", f"policy {policy} has no rule {rule}", where=policy)


def _table(policy: str, name: str) -> TableId:
    """The table that a name means in a policy."""
    first, colon, rest = name.partition(":")
    return (first, rest) if colon else (policy, name)


def _mentioned(policy: str, stored: StoredRule, workspace: Workspace) -> set[str]:
    """The tables a rule's head and body name, as its policy writes them."""
    head = stored.rule.head
    names = set() if head.modal else {head.name}
    resolver = Resolver(policy, workspace)
    for literal in stored.rule.literals:
        atom = literal.atom
        constant = atom.policy is None and atom.table in ("true", "false")
        if not constant and not resolver.calls_builtin(atom):
            names.add(atom.table if atom.policy == policy else atom.name)
    return names


def _materialised(edit: Edit) -> Edit:
    """The edit with rows that can be read more than once."""
    if isinstance(edit, ReplaceTables):
        return replace(edit, tables={name: _kept(rows) for name, rows in edit.tables.items()})
    if isinstance(edit, UpdateTable):
        if isinstance(edit.add, _KEPT) and isinstance(edit.remove, _KEPT):
            return edit
        return replace(edit, add=_kept(edit.add), remove=_kept(edit.remove))
    return edit


_KEPT = (tuple, list, frozenset, set)


def _kept(rows: Iterable[Row]) -> Iterable[Row]:
    """Rows that can be read more than once."""
    return rows if isinstance(rows, _KEPT) else tuple(rows)
