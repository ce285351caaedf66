"""What the engine has to say of texts that are to become policies, all of it at once.

May import this package and ``congress.model`` only.

Invariants: nothing is changed, texts go into a fork of the workspace; a problem of
one statement hides none of another's; each finding is given with its own text.
"""

from collections.abc import Sequence

from congress.engine.lang.ast import Rule, Statement
from congress.engine.lang.draft import warning
from congress.engine.lang.identity import rule_key
from congress.engine.lang.lint import lint
from congress.engine.lang.parser import read
from congress.engine.outcome import Outcome
from congress.engine.results import RuleState
from congress.engine.statements import StatementEditor
from congress.engine.tables import TableEditor
from congress.engine.workspace import RuleKey, Workspace
from congress.model.diagnostic import Diagnostic, errors


def check_texts(
    workspace: Workspace, texts: Sequence[tuple[str, str]]
) -> list[tuple[Diagnostic, ...]]:
    """The problems of each text and the advice about it, in the order of the text.

    :param texts: the policy that each is for, which must exist, and the text.
    :raises Refused: if there is no such policy.
    """
    check = _Check(workspace.fork())
    for policy, text in texts:
        check.insert(policy, text)
    check.conclude()
    return [check.sorted(found) for found in check.findings]


class _Check:
    """Texts that are inserted one by one, with what is found in each.

    Statements are inserted leniently: one that does not fit is kept without effect,
    with what is wrong with it, and the others go on.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.findings: list[list[Diagnostic]] = []
        self._workspace = workspace
        self._outcome = Outcome()
        self._editor = StatementEditor(
            workspace, self._outcome, TableEditor(workspace, self._outcome)
        )
        self._owners: dict[RuleKey, list[Diagnostic]] = {}

    def insert(self, policy: str, text: str) -> None:
        """Insert every statement of a text that reads."""
        kind = self._workspace.expect(policy)
        statements, found = read(text)
        self.findings.append(found)
        for statement in statements:
            self._own(policy, statement, found)
            told = len(self._outcome.warnings)
            self._editor.insert_statement(policy, kind, statement, None, lenient=True)
            found += self._outcome.warnings[told:]

    def _own(self, policy: str, statement: Statement, found: list[Diagnostic]) -> None:
        """Note which text a statement is from, and whether it was there already."""
        if not isinstance(statement, Rule):
            return
        key = (policy, rule_key(statement))
        if key in self._owners:
            message, hint = "the policy says the same already", "leave one of the two out"
            found.append(warning("duplicate-rule", message, statement.span, hint))
        self._owners.setdefault(key, found)

    def conclude(self) -> None:
        """Judge all statements together, and give advice about those that take effect."""
        self._editor.conclude()
        for key, found in self._owners.items():
            stored = self._workspace.rules.get(key)
            if stored is None:
                continue
            if stored.state is RuleState.OFF:
                found += stored.diagnostics
            elif stored.resolved is not None:
                found += lint(stored.rule, stored.resolved, self._workspace)

    def sorted(self, found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
        """What was found in a text, in its order, without what turned out to be nothing.

        That is, waiting that is over, and tables that nothing defines because the rules
        that should have a problem.
        """
        workspace = self._workspace
        parked = {each for key in self._parked() for each in workspace.rules[key].diagnostics}
        broken = any(errors(each) for each in self.findings)
        kept = [
            each
            for each in found
            if not (each.code == "parked" and each not in parked)
            and not (each.code == "undefined-table" and broken)
        ]
        return tuple(dict.fromkeys(sorted(kept, key=_place)))

    def _parked(self) -> list[RuleKey]:
        rules = self._workspace.rules
        return [key for key in self._owners if key in rules and rules[key].waits]


def _place(diagnostic: Diagnostic) -> int:
    return diagnostic.span.start if diagnostic.span else 0
