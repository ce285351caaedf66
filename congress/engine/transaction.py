"""Applies the edits of one transaction to a fork of the workspace.

May import this package and ``congress.model`` only.

Invariant: problems are collected, not raised half way; the fork of a
transaction with problems is thrown away by whoever asked for it.
"""

from collections.abc import Mapping, Sequence

from congress.engine.edits import (
    CreatePolicy,
    DeleteRules,
    DropPolicy,
    Edit,
    InsertRules,
    ReplaceTables,
    SetSchema,
    Tick,
    UpdateTable,
)
from congress.engine.lang.policy_names import policy_kind, valid_policy_name
from congress.engine.lang.resolved import NOW
from congress.engine.outcome import Outcome
from congress.engine.results import Changes
from congress.engine.statements import StatementEditor
from congress.engine.tables import TableEditor
from congress.engine.workspace import RuleKey, Workspace
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.model.schema import Schema


class Transaction:
    """Applies edits one by one."""

    def __init__(self, workspace: Workspace) -> None:
        self.outcome = Outcome()
        self._workspace = workspace
        self._tables = TableEditor(workspace, self.outcome)
        self._editor: StatementEditor | None = None

    @property
    def _statements(self) -> StatementEditor:
        """What changes statements, made when first needed: most transactions change rows."""
        if self._editor is None:
            self._editor = StatementEditor(self._workspace, self.outcome, self._tables)
        return self._editor

    def apply(self, edits: Sequence[Edit]) -> None:
        """Apply every edit, then wake statements that waited for one of them."""
        for edit in edits:
            try:
                self._apply(edit)
            except Refused as refusal:
                self.outcome.problems.extend(refusal.diagnostics)
        if self._editor is not None or self._workspace.parked:
            self._statements.conclude()
            if not self.outcome.problems:
                self._statements.advise()

    def switch_off(self, key: RuleKey, problem: Diagnostic) -> None:
        """Take the effect of a rule away because it went over a limit."""
        self._statements.switch_off(key, problem)

    def _apply(self, edit: Edit) -> None:
        match edit:
            case UpdateTable():
                self._workspace.expect(edit.policy)
                self._tables.update((edit.policy, edit.table), edit.add, edit.remove)
            case CreatePolicy():
                self._create(edit.name, edit.kind)
            case DropPolicy():
                self._drop(edit.name)
            case SetSchema():
                self._set_schema(edit.policy, edit.schema)
            case InsertRules():
                self._insert(edit)
            case DeleteRules():
                self._workspace.expect(edit.policy)
                self._statements.delete(edit.policy, edit.text)
            case ReplaceTables():
                self._workspace.expect(edit.policy)
                for name, rows in edit.tables.items():
                    self._tables.replace((edit.policy, name), rows)
            case Tick():
                self._tables.replace(NOW, [(edit.now,)])

    def _create(self, name: str, kind: str) -> None:
        if problem := valid_policy_name(name):
            message = f"{name!r} cannot name a policy: {problem}"
            raise refuse("bad-policy-name", message, hint="choose another name")
        if self._workspace.kind(name) is not None:
            message = f"there is a policy or datasource {name!r} already"
            raise refuse("duplicate-policy", message, hint="choose another name")
        known = policy_kind(kind)
        suspended = self._statements.suspend(name)
        self._workspace.kinds[name] = known
        self._statements.resume(suspended)

    def _drop(self, name: str) -> None:
        self._workspace.expect(name)
        self._statements.delete_policy(name)
        suspended = self._statements.suspend(name)
        for table in [table for table in self._workspace.base if table[0] == name]:
            self._workspace.clear(table)
            self.outcome.touched.add(table)
        self._workspace.schemas.pop(name, None)
        del self._workspace.kinds[name]
        self._statements.resume(suspended)

    def _set_schema(self, policy: str, schema: Schema) -> None:
        self._workspace.expect(policy)
        if self._workspace.schemas.get(policy) == schema:
            return
        suspended = self._statements.suspend(policy)
        self._workspace.schemas[policy] = schema
        self._tables.refit(policy)
        self._statements.resume(suspended)

    def _insert(self, edit: InsertRules) -> None:
        kind = self._workspace.expect(edit.policy)
        self._statements.insert(edit.policy, kind, edit.text, edit.rule_id, lenient=edit.lenient)


def applied(
    transaction: Transaction, edits: Sequence[Edit], off: Mapping[RuleKey, Diagnostic]
) -> Outcome:
    """Apply edits, then switch some rules off.

    :raises Refused: with every problem.
    """
    transaction.apply(edits)
    outcome = transaction.outcome
    if outcome.problems:
        raise Refused(*outcome.problems)
    for key, problem in off.items():
        transaction.switch_off(key, problem)
    return outcome


def foreseen(number: int, outcome: Outcome) -> Changes:
    """What can be told of a transaction that is not committed."""
    return Changes(
        number=number,
        accepted=outcome.accepted,
        rejected=tuple(outcome.rejected),
        warnings=tuple(dict.fromkeys(outcome.warnings)),
    )
