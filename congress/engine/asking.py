"""Questions in two steps: one within the guard, which is short, and one outside.

May import this package and ``congress.model`` only.

Invariant: an answer comes from the one state that was there in the first step,
whatever is changed meanwhile.
"""

from collections.abc import Callable
from typing import TypeAlias

from congress.engine.guard import Guard
from congress.engine.lang.resolved import Lookup
from congress.engine.results import Answers
from congress.engine.run.budget import Budget
from congress.engine.run.growth import grow
from congress.engine.run.prepared import Preparations, Prepared
from congress.engine.run.query import answers
from congress.engine.run.question import Question, question_of, read_statement
from congress.engine.run.still import still
from congress.engine.workspace import Workspace

#: Finds the answers; may run on any thread, once.
Pending: TypeAlias = Callable[[], Answers]


class Desk:
    """Takes questions and remembers what helps to answer the next."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._preparations = Preparations()

    def ask(
        self,
        state: Callable[[], Workspace],
        policy: str,
        text: str,
        limit: int | None,
        allow: Callable[[], Budget],
    ) -> Pending:
        """The first step.

        :param state: what was committed last, once the guard is entered.
        :param allow: what the answers may cost, counted from when it is called.
        :raises Refused: if the text is no query, or does not fit.
        """
        with self._guard:
            workspace = state()
            found = self._preparations.find(workspace, policy, text)
            if found is not None:
                return self._look_up(workspace, *found, limit)
        statement, budget = read_statement(text), allow()
        with self._guard:
            workspace = state()
            question = question_of(workspace, policy, statement)
            if not question.goals:
                result = answers(workspace, question, budget, limit)
                return lambda: result
            view = self._view(workspace, question)
        return lambda: answers(view, question, budget, limit)

    def _look_up(
        self, workspace: Workspace, prepared: Prepared, strings: list[str], limit: int | None
    ) -> Pending:
        """Find an atom's rows now if that is quick."""
        table = workspace.contents(prepared.table)
        bound = prepared.bound(strings)
        rows = prepared.quick(table, bound)
        if rows is not None:
            return lambda: prepared.answers(rows, limit)
        held = still(table, self._guard)

        def search() -> Answers:
            if bound:
                grow(table, prepared.columns, self._guard)
            return prepared.answers(prepared.rows(held, bound), limit)

        return search

    def _view(self, workspace: Workspace, question: Question) -> Workspace:
        """A workspace with the tables that a question reads, as they are now."""
        view = Workspace(workspace.builtins)
        for goal in question.goals:
            if isinstance(goal, Lookup) and goal.table not in view.derived:
                view.derived[goal.table] = still(workspace.contents(goal.table), self._guard)
        return view
