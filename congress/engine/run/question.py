"""Reads a query: one atom, or one rule that is never stored.

May import ``congress.engine`` below the facade and ``congress.model`` only.

Invariant: a question's body can be worked off; nothing in it waits for a schema.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from congress.engine.lang.ast import Aggregate, Atom, Literal, Rule, Statement, Term, Variable
from congress.engine.lang.checks import aggregate_problem, modal_problems
from congress.engine.lang.names import Resolver
from congress.engine.lang.parser import parse
from congress.engine.lang.resolved import (
    OPEN,
    Call,
    Goal,
    Head,
    Lookup,
    Plain,
    ResolvedRule,
    TableId,
    Truth,
    variables,
)
from congress.engine.lang.safety import unsafe_goals
from congress.engine.workspace import Workspace
from congress.model.diagnostic import Diagnostic, Refused, refuse

_BIND = "bind it in the body"
_HINT = "ask for one atom, or for one rule with one head"


@dataclass(frozen=True, slots=True)
class Question:
    """A query that passed the checks.

    :param head: the head of a query that is a rule, else None.
    :param shown: the body's literals as answers show them, one per goal. Their
        variables are those of the goals; for a query that is an atom, the atom.
    """

    policy: str
    head: Atom | None
    shown: tuple[Literal, ...]
    goals: tuple[Goal, ...]

    @property
    def rule(self) -> ResolvedRule:
        """The question as a rule."""
        terms = self.head.arguments if self.head else ()
        return ResolvedRule(Head((self.policy, ""), terms), self.goals)


def read_question(workspace: Workspace, policy: str, text: str) -> Question:
    """The question a text asks in a policy.

    :raises Refused: if it asks none, or does not fit the schemas.
    """
    return question_of(workspace, policy, read_statement(text))


def read_statement(text: str) -> Rule:
    """The one statement that a question's text holds.

    :raises Refused: if there is none, or another number, or it cannot be asked.
    """
    return _single(parse(text))


def question_of(workspace: Workspace, policy: str, rule: Rule) -> Question:
    """The question that a statement asks.

    :raises Refused: if it does not fit, or there is no such policy.
    """
    workspace.expect(policy)
    resolver = Resolver(policy, workspace, fixing=False)
    problems: list[Diagnostic] = []
    if rule.body is None:
        literals: Sequence[Literal] = rule.heads
        head = None
        if rule.head.modal is not None:
            return Question(policy, None, rule.heads, ())
    else:
        literals, head = rule.body, rule.head
        problems += modal_problems(rule)
        problems += [p for term in head.terms if (p := aggregate_problem(term, None)) is not None]
    goals: list[Goal] = []
    shown: list[Literal] = []
    for position, literal in enumerate(literals):
        goal = _goal(resolver, workspace, literal, padded=head is not None)
        if goal is not None:
            goal = _told_apart(goal, position)
            goals.append(goal)
            shown.append(_shown(literal, goal))
    problems += resolver.result.problems
    problems += [_unknown(table) for table in sorted(resolver.result.waits)]
    question = Question(policy, head, tuple(shown), tuple(goals))
    if not problems:
        problems += _unbound(question, head)
    if problems:
        raise Refused(*problems)
    return question


def _single(statements: list[Statement]) -> Rule:
    if len(statements) != 1:
        message = f"a query is one statement, not {len(statements)}"
        raise refuse("shape", message, hint=_HINT)
    statement = statements[0]
    if not isinstance(statement, Rule) or len(statement.heads) != 1:
        raise Refused(Diagnostic("shape", "this cannot be asked", statement.span, _HINT))
    if statement.heads[0].negated:
        raise Refused(Diagnostic("shape", "a negated atom cannot be asked", statement.span, _HINT))
    return statement


def _goal(
    resolver: Resolver, workspace: Workspace, literal: Literal, *, padded: bool
) -> Goal | None:
    """A literal's goal; one with a wrong number of arguments matches nothing."""
    atom = literal.atom
    if not atom.columns and not resolver.calls_builtin(atom):
        arity = workspace.arity(resolver.table_of(atom))
        count = len(atom.arguments)
        if arity is not None and (count > arity or (count < arity and not padded)):
            return Truth(literal.negated, atom.span)
    return resolver.goal(literal)


def _told_apart(goal: Goal, position: int) -> Goal:
    """The goal with a name for every anonymous variable that will have a value."""
    if isinstance(goal, Truth) or goal.negated:
        return goal
    terms: list[Plain] = []
    for number, term in enumerate(goal.terms):
        fresh = isinstance(term, Variable) and term.anonymous
        terms.append(Variable(f"{position}.{number}") if fresh else term)
    return replace(goal, terms=tuple(terms))


def _shown(literal: Literal, goal: Goal) -> Literal:
    if isinstance(goal, Truth) or goal.negated:
        return literal
    count = len(goal.terms) if literal.atom.columns else len(literal.atom.arguments)
    atom = replace(literal.atom, arguments=goal.terms[:count], columns=())
    return Literal(atom)


def _unbound(question: Question, head: Atom | None) -> Iterator[Diagnostic]:
    """Problems with variables: unbound builtins, negations and aggregates."""
    outside = variables(head.terms) if head else set()
    yield from unsafe_goals(question.goals, outside)
    bound: set[str] = set()
    for goal in question.goals:
        if isinstance(goal, Lookup | Call) and not goal.negated:
            bound |= variables(goal.terms)
    grouped = head is not None and any(isinstance(term, Aggregate) for term in head.terms)
    for term in head.terms if head is not None and grouped else ():
        if variables((term,)) - bound or _anonymous(term):
            message = "a variable of a head with aggregates does not occur in the body"
            yield Diagnostic("head-variable", message, head.span if head else None, _BIND)


def _anonymous(term: Term) -> bool:
    return term == OPEN or (isinstance(term, Aggregate) and term.variable == OPEN)


def _unknown(table: TableId) -> Diagnostic:
    policy, name = table
    message = f"the columns of {policy}:{name} are not known"
    return Diagnostic("column-name", message, hint="ask by position, or wait for the schema")
