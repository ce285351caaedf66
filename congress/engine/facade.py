"""The engine: policies and rows in, derived rows and desired actions out.

May import this package and ``congress.model`` only. No I/O, no clock. Any thread may
call any method: transactions take turns, and readings of any length go on beside them.

Invariant: every public method either completes or leaves the state as it was; what is
read is one committed state.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal
from weakref import ReferenceType

from congress.engine.actions import desired, sources_among, sources_of, timed
from congress.engine.asking import Desk
from congress.engine.checking import check_texts
from congress.engine.deltas import Deltas
from congress.engine.edits import Edit, InsertRules, ReplaceTables, UpdateTable
from congress.engine.explain.explainer import explanation
from congress.engine.explain.tree import DEFAULT_BOUNDS, Bounds, Explanation
from congress.engine.guard import Guard, guarded
from congress.engine.holdings import needed_tables, rule_of, tables_of
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
from congress.engine.run.still import still
from congress.engine.run.trace import trace
from congress.engine.watch import Watch
from congress.engine.workspace import RuleKey, StoredFact, Workspace
from congress.model.action import DesiredAction
from congress.model.builtin import Builtin
from congress.model.diagnostic import Diagnostic, refuse
from congress.model.order import in_order
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
        #: Entered by every method. Enter it for several readings of one state.
        self.guard = Guard()
        self._store: Oracle | Deltas = (
            Oracle(known, self.limits)
            if evaluator == "naive"
            else Deltas(known, self.limits, self.guard)
        )
        self._number = 0
        self._desk = Desk(self.guard)
        self._watches: list[ReferenceType[Watch]] = []

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
        with self.guard:
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
                    if self._watches:
                        self._tell_watches(changes)
                return changes

    def _tell_watches(self, changes: Changes) -> None:
        held = [(each, watch) for each in self._watches if (watch := each()) is not None]
        self._watches = [each for each, _ in held]
        for _, watch in held:
            watch.note(changes)

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
        with self.guard:
            before, number = self._state.fork(), self._number + 1
        return preview(before, number, materialised, budget)

    def check(self, texts: Sequence[tuple[str, str]]) -> list[tuple[Diagnostic, ...]]:
        """Every problem of some texts and all advice about them; nothing is changed.

        Texts are seen together, beside what the policies hold. Nothing is evaluated.

        :param texts: the policy that each is for, and the text.
        :returns: the findings of each text, in its order.
        :raises Refused: if there is no such policy.
        """
        return check_texts(self._state, texts)

    # -- reading ------------------------------------------------------------------

    @guarded
    def policies(self) -> Mapping[str, str]:
        """The policies and their kinds."""
        return {name: str(kind) for name, kind in self._state.kinds.items()}

    @guarded
    def tables(self, policy: str) -> list[str]:
        """The tables a policy defines, holds or refers to, as it names them, sorted.

        :raises Refused: if there is no such policy.
        """
        self._state.expect(policy, "not-found")
        return tables_of(self._state, policy)

    @guarded
    def arity(self, policy: str, table: str) -> int | None:
        """The number of columns of a table, None while that is unknown."""
        return self._state.arity(_table(policy, table))

    @guarded
    def column_names(self, policy: str, table: str) -> tuple[str, ...]:
        """The declared columns of a table, or ``Col0``, ``Col1`` ... for its known number."""
        place = _table(policy, table)
        schema = self._state.declared(place)
        if schema is not None:
            return schema.column_names
        return tuple(f"Col{number}" for number in range(self._state.arity(place) or 0))

    @guarded
    def rows(self, policy: str, table: str) -> Collection[Row]:
        """The rows of a table, stored and derived, as they are now and will stay.

        They are taken out of the table, a few at a time, while they are gone through.

        :raises Refused: if the policy does not know the table.
        """
        relation = self._state.contents(_table(policy, table))
        if not len(relation) and table not in self.tables(policy):
            message = f"policy {policy} has no table {table}"
            raise refuse("not-found", message, where=policy)
        return still(relation, self.guard)

    @guarded
    def watch(self, tables: Iterable[tuple[str, str]]) -> Watch:
        """Collect what changes in some tables, from now on, as long as the watch is held.

        :param tables: policy and table; they need not be there yet.
        """
        rows = {table: still(self._state.contents(table), self.guard) for table in tables}
        watch = Watch(self._number, rows)
        self._watches.append(ReferenceType(watch))
        return watch

    def content(self, policy: str) -> list[str]:
        """The facts and active rules of a policy, printed and sorted, facts first.

        :raises Refused: if there is no such policy.
        """
        with self.guard:
            state = self._state
            state.expect(policy, "not-found")
            tables = [
                (table[1], still(state.stored(table), self.guard))
                for table in sorted(state.base)
                if table[0] == policy
            ]
            rules = [
                print_rule(stored.rule)
                for key, stored in state.rules.items()
                if key[0] == policy and stored.active
            ]
        facts = [
            print_row(name, row)
            for name, rows in tables
            for row in in_order(list(rows), row_order_key)
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
        """As ``query``, in two steps: this one is short and decides which state is asked.

        What it returns finds the answers, and may be called once, on any thread.

        :raises Refused: if the text is no query, or does not fit.
        """
        return self._desk.ask(
            lambda: self._state, policy, text, limit, lambda: Budget(self.limits, deadline)
        )

    def trace(self, policy: str, text: str, *, deadline: Deadline | None = None) -> str:
        """How the answers of a query come about, one event per line.

        :raises Refused: if the text is no query, does not fit, or costs too much.
        """
        return self.retrace(policy, text, deadline=deadline)()

    def retrace(
        self, policy: str, text: str, *, deadline: Deadline | None = None
    ) -> Callable[[], str]:
        """As ``trace``, in two steps: this one is short and decides which state is asked.

        What it returns tells the trace, and may be called once, on any thread.

        :raises Refused: if the text is no query, or does not fit.
        """
        state = self._state.fork()
        question = read_question(state, policy, text)
        return lambda: trace(state, question, Budget(self.limits, deadline))

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
        """As ``explain``, in two steps: this one is short and decides which state is meant.

        What it returns works the explanation out, and may be called once, on any thread.

        :raises Refused: if the text is neither, or does not fit.
        """
        return explanation(self._state.fork(), policy, text, bounds, Budget(self.limits, deadline))

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
        return simulate(self._state.fork(), request, Budget(self.limits, deadline))

    @guarded
    def desired_actions(self) -> frozenset[DesiredAction]:
        """The actions that should be in force."""
        return desired(self._state)

    @guarded
    def reached(self, policy: str, rule: str) -> frozenset[tuple[str, str]]:
        """The source tables that a rule depends on, through everything.

        :param rule: the rule's id, or its canonical text.
        :raises Refused: if there is no such rule.
        """
        return sources_of(self._state, rule_of(self._state, policy, rule))

    @guarded
    def timed(self, policy: str, rule: str) -> bool:
        """Whether what a rule says depends on the current time, through everything."""
        return timed(self._state, rule_of(self._state, policy, rule))

    @guarded
    def sources(self, policy: str, table: str) -> frozenset[tuple[str, str]]:
        """The source tables that a table depends on, through everything; itself if it is one."""
        return sources_among(self._state, [_table(policy, table)])

    @guarded
    def needed(self) -> Mapping[str, frozenset[str]]:
        """The tables of datasources and unknown policies that bodies mention."""
        return needed_tables(self._state)

    @guarded
    def uses_clock(self) -> bool:
        """Whether a rule refers to the current time."""
        return bool(self._state.readers.get(NOW))

    @guarded
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
        stored = rule_of(self._state, policy, rule_id)
        return RuleStatus(stored.state, stored.diagnostics)

    def coverage(self, *, deadline: Deadline | None = None) -> list[RuleCoverage]:
        """What the present rows show of each active rule, for tests of policies.

        :raises Refused: if that costs too much.
        """
        return list(cover(self._state.fork(), Budget(self.limits, deadline)))

    @guarded
    def builtin_failures(self) -> Mapping[str, int]:
        """How often calls of each builtin had no answer, over all transactions."""
        return dict(self._store.failures)


def _table(policy: str, name: str) -> TableId:
    """The table that a name means in a policy."""
    first, colon, rest = name.partition(":")
    return (first, rest) if colon else (policy, name)


def _materialised(edit: Edit) -> Edit:
    """The edit with rows that can be read more than once."""
    if isinstance(edit, ReplaceTables):
        return replace(edit, tables={name: _kept(rows) for name, rows in edit.tables.items()})
    if isinstance(edit, UpdateTable):
        if isinstance(edit.add, _KEPT) and isinstance(edit.remove, _KEPT):
            return edit
        return edit._replace(add=_kept(edit.add), remove=_kept(edit.remove))
    return edit


_KEPT = (tuple, list, frozenset, set)


def _kept(rows: Iterable[Row]) -> Iterable[Row]:
    """Rows that can be read more than once."""
    return rows if isinstance(rows, _KEPT) else tuple(rows)
