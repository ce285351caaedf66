"""What would hold after a sequence of changes that are never made.

May import ``congress.engine`` below the facade and ``congress.model`` only.

Invariant: everything happens in a fork of the workspace, so nothing of it can
be seen outside, whether the sequence goes through or fails half way.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from congress.engine.lang.ast import Atom, Literal, Rule, Statement
from congress.engine.lang.names import ground
from congress.engine.lang.parser import parse
from congress.engine.lang.printer import print_row, print_statement
from congress.engine.lang.resolved import TableId
from congress.engine.outcome import Outcome
from congress.engine.results import Simulation
from congress.engine.run.budget import Budget
from congress.engine.run.effects import Trial, fact_row, item_problem
from congress.engine.run.join import Failures
from congress.engine.run.maintain import refresh
from congress.engine.run.naive import Evaluator
from congress.engine.run.query import Answer, find, in_order
from congress.engine.run.question import read_question
from congress.engine.run.trace import RUNTIME, trace_lines
from congress.engine.statements import StatementEditor
from congress.engine.tables import TableEditor
from congress.engine.workspace import Workspace
from congress.model.diagnostic import Refused
from congress.model.values import Row


@dataclass(frozen=True, slots=True)
class Request:
    """A simulation as it was asked for."""

    policy: str
    query: str
    sequence: str
    action_policy: str
    delta: bool = False
    trace: bool = False


def simulate(live: Workspace, request: Request, budget: Budget) -> Simulation:
    """The answers of the query after the sequence.

    :raises Refused: if the query, an item or a policy's name does not fit.
    """
    for policy in (request.policy, request.action_policy):
        live.expect(policy)
    before = read_question(live, request.policy, request.query)
    overlay = Overlay(live.fork(), request.policy, request.action_policy, budget)
    for item in parse(request.sequence):
        overlay.apply(item)
    after = read_question(overlay.workspace, request.policy, request.query)
    answers = find(overlay.workspace, after, budget)
    if request.delta:
        result = _differences(find(live, before, budget), answers)
    else:
        result = [answer.text() for answer in in_order(answers.values())]
    text = None
    if request.trace:
        lines = overlay.lines + trace_lines(overlay.workspace, after, budget)
        text = "\n".join([f"{RUNTIME}: ** Simulate: {request.query}", *lines])
    return Simulation(result, text)


def _differences(before: dict[Rule, Answer], after: dict[Rule, Answer]) -> list[str]:
    gained = in_order(answer for key, answer in after.items() if key not in before)
    lost = in_order(answer for key, answer in before.items() if key not in after)
    return [answer.text("+") for answer in gained] + [answer.text("-") for answer in lost]


class Overlay:
    """A fork to which items are applied one by one.

    :param policy: the policy that is asked; unqualified changes go there.
    """

    def __init__(
        self, workspace: Workspace, policy: str, action_policy: str, budget: Budget
    ) -> None:
        self.workspace = workspace
        self.lines: list[str] = []
        self._policy = policy
        self._actions = action_policy
        self._budget = budget
        self._results: tuple[Row, ...] = ()
        self._performed = 0

    def apply(self, item: Statement) -> None:
        """Apply one item of a sequence.

        :raises Refused: if it is none, or does not fit.
        """
        self._note(f"** Simulate: {print_statement(item)}")
        if not isinstance(item, Rule) or any(head.negated for head in item.heads):
            raise item_problem(item, "neither a change nor an action")
        head = item.head
        if head.modal is not None:
            raise item_problem(item, f"{head.modal}[...] is neither a change nor an action")
        if head.sign:
            self._change(item)
        elif head.policy is None and self._is_action(head.table):
            self._perform(item)
        else:
            names = f"{head.name}+, {head.name}-"
            raise item_problem(item, f"{head.name} is no action; did you mean {names}?")

    # -- changes ------------------------------------------------------------------

    def _change(self, item: Rule) -> None:
        """Insert or delete a fact or a rule."""
        if len(item.heads) > 1:
            raise item_problem(item, "a changed rule has one head")
        policy = self._policy if item.head.policy is None else item.head.policy
        kind = self.workspace.expect(policy)
        plain = _unsigned(item.head)
        statement = Rule((Literal(plain),), item.body, item.span)
        if item.body is None:
            if not ground(plain.terms):
                raise item_problem(item, "a change with variables needs a body")
            row = fact_row(self.workspace, policy, plain)
            table = (policy, plain.table)
            added, removed = ([row], []) if item.head.sign == "+" else ([], [row])
            self._update({table: (added, removed)}, item)
            return
        outcome = Outcome()
        tables = TableEditor(self.workspace, outcome)
        editor = StatementEditor(self.workspace, outcome, tables)
        if item.head.sign == "+":
            editor.insert_statement(policy, kind, statement, None, lenient=False)
        else:
            editor.delete_statement(policy, statement)
        self._settle(outcome, editor)

    def _update(
        self, changes: dict[TableId, tuple[Iterable[Row], Iterable[Row]]], item: Rule
    ) -> None:
        """Change rows, removing before adding."""
        outcome = Outcome()
        tables = TableEditor(self.workspace, outcome)
        for table, (added, removed) in changes.items():
            for sign, rows in (("-", removed), ("+", added)):
                for row in rows:
                    self._note(f"   {print_row(f'{table[0]}:{table[1]}{sign}', row)}")
            tables.update(table, added, removed)
        if outcome.rejected:
            raise item_problem(item, outcome.rejected[0].reason)
        self._settle(outcome, StatementEditor(self.workspace, outcome, tables))

    def _settle(self, outcome: Outcome, editor: StatementEditor) -> None:
        """Check and evaluate what an item changed."""
        editor.conclude()
        if outcome.problems:
            raise Refused(*outcome.problems)
        evaluator = Evaluator(self.workspace.contents, self._budget, Failures())
        refresh(self.workspace, outcome.touched, outcome.sinks, evaluator)

    # -- actions ------------------------------------------------------------------

    def _is_action(self, name: str) -> bool:
        return (name,) in self.workspace.contents((self._actions, "action"))

    def _perform(self, item: Rule) -> None:
        """Perform an action, with arguments from the first solution of its body."""
        heads = [head.atom for head in item.heads]
        if item.body is not None:
            trial = self._trial(heads)
            trial.assert_rows((self._actions, "result"), self._results)
            solved = trial.first_solution(item)
            if solved is None:
                self._note("   no solution: skipped")
                return
            heads = solved
        if not all(ground(head.terms) for head in heads):
            raise item_problem(item, "an action with variables needs a body that binds them")
        trial = self._trial(heads)
        for head in heads:
            row = fact_row(trial.workspace, self._actions, head)
            trial.assert_rows((self._actions, head.table), [row])
        effects = trial.effects(self._performed)
        self._performed += 1
        self._results = effects.results
        self._update(effects.changes, item)

    def _trial(self, heads: Iterable[Atom]) -> Trial:
        asserted = {head.table for head in heads}
        return Trial(self.workspace, self._policy, self._actions, asserted, self._budget)

    def _note(self, text: str) -> None:
        self.lines.append(f"{RUNTIME}: {text}")


def _unsigned(atom: Atom) -> Atom:
    return replace(atom, policy=None, table=atom.table[:-1])
