"""Advice about statements that are valid but perhaps not meant.

May import this package and ``congress.model`` only. Nothing here refuses.
Advice is given once all statements of a transaction are in, so that a table
that is defined a line further down counts as defined.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from congress.engine.lang.ast import ANONYMOUS, Aggregate, Constant, Literal, Rule, Term, Variable
from congress.engine.lang.draft import warning
from congress.engine.lang.resolved import (
    NOW,
    Call,
    Goal,
    Lookup,
    ResolvedRule,
    TableId,
    Truth,
    variables,
)
from congress.engine.lang.strata import reachable
from congress.engine.lang.types import type_mismatch
from congress.model.diagnostic import Diagnostic
from congress.model.schema import TableSchema

_CAPITALISED = {"True": "true", "False": "false", "None": "null"}
_BOUNDS = ("lt", "lteq", "gt", "gteq", "equal", "datetime_lt", "datetime_lteq")


class Surroundings(Protocol):
    """What a statement is stored among."""

    def declared(self, table: TableId) -> TableSchema | None:
        """The columns a datasource declares for a table."""

    def defined(self, table: TableId) -> bool:
        """Whether a rule, a row or a schema gives a table its contents."""

    def reads(self, table: TableId) -> Iterable[TableId]:
        """The tables that a table's rules read."""


Advice = Callable[[Rule, ResolvedRule, Surroundings], Iterator[Diagnostic]]


def lint(rule: Rule, resolved: ResolvedRule, surroundings: Surroundings) -> Iterator[Diagnostic]:
    """Every piece of advice about a rule that is stored."""
    for advise in ADVICE:
        yield from advise(rule, resolved, surroundings)


def _all_variables(rule: Rule) -> Iterator[Variable]:
    for literal in (*rule.heads, *rule.literals):
        for term in literal.atom.terms:
            variable = term.variable if isinstance(term, Aggregate) else term
            if isinstance(variable, Variable):
                yield variable


def _single_variables(
    rule: Rule, resolved: ResolvedRule, surroundings: Surroundings
) -> Iterator[Diagnostic]:
    found = list(_all_variables(rule))
    counts = Counter(variable.name for variable in found)
    for variable in found:
        name = variable.name
        if counts[name] == 1 and name != ANONYMOUS and name not in _CAPITALISED:
            hint = "write _ where the value does not matter"
            yield warning("unused-variable", f"{name} occurs only once", variable.span, hint)


def _capitalised(
    rule: Rule, resolved: ResolvedRule, surroundings: Surroundings
) -> Iterator[Diagnostic]:
    reported: set[str] = set()
    for variable in _all_variables(rule):
        name = variable.name
        if name in _CAPITALISED and name not in reported:
            reported.add(name)
            hint = f"write {_CAPITALISED[name]} for the value"
            message = f"{name} is a variable here"
            yield warning("capitalised-constant", message, variable.span, hint)


def _impossible_constants(
    rule: Rule, resolved: ResolvedRule, surroundings: Surroundings
) -> Iterator[Diagnostic]:
    for goal in resolved.lookups:
        schema = surroundings.declared(goal.table)
        for column, term in zip(schema.columns, goal.terms, strict=False) if schema else ():
            mismatch = type_mismatch(column, term)
            if mismatch is not None:
                yield mismatch


def _bare_builtins(
    rule: Rule, resolved: ResolvedRule, surroundings: Surroundings
) -> Iterator[Diagnostic]:
    for literal, goal in _pairs(rule, resolved):
        atom = literal.atom
        builtin = isinstance(goal, Call) or (isinstance(goal, Lookup) and goal.table == NOW)
        if builtin and atom.policy is None:
            hint = f"write builtin:{atom.table}"
            yield warning("bare-builtin", f"{atom.table} is a builtin", atom.span, hint)


def _padded_atoms(
    rule: Rule, resolved: ResolvedRule, surroundings: Surroundings
) -> Iterator[Diagnostic]:
    for literal, goal in _pairs(rule, resolved):
        atom = literal.atom
        if atom.columns or not isinstance(goal, Lookup) or len(goal.terms) == len(atom.arguments):
            continue
        message = f"{atom.name} has {len(goal.terms)} columns, {len(atom.arguments)} are given"
        hint = "write _ for the others, or refer to columns by name"
        yield warning("padded-atom", message, atom.span, hint)


def _products(
    rule: Rule, resolved: ResolvedRule, surroundings: Surroundings
) -> Iterator[Diagnostic]:
    groups: list[set[str]] = []
    read: set[str] = set()
    for goal in resolved.body:
        if isinstance(goal, Truth) or goal.negated or not (names := variables(goal.terms)):
            continue
        if isinstance(goal, Lookup):
            read |= names
        met = [group for group in groups if group & names]
        groups = [group for group in groups if group not in met]
        groups.append(names.union(*met))
    if sum(not group.isdisjoint(read) for group in groups) > 1:
        message = "literals that share no variable are combined in every way"
        hint = "join them on a variable, or split the rule"
        yield warning("cartesian-product", message, rule.span, hint)


def _undefined_tables(
    rule: Rule, resolved: ResolvedRule, surroundings: Surroundings
) -> Iterator[Diagnostic]:
    reported: set[TableId] = set()
    for goal in resolved.lookups:
        table = goal.table
        if table == NOW or table in reported or surroundings.defined(table):
            continue
        reported.add(table)
        message = f"nothing defines {table[0]}:{table[1]}; it is empty"
        yield warning("undefined-table", message, goal.span, "check the spelling of the name")


def _never(rule: Rule, resolved: ResolvedRule, surroundings: Surroundings) -> Iterator[Diagnostic]:
    positive = {(g.table, g.terms) for g in resolved.lookups if not g.negated}
    for goal in resolved.body:
        reason = ""
        if isinstance(goal, Truth):
            reason = "" if goal.truth else "the literal is false"
        elif isinstance(goal, Lookup):
            if goal.negated and (goal.table, goal.terms) in positive:
                reason = "the literal denies another one"
        elif not goal.outputs and not _holds(goal):
            reason = "the comparison is false"
        if reason:
            hint = "leave the literal out, or the rule"
            yield warning("never-fires", f"the rule never holds: {reason}", goal.span, hint)


def _holds(goal: Call) -> bool:
    """Whether a call without outputs may hold: unknown values may, failures do not."""
    values = [term.value for term in goal.terms if isinstance(term, Constant)]
    if len(values) != len(goal.terms) or not goal.builtin.deterministic:
        return True
    try:
        return bool(goal.builtin.function(*values)) != goal.negated
    except Exception:
        return False


def _growth(rule: Rule, resolved: ResolvedRule, surroundings: Surroundings) -> Iterator[Diagnostic]:
    growing = [
        goal
        for goal in resolved.body
        if isinstance(goal, Call) and goal.builtin.grows and not goal.negated
    ]
    if not growing or resolved.head.modal is not None:
        return
    reached = reachable([goal.table for goal in resolved.lookups], surroundings.reads)
    if resolved.head.table not in reached:
        return
    bounded = _names(
        goal.terms
        for goal in resolved.body
        if isinstance(goal, Call) and goal.builtin.name in _BOUNDS and not goal.negated
    )
    head = variables(resolved.head.terms)
    for goal in growing:
        grown = _names([goal.outputs])
        if grown & head and not (grown | _names([goal.inputs])) & bounded:
            message = f"{goal.builtin.name} grows values inside a recursion without a bound"
            hint = "compare the value with a bound, as in builtin:lt(n, 100)"
            yield warning("unbounded-growth", message, goal.span, hint)


def _names(terms: Iterable[tuple[Term, ...]]) -> set[str]:
    return set().union(*(variables(each) for each in terms))


def _pairs(rule: Rule, resolved: ResolvedRule) -> Iterator[tuple[Literal, Goal]]:
    return zip(rule.literals, resolved.body, strict=True)


ADVICE: tuple[Advice, ...] = (
    _single_variables,
    _capitalised,
    _impossible_constants,
    _bare_builtins,
    _padded_atoms,
    _products,
    _undefined_tables,
    _never,
    _growth,
)
