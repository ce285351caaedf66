"""Transactions by evaluating anew, in a copy, whatever depends on a change.

May import this package and ``congress.model`` only. This is what the evaluation
by deltas is checked against; simulations work the same way.

Invariant: the state is exchanged as a whole, when all went well.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from congress.engine.actions import turned
from congress.engine.edits import Edit
from congress.engine.results import Changes
from congress.engine.run.budget import Budget, Deadline, Limits
from congress.engine.run.changes import changed_tables
from congress.engine.run.join import Failures
from congress.engine.run.maintain import refresh
from congress.engine.run.naive import Evaluator
from congress.engine.transaction import Transaction, applied, foreseen
from congress.engine.workspace import RuleKey, Workspace
from congress.model.builtin import Builtin
from congress.model.diagnostic import Diagnostic


class Oracle:
    """A state, and how it is changed."""

    def __init__(self, builtins: Mapping[str, Builtin], limits: Limits) -> None:
        self.state = Workspace(builtins)
        self.failures: Counter[str] = Counter()
        self._limits = limits

    def transact(
        self,
        number: int,
        edits: Sequence[Edit],
        off: Mapping[RuleKey, Diagnostic],
        deadline: Deadline | None,
        *,
        dry_run: bool,
    ) -> Changes:
        """Apply edits, with some rules switched off.

        :param number: of this transaction.
        :raises Refused: with every problem; nothing has changed then.
        """
        before, draft = self.state, self.state.fork()
        outcome = applied(Transaction(draft), edits, off)
        failures: Failures = Counter()
        evaluator = Evaluator(draft.contents, Budget(self._limits, deadline), failures)
        changed = refresh(draft, outcome.touched, outcome.sinks, evaluator)
        if dry_run:
            return foreseen(number, outcome)
        activated, deactivated = turned(before, draft)
        changes = Changes(
            number=number,
            accepted=outcome.accepted,
            tables=changed_tables(before, draft, changed | outcome.touched),
            activated=activated,
            deactivated=deactivated,
            rejected=tuple(outcome.rejected),
            warnings=tuple(dict.fromkeys(outcome.warnings)),
        )
        self.state = draft
        self.failures.update(failures)
        return changes
