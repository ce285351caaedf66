"""What edits would change, found beside a state that goes on changing.

May import this package and ``congress.model`` only.

Invariant: the state is not changed, and the answer is about the one state that was
there in the first step. That step is short: it applies the edits to a fork and copies
the rows that the second needs, which takes a millisecond per some 100,000 rows. The
second evaluates anew whatever depends on the edits, apart from the state.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from congress.engine.actions import turned
from congress.engine.edits import Edit
from congress.engine.lang.resolved import TableId
from congress.engine.lang.strata import reachable
from congress.engine.outcome import Outcome
from congress.engine.results import Changes
from congress.engine.run.budget import Budget
from congress.engine.run.changes import changed_tables
from congress.engine.run.maintain import refresh
from congress.engine.run.naive import Evaluator
from congress.engine.run.relation import Stored
from congress.engine.run.table import Table
from congress.engine.transaction import Transaction, applied
from congress.engine.workspace import Workspace


def preview(
    live: Workspace, number: int, edits: Sequence[Edit], budget: Budget
) -> Callable[[], Changes]:
    """The first step; what it returns is the second and may run on any thread, once.

    :param number: what the transaction would be called.
    :raises Refused: with every problem of the edits.
    """
    before = live.fork()
    after = before.fork()
    outcome = applied(Transaction(after), edits, {})
    _detach((before, after), _needed(after, outcome))

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


def _needed(after: Workspace, outcome: Outcome) -> set[TableId]:
    """The tables that may change, and those that must be read to find out."""
    affected = reachable(outcome.touched, after.feeds)
    keys = {key for table in affected for key in after.readers.get(table, ())}
    keys.update(key for table in affected for key in after.definers.get(table, ()))
    needed = set(affected)
    for key in keys.union(outcome.sinks):
        resolved = after.rules[key].resolved if key in after.rules else None
        if resolved is not None:
            needed.update(goal.table for goal in resolved.lookups)
    return needed


def _detach(forks: Iterable[Workspace], tables: set[TableId]) -> None:
    """Let forks share nothing of some tables with the state they come from."""
    copies: dict[int, Stored] = {}

    def copied(rows: Stored) -> Stored:
        if not isinstance(rows, Table):
            return rows
        if id(rows) not in copies:
            copies[id(rows)] = copy = Table()
            copy.rows = rows.rows.copy()
        return copies[id(rows)]

    for fork in forks:
        for table in tables:
            if table in fork.readers:
                fork.readers[table] = dict(fork.readers[table])
            for place in (fork.base, fork.derived):
                if table in place:
                    place[table] = copied(place[table])
