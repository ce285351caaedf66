"""The checks of a statement's form: what may stand where, whatever tables exist.

May import this package and ``congress.model`` only. Each function is one pass
and yields every problem it finds.
"""

from collections.abc import Iterator

from congress.engine.lang.ast import Aggregate, Atom, Constant, Event, Modal, Rule, Term, Variable
from congress.engine.lang.draft import Draft
from congress.engine.lang.names import Resolver
from congress.engine.lang.resolved import variables
from congress.model.diagnostic import Diagnostic
from congress.model.policy import PolicyKind

AGGREGATE_NAMES = ("count", "sum", "min", "max", "avg")


def check_shape(draft: Draft) -> Iterator[Diagnostic]:
    """One positive head, no event, no action without a body."""
    statement = draft.statement
    if isinstance(statement, Event):
        hint = "write the rule itself; insert and delete are operations"
        yield Diagnostic("shape", "an event cannot be stored", statement.span, hint)
        return
    if len(statement.heads) > 1:
        hint = "write one rule for each head"
        yield Diagnostic("shape", "a stored rule has one head", statement.span, hint)
    elif statement.heads[0].negated:
        hint = "state what holds; what is not stated does not hold"
        yield Diagnostic("shape", "a head cannot be negated", statement.span, hint)
    elif statement.body is None and statement.head.modal is not None:
        message = f"{statement.head.modal}[...] needs a body that says when"
        yield Diagnostic("shape", message, statement.span, "add ':-' and a body")


def check_head(draft: Draft) -> Iterator[Diagnostic]:
    """No foreign heads, no modals but execute, no names of builtins."""
    head = draft.head
    if head.modal is not None:
        if head.modal is not Modal.EXECUTE and draft.kind is not PolicyKind.ACTION:
            hint = "only execute[...] may stand before ':-'"
            message = f"{head.modal}[...] cannot be a head"
            yield Diagnostic("modal-head", message, head.span, hint)
        return
    if head.policy is not None and not (draft.loose and head.sign):
        hint = f"write {head.table}; a policy defines its own tables only"
        what = "fact" if draft.fact else "head"
        yield Diagnostic(f"qualified-{what}", f"a {what} names no policy", head.span, hint)
    elif not draft.loose and _named_like_builtin(head, draft):
        message = f"{head.table} is the name of a builtin"
        yield Diagnostic("builtin-name", message, head.span, "choose another name")


def _named_like_builtin(head: Atom, draft: Draft) -> bool:
    if not Resolver(draft.policy, draft.catalogue).names_builtin(head.table):
        return False
    return draft.catalogue.declared((draft.policy, head.table)) is None


def check_modals(draft: Draft) -> Iterator[Diagnostic]:
    """No modals in bodies."""
    yield from modal_problems(draft.rule)


def modal_problems(rule: Rule) -> Iterator[Diagnostic]:
    """A problem for each modal in a rule's body."""
    for literal in rule.literals:
        if literal.atom.modal is not None:
            message = f"{literal.atom.modal}[...] in a body"
            hint = "read the tables that the action depends on instead"
            yield Diagnostic("modal-body", message, literal.atom.span, hint)


def check_aggregates(draft: Draft) -> Iterator[Diagnostic]:
    """Aggregates only in heads of rules without modal, and known ones only."""
    where = None
    if draft.fact or draft.head.modal is not None:
        where = "a fact" if draft.fact else f"{draft.head.modal}[...]"
    for term in draft.head.terms:
        problem = aggregate_problem(term, where)
        if problem is not None:
            yield problem


def aggregate_problem(term: Term, where: str | None) -> Diagnostic | None:
    """What is wrong with a head's term as an aggregate.

    :param where: the place, if it is one where aggregates cannot stand.
    """
    if not isinstance(term, Aggregate):
        return None
    text = f"{term.function}<{term.variable.name}>"
    if where is not None:
        hint = "aggregate in a rule of its own and refer to its table"
        return Diagnostic("aggregate", f"{text} in {where}", term.span, hint)
    if term.function not in AGGREGATE_NAMES:
        hint = f"there are {', '.join(AGGREGATE_NAMES)}"
        return Diagnostic("aggregate", f"there is no aggregate {term.function}", term.span, hint)
    return None


def check_variables(draft: Draft) -> Iterator[Diagnostic]:
    """Facts hold values only; every head variable occurs in the body."""
    terms = draft.head.terms
    if draft.fact:
        for term in terms:
            if isinstance(term, Variable):
                message = f"the fact holds the variable {term.name}"
                hint = "put text into quotes, or add a body that binds the variable"
                yield Diagnostic("not-ground", message, term.span, hint)
        return
    bound = set().union(*(variables(each.atom.terms) for each in draft.rule.literals))
    open_terms = draft.loose and not any(isinstance(term, Aggregate) for term in terms)
    reported: set[str] = set()
    for term in terms:
        if isinstance(term, Constant):
            continue
        variable = term.variable if isinstance(term, Aggregate) else term
        name = variable.name
        if name in bound or name in reported:
            continue
        if open_terms and not variable.anonymous:
            continue
        reported.add(name)
        message = f"the head variable {name} does not occur in the body"
        hint = "bind it in the body, or write a value in its place"
        yield Diagnostic("head-variable", message, term.span, hint)
