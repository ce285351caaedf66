"""Answers one request for an explanation.

May import ``congress.engine`` below the facade and ``congress.model`` only.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from congress.engine.explain.inquiry import Inquiry
from congress.engine.explain.tree import Bounds, End, Explanation, Fact
from congress.engine.explain.why import Why
from congress.engine.explain.whynot import WhyNot
from congress.engine.lang.ast import Aggregate, Atom
from congress.engine.lang.identity import parse_one
from congress.engine.lang.printer import print_statement
from congress.engine.lang.resolved import Lookup, Plain, TableId
from congress.engine.run.budget import Budget, OverBudget
from congress.engine.run.query import fits
from congress.engine.run.question import Question, read_question
from congress.engine.workspace import RuleKey, Workspace
from congress.model.diagnostic import Diagnostic, Refused
from congress.model.values import Row, row_order_key

#: Works an explanation out; may run on any thread, once.
Pending: TypeAlias = Callable[[], Explanation]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is asked: rows of a table, or an action that rules under a modal ask for."""

    table: TableId
    terms: tuple[Plain, ...]
    modal: str = ""
    sinks: tuple[RuleKey, ...] = ()


def explanation(
    state: Workspace, policy: str, text: str, bounds: Bounds, budget: Budget
) -> Pending:
    """Find out what is asked; what is returned works it out.

    :param state: a fork, which stays as it is.
    :raises Refused: if the text is not one atom of a table or an action.
    """
    question = read_question(state, policy, text)
    subject = _subject(state, question)
    asked = print_statement(parse_one(text))
    return lambda: _explain(state, policy, asked, subject, bounds, budget)


def _explain(
    state: Workspace,
    policy: str,
    asked: str,
    subject: _Subject,
    bounds: Bounds,
    budget: Budget,
) -> Explanation:
    inquiry = Inquiry(state, bounds, budget, subject.sinks)
    whynot = WhyNot(inquiry)
    why = Why(inquiry, whynot.absence)
    whynot.why = why
    try:
        rows = _rows(inquiry, subject)
    except OverBudget:
        return Explanation(policy, asked, cut=frozenset({End.BUDGET}))
    most = bounds.alternatives
    facts: list[Fact] = []
    absence = None
    for row in heapq.nsmallest(bounds.limit, rows, key=row_order_key):
        if subject.modal:
            facts.append(why.demand(subject.table, row, subject.modal, most))
        else:
            facts.append(why.fact(subject.table, row, 0, most))
    if not rows:
        absence = whynot.absence(subject.table, subject.terms, 0, most, subject.modal)
    return Explanation(
        policy,
        asked,
        tuple(facts),
        len(rows),
        absence,
        frozenset(inquiry.sources),
        frozenset(inquiry.cut),
    )


def _rows(inquiry: Inquiry, subject: _Subject) -> set[Row]:
    """The rows that are as asked."""
    if not subject.modal:
        return set(inquiry.matcher.fitting(subject.table, subject.terms, {}))
    found = (row for key in subject.sinks for row in inquiry.state.sinks.get(key, ()))
    return {row for row in found if fits(subject.terms, row)}


def _subject(state: Workspace, question: Question) -> _Subject:
    atom = question.shown[0].atom if question.shown else None
    if question.head is not None or atom is None:
        raise _unsuitable(atom)
    if atom.modal is not None:
        return _action(state, question.policy, atom)
    goal = question.goals[0]
    if not isinstance(goal, Lookup):
        raise _unsuitable(atom)
    return _Subject(goal.table, goal.terms)


def _action(state: Workspace, policy: str, atom: Atom) -> _Subject:
    sinks = [
        key
        for key, stored in sorted(state.rules.items(), key=lambda item: item[0])
        if key[0] == policy
        and stored.active
        and stored.rule.head.modal is atom.modal
        and stored.rule.head.name == atom.name
        and len(stored.rule.head.arguments) == len(atom.arguments)
    ]
    terms = tuple(term for term in atom.arguments if not isinstance(term, Aggregate))
    return _Subject((policy, atom.name), terms, str(atom.modal), tuple(sinks))


def _unsuitable(atom: Atom | None) -> Refused:
    message = "only one atom of a table, or one action, can be explained"
    hint = 'ask for instance error("vm1"), error(x) or execute[nova:servers.stop(x)]'
    return Refused(Diagnostic("shape", message, atom.span if atom else None, hint))
