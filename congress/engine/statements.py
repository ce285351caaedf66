"""Edits of statements: inserting, deleting, waking, and resolving them anew.

May import this package and ``congress.model`` only.

Invariant: an active rule passed every check against the schemas as they are;
one that passes no longer is parked or switched off and says why.
"""

from collections.abc import Iterable

from congress.engine.entering import Entering, Entry
from congress.engine.lang.ast import Constant, Rule, Statement
from congress.engine.lang.draft import Draft
from congress.engine.lang.identity import rule_key
from congress.engine.lang.lint import lint
from congress.engine.lang.names import Resolution, Resolver
from congress.engine.lang.parser import parse
from congress.engine.lang.pipeline import check
from congress.engine.lang.resolved import ResolvedRule, TableId
from congress.engine.lang.tokens import MOST_PROBLEMS
from congress.engine.outcome import Outcome
from congress.engine.results import RuleState
from congress.engine.tables import TableEditor
from congress.engine.workspace import RuleKey, StoredFact, StoredRule, Workspace
from congress.model.diagnostic import Diagnostic, Refused, errors
from congress.model.policy import PolicyKind
from congress.model.values import Row


class StatementEditor:
    """Changes the statements of one workspace."""

    def __init__(self, workspace: Workspace, outcome: Outcome, tables: TableEditor) -> None:
        self._workspace = workspace
        self._outcome = outcome
        self._tables = tables
        self._inserted: list[RuleKey] = []
        self._entering = Entering(workspace, outcome)

    # -- inserting ------------------------------------------------------------------

    def insert(
        self, policy: str, kind: PolicyKind, text: str, rule_id: str | None, *, lenient: bool
    ) -> None:
        """Insert the statements of a text.

        :raises Refused: if the text does not read and need not be kept.
        """
        self._outcome.strict |= not lenient
        if rule_id is not None:
            self._workspace.broken.pop((policy, rule_id), None)
        try:
            statements = parse(text)
        except Refused as refusal:
            if not lenient:
                raise
            self._break(policy, rule_id, refusal.diagnostics)
            return
        if rule_id is not None and len(statements) != 1:
            self._not_single(policy, rule_id, len(statements), lenient=lenient)
            return
        for statement in statements:
            if len(self._outcome.problems) >= MOST_PROBLEMS:
                return
            self.insert_statement(policy, kind, statement, rule_id, lenient=lenient)

    def insert_statement(
        self,
        policy: str,
        kind: PolicyKind,
        statement: Statement,
        rule_id: str | None,
        *,
        lenient: bool,
    ) -> None:
        """Insert one statement; what does not fit becomes a problem, or is kept switched off."""
        draft = check(statement, policy, kind, self._workspace)
        if draft.refused:
            self._refuse(draft, rule_id, lenient=lenient)
            return
        self._outcome.warnings.extend(draft.diagnostics)
        resolution = draft.resolution
        if resolution is None:
            raise AssertionError("unreachable")
        if draft.fact and resolution.rule is not None:
            self._outcome.accepted += self._store_fact(policy, resolution.rule, rule_id)
            return
        key = (policy, rule_key(draft.rule))
        present = self._workspace.rules.get(key)
        if present is not None and present.active:
            return
        if present is not None:
            rule_id = present.rule_id if rule_id is None else rule_id
            self._workspace.remove(present)
        stored = StoredRule(key, draft.rule, rule_id)
        if resolution.rule is None:
            self._park(stored, draft.diagnostics, resolution)
            return
        self._entering.enter(Entry(stored, resolution, lenient=lenient, counted=True))
        self._outcome.accepted += 1
        self._inserted.append(key)

    def _store_fact(self, policy: str, rule: ResolvedRule, rule_id: str | None) -> bool:
        """Store a fact as the row it states; tell whether the row is new."""
        row = _fact_row(rule)
        if rule_id is not None:
            self._workspace.names[policy, rule_id] = StoredFact(rule.head.table, row)
        return self._tables.add_fact(rule.head.table, row)

    def _refuse(self, draft: Draft, rule_id: str | None, *, lenient: bool) -> None:
        found = tuple(draft.diagnostics)
        if not lenient:
            self._outcome.problems.extend(errors(found))
            return
        if not isinstance(draft.statement, Rule):
            self._break(draft.policy, rule_id, found)
            return
        key = (draft.policy, rule_key(draft.statement))
        if key not in self._workspace.rules:
            self._workspace.put(
                StoredRule(key, draft.statement, rule_id, RuleState.OFF, diagnostics=found)
            )
        self._outcome.warnings.extend(found)

    def _break(self, policy: str, rule_id: str | None, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Remember why a stored text is no statement that could be kept."""
        if rule_id is not None:
            self._workspace.broken[policy, rule_id] = diagnostics
        self._outcome.warnings.extend(diagnostics)

    def _not_single(self, policy: str, rule_id: str, count: int, *, lenient: bool) -> None:
        """A text with an id holds several statements, or none."""
        message = f"a rule is one statement, the text holds {count}"
        code = "multiple-statements" if count else "syntax"
        problem = Diagnostic(code, message, hint="send one statement at a time")
        if lenient:
            self._break(policy, rule_id, (problem,))
        else:
            self._outcome.problems.append(problem)

    def _park(
        self, stored: StoredRule, diagnostics: Iterable[Diagnostic], resolution: Resolution
    ) -> None:
        parked = [each for each in diagnostics if each.code == "parked"]
        self._workspace.switch(stored, RuleState.PARKED, parked, resolution.waits)

    # -- deleting -------------------------------------------------------------------

    def delete(self, policy: str, text: str) -> None:
        """Delete the statements of a text.

        :raises Refused: if the text does not read.
        """
        for statement in parse(text):
            if isinstance(statement, Rule):
                self.delete_statement(policy, statement)

    def delete_statement(self, policy: str, statement: Rule) -> None:
        """Delete one statement; one that is not there is passed over."""
        stored = self._workspace.rules.get((policy, rule_key(statement)))
        if stored is not None:
            self._forget(stored)
        elif statement.body is None:
            self._delete_fact(policy, statement)

    def _forget(self, stored: StoredRule) -> None:
        self._entering.touch(stored)
        self._outcome.accepted += stored.active
        self._workspace.remove(stored)

    def _delete_fact(self, policy: str, statement: Rule) -> None:
        resolver = Resolver(policy, self._workspace, fixing=False)
        head = resolver.head(statement) if len(statement.heads) == 1 else None
        if head is None or not all(isinstance(term, Constant) for term in head.terms):
            return
        row = _fact_row(ResolvedRule(head, ()))
        if self._workspace.drop_row(head.table, row):
            self._outcome.touched.add(head.table)
            self._outcome.accepted += 1

    def delete_policy(self, policy: str) -> None:
        """Delete every statement of a policy."""
        for stored in [rule for rule in self._workspace.rules.values() if rule.key[0] == policy]:
            self._entering.touch(stored)
            self._workspace.remove(stored)
        for name in [name for name in self._workspace.names if name[0] == policy]:
            del self._workspace.names[name]
        for name in [name for name in self._workspace.broken if name[0] == policy]:
            del self._workspace.broken[name]

    # -- resolving again ------------------------------------------------------------

    def suspend(self, policy: str) -> list[StoredRule]:
        """Take the effect of every rule that names a policy's tables away.

        :returns: these rules, for ``resume`` once the policy's schema is another.
        """
        concerned: list[StoredRule] = []
        for stored in list(self._workspace.rules.values()):
            over_budget = any(each.code == "budget" for each in stored.diagnostics)
            if over_budget or not _names(stored, policy):
                continue
            self._entering.touch(stored)
            concerned.append(self._workspace.deactivate(stored))
        return concerned

    def resume(self, rules: Iterable[StoredRule]) -> None:
        """Check suspended rules against the schemas as they are now."""
        for stored in rules:
            self._revise(stored)

    def _wake(self) -> None:
        """Check parked statements anew if the columns they wait for have become known."""
        workspace = self._workspace
        known = self._known({*self._outcome.touched, *self._entering.mentions()})
        if not known:
            return
        waiting: dict[TableId, list[RuleKey]] = {}
        for stored in workspace.rules.values():
            for table in stored.waits:
                waiting.setdefault(table, []).append(stored.key)
        while known:
            for key in waiting.pop(known.pop(), ()):
                parked = workspace.rules.get(key)
                if parked is not None and parked.waits and self._revise(parked):
                    revised = workspace.rules.get(key)
                    known += self._known(revised.mentions if revised is not None else ())

    def _known(self, tables: Iterable[TableId]) -> list[TableId]:
        """Those of some tables whose columns are known and waited for."""
        workspace = self._workspace
        return [t for t in tables if t in workspace.parked and workspace.arity(t) is not None]

    def _revise(self, stored: StoredRule) -> bool:
        """Check one stored statement anew; tell whether its state changed for good."""
        policy = stored.key[0]
        kind = self._workspace.kinds[policy]
        waits = stored.waits
        draft = check(stored.rule, policy, kind, self._workspace)
        resolution = draft.resolution
        if draft.refused or resolution is None:
            self._workspace.switch(stored, RuleState.OFF, errors(draft.diagnostics))
            self._outcome.warnings.extend(errors(draft.diagnostics))
            return True
        if resolution.rule is None:
            self._park(stored, draft.diagnostics, resolution)
            return resolution.waits != waits
        if draft.fact:
            self._workspace.remove(stored)
            self._store_fact(policy, resolution.rule, stored.rule_id)
            return True
        self._entering.enter(Entry(stored, resolution, lenient=True, counted=False))
        return True

    def switch_off(self, key: RuleKey, problem: Diagnostic) -> None:
        """Take the effect of a rule away because of a limit."""
        stored = self._workspace.rules.get(key)
        if stored is not None:
            self._entering.touch(stored)
            self._workspace.switch(stored, RuleState.OFF, [problem])
            self._outcome.warnings.append(problem)

    # -- the whole ------------------------------------------------------------------

    def conclude(self) -> None:
        """Judge what the statements amount to together, once all of them are in."""
        self._entering.judge_cycles()
        if not self._outcome.problems:
            self._wake()
            self._entering.judge_cycles()
        self._entering.judge_times()

    def advise(self) -> None:
        """Run the linter over the rules that were inserted."""
        for key in self._inserted:
            stored = self._workspace.rules.get(key)
            if stored is not None and stored.resolved is not None:
                advice = lint(stored.rule, stored.resolved, self._workspace)
                self._outcome.warnings.extend(advice)


def _fact_row(rule: ResolvedRule) -> Row:
    return tuple([term.value for term in rule.head.terms if isinstance(term, Constant)])


def _names(stored: StoredRule, policy: str) -> bool:
    """Whether a rule can mean a table of a policy."""
    if stored.key[0] == policy:
        return True
    atoms = [literal.atom for literal in (*stored.rule.heads, *stored.rule.literals)]
    return any(atom.policy == policy for atom in atoms)
