"""Answers questions over one state.

May import ``congress.engine`` below the facade and ``congress.model`` only.

Invariant: asking changes nothing, and an answer is an instance of the question.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from congress.engine.lang.ast import ANONYMOUS, Atom, Constant, Literal, Rule, Term, Variable
from congress.engine.lang.printer import print_rule
from congress.engine.lang.resolved import variables
from congress.engine.plan.order import arrange, local_variables
from congress.engine.plan.steps import Scan, make_plan
from congress.engine.results import Answers
from congress.engine.run.budget import Budget
from congress.engine.run.join import Failures, solve_merged
from congress.engine.run.naive import Evaluator, NamedRule
from congress.engine.run.question import Question
from congress.engine.run.relation import Stored
from congress.engine.workspace import Workspace
from congress.model import order
from congress.model.values import Row, Value, row_order_key


@dataclass(frozen=True, slots=True)
class Answer:
    """One instance of a question. ``row`` is None if the head has open variables."""

    rule: Rule
    row: Row | None

    def text(self, sign: str = "") -> str:
        """The instance, with a sign behind the name of the atom or head."""
        if not sign:
            return print_rule(self.rule)
        head = self.rule.heads[0]
        signed = replace(head, atom=replace(head.atom, table=head.atom.table + sign))
        return print_rule(replace(self.rule, heads=(signed,)))


def answers(
    workspace: Workspace, question: Question, budget: Budget, limit: int | None = None
) -> Answers:
    """The answers of a question, at most ``limit`` of them.

    :raises Refused: if that costs too much.
    """
    found = in_order(find(workspace, question, budget, limit).values())
    rows = list(dict.fromkeys(answer.row for answer in found if answer.row is not None))
    return Answers(rows, lambda: [answer.text() for answer in found])


def in_order(found: Iterable[Answer]) -> list[Answer]:
    """Answers by the order of their rows, then of their texts."""
    return order.in_order(
        list(found), lambda answer: (row_order_key(answer.row or ()), answer.text())
    )


def find(
    workspace: Workspace, question: Question, budget: Budget, limit: int | None = None
) -> dict[Rule, Answer]:
    """The answers by what they say; numbers count by value."""
    found: dict[Rule, Answer] = {}
    for answer in _instances(workspace, question, budget):
        if limit is not None and len(found) >= limit:
            break
        if answer.rule not in found:
            budget.derive()
            found[answer.rule] = answer
    return found


def _instances(workspace: Workspace, question: Question, budget: Budget) -> Iterator[Answer]:
    failures: Failures = Failures()
    if not question.goals and question.head is None:
        return _called(workspace, question)
    if question.rule.head.aggregates:
        return _grouped(workspace, question, budget, failures)
    return _joined(workspace, question, budget, failures)


def _called(workspace: Workspace, question: Question) -> Iterator[Answer]:
    """Instances of an atom under a modal: the rows of the rules that ask for it."""
    atom = question.shown[0].atom
    for key, rows in workspace.sinks.items():
        head = workspace.rules[key].rule.head
        if key[0] != question.policy or head.name != atom.name or head.modal is not atom.modal:
            continue
        for row in rows:
            if fits(atom.arguments, row) and not atom.columns:
                instance = replace(atom, arguments=tuple(map(Constant, row)))
                yield Answer(Rule((Literal(instance),)), row)


def fits(terms: tuple[Term, ...], row: Row) -> bool:
    """Whether a row is an instance of some terms."""
    if len(terms) != len(row):
        return False
    values: dict[str, Value] = {}
    for term, value in zip(terms, row, strict=True):
        if isinstance(term, Constant):
            if term.value != value:
                return False
            continue
        name = term.name if isinstance(term, Variable) else ""
        if name != ANONYMOUS and values.setdefault(name, value) != value:
            return False
    return True


def _joined(
    workspace: Workspace, question: Question, budget: Budget, failures: Failures
) -> Iterator[Answer]:
    head, goals = question.head, question.goals
    local = local_variables(goals, variables(head.terms) if head else set())
    order, _ = arrange(goals, local, lambda table: len(workspace.contents(table)))
    plan = make_plan(goals, order)
    shown = plan.places.values()

    def read(scan: Scan) -> Stored:
        return workspace.contents(scan.table)

    for environment, _ in solve_merged(plan, read, budget, failures, shown):
        values = {name: environment[place] for name, place in plan.places.items()}
        yield _answer(question, values)


def _grouped(
    workspace: Workspace, question: Question, budget: Budget, failures: Failures
) -> Iterator[Answer]:
    """Instances of a head with aggregates: the body shows what a whole group shares."""
    head = question.head
    if head is None:
        return
    evaluator = Evaluator(workspace.contents, budget, failures)
    named = NamedRule((question.policy, "query"), question.rule)
    for row in evaluator.rows(named, {}):
        values: dict[str, Value] = {}
        for term, value in zip(head.arguments, row, strict=True):
            if isinstance(term, Variable):
                values[term.name] = value
        body = tuple(_filled(literal, values) for literal in question.shown)
        instance = replace(head, arguments=tuple(map(Constant, row)))
        yield Answer(Rule((Literal(instance),), body), row)


def _answer(question: Question, values: dict[str, Value]) -> Answer:
    body = tuple(_filled(literal, values) for literal in question.shown)
    if question.head is None:
        return Answer(Rule(body), _row(body[0].atom))
    head = _filled(Literal(question.head), values)
    return Answer(Rule((head,), body), _row(head.atom))


def _filled(literal: Literal, values: dict[str, Value]) -> Literal:
    """A literal with values in place of the variables that have them."""
    atom = literal.atom
    arguments = tuple(_value(term, values) for term in atom.arguments)
    columns = tuple((column, _value(term, values)) for column, term in atom.columns)
    return replace(literal, atom=replace(atom, arguments=arguments, columns=columns))


def _value(term: Term, values: dict[str, Value]) -> Term:
    if isinstance(term, Variable):
        if term.name in values:
            return Constant(values[term.name])
        if "0" <= term.name[0] <= "9":
            return Variable(ANONYMOUS)
    return term


def _row(atom: Atom) -> Row | None:
    values: list[Value] = []
    for term in atom.terms:
        if not isinstance(term, Constant):
            return None
        values.append(term.value)
    return tuple(values)
