"""What the engine has to say of texts that are to become policies, all of it at once.

May import this package and ``congress.model`` only.

Invariants: nothing is changed, texts go into a fork of the workspace; a problem of
one statement hides none of another's; each finding is given with its own text.
"""

from collections.abc import Iterable, Sequence

from congress.engine.lang.ast import Rule, Statement
from congress.engine.lang.draft import warning
from congress.engine.lang.identity import rule_key
from congress.engine.lang.parser import read
from congress.engine.outcome import Outcome
from congress.engine.results import RuleState
from congress.engine.statements import StatementEditor
from congress.engine.tables import TableEditor
from congress.engine.workspace import RuleKey, Workspace
from congress.model.diagnostic import Diagnostic, refuse
from congress.model.policy import PolicyKind


def check_texts(
    workspace: Workspace, texts: Sequence[tuple[str, str]]
) -> list[tuple[Diagnostic, ...]]:
    """The problems of each text and the advice about it, in the order of the text.

    :param texts: the policy that each is for, which must exist, and the text.
    :raises Refused: if there is no such policy.
    """
    draft = workspace.fork()
    owners: dict[RuleKey, _Text] = {}
    checked = [_Text(draft, policy) for policy, _ in texts]
    for each, (_, text) in zip(checked, texts, strict=True):
        each.insert(text, owners)
    closing = _editor(draft, Outcome())
    closing.wake()
    closing.check_actions()
    for each in checked:
        each.editor.advise()
    for key, owner in owners.items():
        stored = draft.rules.get(key)
        if stored is not None and stored.state is RuleState.OFF:
            owner.outcome.problems.extend(stored.diagnostics)
    hidden = _hidden(draft, [each.outcome for each in checked])
    return [each.findings(hidden) for each in checked]


def _editor(workspace: Workspace, outcome: Outcome) -> StatementEditor:
    return StatementEditor(workspace, outcome, TableEditor(workspace, outcome))


def _hidden(workspace: Workspace, outcomes: Iterable[Outcome]) -> set[Diagnostic]:
    """Advice that is none: of statements that wait no more, and on tables with broken rules."""
    parked = {each for key in workspace.parked for each in workspace.rules[key].diagnostics}
    broken = any(outcome.problems for outcome in outcomes)
    return {
        each
        for outcome in outcomes
        for each in outcome.warnings
        if (each.code == "parked" and each not in parked)
        or (each.code == "undefined-table" and broken)
    }


class _Text:
    """One text, with an editor and an outcome of its own."""

    def __init__(self, workspace: Workspace, policy: str) -> None:
        kind = workspace.kind(policy)
        if kind is None:
            raise refuse("no-policy", f"there is no policy {policy!r}", where=policy)
        self.outcome = Outcome()
        self.editor = _editor(workspace, self.outcome)
        self._policy = policy
        self._kind: PolicyKind = kind

    def insert(self, text: str, owners: dict[RuleKey, "_Text"]) -> None:
        """Insert every statement that reads, and note that it came from here."""
        statements, problems = read(text)
        self.outcome.problems.extend(problems)
        for statement in statements:
            self._own(statement, owners)
            self.editor.insert_statement(self._policy, self._kind, statement, None, lenient=False)

    def _own(self, statement: Statement, owners: dict[RuleKey, "_Text"]) -> None:
        if not isinstance(statement, Rule):
            return
        key = (self._policy, rule_key(statement))
        if key in owners:
            message, hint = "the policy says the same already", "leave one of the two out"
            self.outcome.warnings.append(warning("duplicate-rule", message, statement.span, hint))
        owners.setdefault(key, self)

    def findings(self, hidden: set[Diagnostic]) -> tuple[Diagnostic, ...]:
        """Everything that was found, without what is hidden."""
        found = [each for each in self.outcome.warnings if each not in hidden]
        ordered = sorted([*self.outcome.problems, *found], key=_place)
        return tuple(dict.fromkeys(ordered))


def _place(diagnostic: Diagnostic) -> int:
    return diagnostic.span.start if diagnostic.span else 0
