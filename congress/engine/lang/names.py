"""Finds out what names mean: tables by policy, columns by position, builtins.

May import this package and ``congress.model`` only. Statements stay symbolic;
this is done when one is stored, and again when a schema it refers to changes.

Invariant: a statement either resolves in full, or waits for tables that are
named, or has a diagnostic for every name that fits nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Protocol

from congress.engine.lang.ast import Aggregate, Atom, Column, Constant, Literal, Rule, Term
from congress.engine.lang.resolved import (
    NOW,
    OPEN,
    Call,
    Goal,
    Head,
    Lookup,
    Plain,
    ResolvedRule,
    TableId,
    Truth,
)
from congress.engine.lang.types import classic_constant
from congress.model.builtin import Builtin
from congress.model.diagnostic import Diagnostic, Span
from congress.model.policy import PolicyKind
from congress.model.schema import TableSchema

BUILTIN_POLICY = "builtin"


class Catalogue(Protocol):
    """What names can refer to."""

    @property
    def builtins(self) -> Mapping[str, Builtin]:
        """All builtins by name."""

    def kind(self, policy: str) -> PolicyKind | None:
        """The kind of a policy, if it exists."""

    def declared(self, table: TableId) -> TableSchema | None:
        """The columns a datasource declares for a table."""

    def closed(self, policy: str) -> bool:
        """Whether a policy's schema is complete."""

    def arity(self, table: TableId) -> int | None:
        """The number of columns of a table, declared or fixed by its first mention."""

    def builtin(self, name: str) -> Builtin | None:
        """The builtin of that name."""


@dataclass(slots=True)
class Resolution:
    """What came of resolving one statement.

    ``mentions`` are the tables it mentions, with their columns; ``waits`` those
    whose columns it needs to know first. ``rule`` is set if there is neither a
    problem nor anything to wait for.
    """

    rule: ResolvedRule | None = None
    mentions: dict[TableId, int] = field(default_factory=dict)
    waits: set[TableId] = field(default_factory=set)
    problems: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)


def resolve(rule: Rule, policy: str, catalogue: Catalogue) -> Resolution:
    """Resolve a fact or a rule of one head that is to be stored in a policy."""
    resolver = Resolver(policy, catalogue)
    head = resolver.head(rule)
    body = [resolver.goal(literal) for literal in rule.literals]
    result = resolver.result
    if head is not None and not result.waits and not result.problems:
        goals = tuple(goal for goal in body if goal is not None)
        result.rule = ResolvedRule(head, goals)
    return result


class Resolver:
    """Resolves the atoms of one statement, in the order in which they are given."""

    def __init__(self, policy: str, catalogue: Catalogue, *, fixing: bool = True) -> None:
        """With ``fixing`` the first mention of a table fixes its columns."""
        self._policy = policy
        self._catalogue = catalogue
        self._fixing = fixing
        self.result = Resolution()

    # -- heads ------------------------------------------------------------------

    def head(self, rule: Rule) -> Head | None:
        """What the rule's head defines."""
        atom = rule.head
        if atom.modal is not None:
            if atom.columns:
                hint = "give an action's arguments by position"
                self._problem("column-kind", f"action {atom.name} has no columns", atom.span, hint)
                return None
            return Head((self._policy, atom.name), atom.arguments, atom.modal)
        table = self.table_of(atom)
        effects = self._catalogue.kind(self._policy) is PolicyKind.ACTION
        groups = any(isinstance(term, Aggregate) for term in atom.terms)
        open_head = effects and rule.body is not None and not groups
        terms = self._terms(atom, table, pad=open_head)
        if terms is None:
            return None
        if len(terms) < (self._arity(table) or 0):
            self._too_short(atom, table, terms)
            return None
        return Head(table, terms)

    def _too_short(self, atom: Atom, table: TableId, terms: tuple[Term, ...]) -> None:
        arity = self._arity(table)
        message = f"{atom.name} has {arity} columns, {len(terms)} are given"
        self._problem("arity", message, atom.span, "a fact or head gives every column")

    # -- bodies -----------------------------------------------------------------

    def goal(self, literal: Literal) -> Goal | None:
        """What a body literal asks for; None if that cannot be told."""
        atom = literal.atom
        if atom.policy is None and atom.table in ("true", "false"):
            return Truth((atom.table == "true") != literal.negated, atom.span)
        if self.calls_builtin(atom):
            return self._call(literal)
        table = self.table_of(atom)
        terms = self._terms(atom, table, pad=True)
        return None if terms is None else self._lookup(table, terms, literal)

    def _lookup(self, table: TableId, terms: tuple[Term, ...], literal: Literal) -> Lookup | None:
        plain = self._plain(terms, literal.atom)
        if plain is None:
            return None
        return Lookup(table, plain, literal.negated, literal.atom.span)

    def _call(self, literal: Literal) -> Goal | None:
        atom = literal.atom
        plain = self._plain(atom.arguments, atom)
        if plain is None:
            return None
        if atom.table == NOW[1] and len(plain) == 1 and not atom.columns:
            return Lookup(NOW, plain, literal.negated, atom.span)
        builtin = self._catalogue.builtin(atom.table)
        if builtin is None:
            near = get_close_matches(atom.table, self._catalogue.builtins, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "check the spelling"
            self._unknown_builtin(atom, f"there is no builtin {atom.table}", hint)
            return None
        if atom.columns or len(plain) != builtin.arity:
            names = ", ".join(builtin.inputs + builtin.outputs)
            message = f"builtin {builtin.name} takes {builtin.arity} arguments by position"
            self._unknown_builtin(atom, message, f"write builtin:{builtin.name}({names})")
            return None
        return Call(builtin, plain, literal.negated, atom.span)

    def calls_builtin(self, atom: Atom) -> bool:
        """Whether a body atom means a builtin and not a table."""
        if atom.policy == BUILTIN_POLICY:
            return True
        if atom.policy is not None or not self.names_builtin(atom.table):
            return False
        own: TableId = (self._policy, atom.table)
        return self._catalogue.declared(own) is None

    def names_builtin(self, table: str) -> bool:
        """Whether a bare name is that of a builtin."""
        return table == NOW[1] or self._catalogue.builtin(table) is not None

    def table_of(self, atom: Atom) -> TableId:
        """The table an atom names."""
        return (self._policy if atom.policy is None else atom.policy, atom.table)

    # -- columns ----------------------------------------------------------------

    def _arity(self, table: TableId) -> int | None:
        known = self._catalogue.arity(table)
        return self.result.mentions.get(table) if known is None else known

    def _terms(self, atom: Atom, table: TableId, *, pad: bool) -> tuple[Term, ...] | None:
        """The atom's terms by position; None if it waits or does not fit."""
        arity = self._arity(table)
        if arity is None and self._missing(atom, table):
            return None
        if atom.columns:
            return self._placed(atom, table, arity)
        count = len(atom.arguments)
        if arity is None:
            arity = count
        elif count > arity:
            message = f"{atom.name} has {arity} columns, {count} are given"
            self._problem("arity", message, atom.span, "leave out the surplus arguments")
            return None
        self._mention(table, arity)
        terms = self._classic(atom.arguments, table)
        return terms + (OPEN,) * (arity - count) if pad else terms

    def _missing(self, atom: Atom, table: TableId) -> bool:
        """Report a table that a closed schema does not have."""
        policy, name = table
        if not self._catalogue.closed(policy):
            return False
        message = f"datasource {policy} has no table {name}"
        self._problem("unknown-table", message, atom.span, "see the datasource's schema")
        return True

    def _placed(self, atom: Atom, table: TableId, arity: int | None) -> tuple[Term, ...] | None:
        """Terms of an atom with column references."""
        schema = self._catalogue.declared(table)
        named = any(isinstance(column, str) for column, _ in atom.columns)
        if named and schema is None and self._nameless(atom, table, arity):
            return None
        if arity is None or (named and schema is None):
            self.result.waits.add(table)
            return None
        if len(atom.arguments) > arity:
            message = f"{atom.name} has {arity} columns, {len(atom.arguments)} are given"
            self._problem("arity", message, atom.span, "leave out the surplus arguments")
            return None
        names = schema.column_names if schema else ()
        terms: list[Term] = list(atom.arguments) + [OPEN] * (arity - len(atom.arguments))
        taken = set(range(len(atom.arguments)))
        fits = True
        for column, term in atom.columns:
            place = self._place(column, names, arity)
            if place is None or place in taken:
                self._bad_column(atom, column, names, arity, known=place is not None)
                fits = False
                continue
            taken.add(place)
            terms[place] = term
        if not fits:
            return None
        self._mention(table, arity)
        return self._classic(tuple(terms), table)

    def _nameless(self, atom: Atom, table: TableId, arity: int | None) -> bool:
        """Report named columns of a table that will never have any."""
        kind = self._catalogue.kind(table[0])
        if kind is None or kind is PolicyKind.DATASOURCE or arity is None:
            return False
        message = f"the columns of {atom.name} have no names"
        self._problem("column-kind", message, atom.span, "refer to columns by number")
        return True

    def _place(self, column: Column, names: tuple[str, ...], arity: int) -> int | None:
        if isinstance(column, int):
            return column if column < arity else None
        return names.index(column) if column in names else None

    def _bad_column(
        self, atom: Atom, column: Column, names: tuple[str, ...], arity: int, *, known: bool
    ) -> None:
        if known:
            message = f"column {column} of {atom.name} is given twice"
            self._problem("column-name", message, atom.span, "leave one out")
            return
        message = f"{atom.name} has no column {column}"
        choices = f"its columns are {', '.join(names)}" if names else f"it has {arity} columns"
        self._problem("column-name", message, atom.span, choices)

    def _mention(self, table: TableId, arity: int) -> None:
        if self._fixing:
            self.result.mentions.setdefault(table, arity)

    # -- terms ------------------------------------------------------------------

    def _classic(self, terms: tuple[Term, ...], table: TableId) -> tuple[Term, ...]:
        """Read strings that old policies use for booleans and null."""
        schema = self._catalogue.declared(table)
        if schema is None:
            return terms
        read: list[Term] = []
        for column, term in zip(schema.columns, terms, strict=False):
            new, warning = classic_constant(column, term)
            read.append(new)
            if warning:
                self.result.warnings.append(warning)
        return (*read, *terms[len(read) :])

    def _plain(self, terms: Iterable[Term], atom: Atom) -> tuple[Plain, ...] | None:
        """Terms without aggregates, which a body cannot have."""
        plain: list[Plain] = []
        for term in terms:
            if isinstance(term, Aggregate):
                message = f"{term.function}<{term.variable.name}> in a body"
                self._problem("aggregate", message, atom.span, "aggregates stand in heads only")
                return None
            plain.append(term)
        return tuple(plain)

    def _unknown_builtin(self, atom: Atom, message: str, hint: str) -> None:
        self._problem("unknown-builtin", message, atom.span, hint)

    def _problem(self, code: str, message: str, span: Span | None, hint: str) -> None:
        self.result.problems.append(Diagnostic(code, message, span, hint))


def ground(terms: Iterable[Term]) -> bool:
    """Whether all terms are values."""
    return all(isinstance(term, Constant) for term in terms)
