"""Questions in two steps: one that needs the state to hold still, and one that does not.

May import this package and ``congress.model`` only.

Invariant: an answer comes from the one state that was there in the first step,
whatever is changed meanwhile. The first step is short: it looks rows up by index,
or copies dictionaries of rows, which takes a millisecond per some 100,000 rows.
"""

from collections.abc import Callable
from typing import TypeAlias

from congress.engine.lang.resolved import Lookup, TableId
from congress.engine.results import Answers
from congress.engine.run.budget import Budget
from congress.engine.run.prepared import Preparations
from congress.engine.run.query import answers
from congress.engine.run.question import Question, read_question
from congress.engine.run.relation import Relation, Stored
from congress.engine.run.table import Table
from congress.engine.workspace import Workspace

#: So many rows are copied in a few milliseconds.
_AT_ONCE = 100_000
#: Finds the answers; may run on any thread, once.
Pending: TypeAlias = Callable[[], Answers]


class Desk:
    """Takes questions and remembers what helps to answer the next."""

    def __init__(self) -> None:
        self._preparations = Preparations()
        self._copies: dict[TableId, tuple[Table, int, Table]] = {}

    def ask(
        self, workspace: Workspace, policy: str, text: str, limit: int | None, budget: Budget
    ) -> Pending:
        """The first step.

        :raises Refused: if the text is no query, or does not fit.
        """
        found = self._preparations.find(workspace, policy, text)
        if found is not None:
            prepared, strings = found
            rows = prepared.rows(workspace.contents(prepared.table), strings)
            return lambda: prepared.answers(rows, limit)
        question = read_question(workspace, policy, text)
        if not question.goals:
            result = answers(workspace, question, budget, limit)
            return lambda: result
        view = self._view(workspace, question)
        return lambda: answers(view, question, budget, limit)

    def ready(self, workspace: Workspace, policy: str, text: str) -> bool:
        """Whether ``ask`` would be short now; if not, do some of its work ahead.

        :raises Refused: if the text is no query, or does not fit.
        """
        if self._preparations.find(workspace, policy, text) is not None:
            return True
        question = read_question(workspace, policy, text)
        tables = {goal.table for goal in question.goals if isinstance(goal, Lookup)}
        stale = [
            table for table in tables if self._copied(workspace.contents(table), table) is None
        ]
        if sum(len(workspace.contents(table)) for table in stale) <= _AT_ONCE:
            return True
        self._copy(workspace, max(stale, key=lambda table: len(workspace.contents(table))))
        return False

    def _copied(self, live: Stored, table: TableId) -> Stored | None:
        """The last copy of a table, if nothing has changed since."""
        if isinstance(live, Relation):
            return live
        known = self._copies.get(table)
        if known is not None and known[0] is live and known[1] == live.version:
            return known[2]
        return None

    def _view(self, workspace: Workspace, question: Question) -> Workspace:
        """A workspace with copies of the tables that a question reads."""
        view = Workspace(workspace.builtins)
        for goal in question.goals:
            if isinstance(goal, Lookup) and goal.table not in view.derived:
                view.derived[goal.table] = self._copy(workspace, goal.table)
        return view

    def _copy(self, workspace: Workspace, table: TableId) -> Stored:
        """A table that stays as it is; the last copy, if nothing has changed since."""
        live = workspace.contents(table)
        known = self._copied(live, table)
        if known is not None or isinstance(live, Relation):
            return live if known is None else known
        copy = Table()
        copy.rows = live.rows.copy()
        self._copies[table] = (live, live.version, copy)
        return copy
