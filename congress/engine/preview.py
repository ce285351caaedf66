"""What edits would change, found beside a state that goes on changing.

May import this package and ``congress.model`` only.

Invariant: the state is not changed. The first step applies the edits to a fork; the
second evaluates anew whatever depends on them, apart from the state.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from congress.engine.actions import turned
from congress.engine.edits import Edit
from congress.engine.results import Changes
from congress.engine.run.budget import Budget
from congress.engine.run.changes import changed_tables
from congress.engine.run.maintain import refresh
from congress.engine.run.naive import Evaluator
from congress.engine.transaction import Transaction, applied
from congress.engine.workspace import Workspace


def preview(
    before: Workspace, number: int, edits: Sequence[Edit], budget: Budget
) -> Callable[[], Changes]:
    """The first step; what it returns is the second and may run on any thread, once.

    :param before: a fork, which stays as it is.
    :param number: what the transaction would be called.
    :raises Refused: with every problem of the edits.
    """
    after = before.fork()
    outcome = applied(Transaction(after), edits, {})

    def evaluate() -> Changes:
        evaluator = Evaluator(after.contents, budget, Counter())
        changed = refresh(after, outcome.touched, outcome.sinks, evaluator)
        activated, deactivated = turned(before, after)
        return Changes(
            number=number,
            accepted=outcome.accepted,
            tables=changed_tables(before, after, changed | outcome.touched),
            activated=activated,
            deactivated=deactivated,
            rejected=tuple(outcome.rejected),
            warnings=tuple(dict.fromkeys(outcome.warnings)),
        )

    return evaluate
