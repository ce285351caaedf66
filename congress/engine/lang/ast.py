"""The nodes of a parsed program: frozen, and free of any meaning.

May import ``congress.model`` only. Names are as written: which policy or column
a name stands for is decided elsewhere, again whenever a schema changes.

Invariant: two nodes are equal if they say the same, wherever in a text they
stood; spans take no part in equality.
"""

import enum
from dataclasses import dataclass, field
from typing import TypeAlias

from congress.model.diagnostic import Span
from congress.model.values import Value

ANONYMOUS = "_"


class Modal(enum.StrEnum):
    """What an atom may be put under."""

    EXECUTE = "execute"
    INSERT = "insert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable. One named ``_`` is a fresh one wherever it occurs."""

    name: str
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def anonymous(self) -> bool:
        """Whether it can be referred to by no other occurrence."""
        return self.name == ANONYMOUS


@dataclass(frozen=True, slots=True)
class Constant:
    """A value."""

    value: Value
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``function<variable>``, as ``sum<c>``."""

    function: str
    variable: Variable
    span: Span | None = field(default=None, compare=False, repr=False)


Term: TypeAlias = Variable | Constant | Aggregate
Column: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Atom:
    """``policy:table(arguments, column=term)``, perhaps under a modal.

    ``table`` holds everything behind the first colon, the sign of an update
    included. ``columns`` are sorted, numbers before names.
    """

    policy: str | None
    table: str
    arguments: tuple[Term, ...] = ()
    columns: tuple[tuple[Column, Term], ...] = ()
    modal: Modal | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The whole name as written."""
        return f"{self.policy}:{self.table}" if self.policy is not None else self.table

    @property
    def sign(self) -> str:
        """``+`` or ``-`` if the name bears an update's sign."""
        return self.table[-1] if self.table[-1:] in ("+", "-") else ""

    @property
    def terms(self) -> tuple[Term, ...]:
        """All terms, by position first."""
        return self.arguments + tuple(term for _, term in self.columns)


@dataclass(frozen=True, slots=True)
class Literal:
    """An atom or its negation."""

    atom: Atom
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """``heads :- body``; a fact has no body at all, not even an empty one."""

    heads: tuple[Literal, ...]
    body: tuple[Literal, ...] | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def head(self) -> Atom:
        """The atom of the first head."""
        return self.heads[0].atom

    @property
    def literals(self) -> tuple[Literal, ...]:
        """The body, empty for a fact."""
        return self.body or ()


@dataclass(frozen=True, slots=True)
class Event:
    """``insert[rule; "target"]`` or ``delete[...]``: a change written down."""

    modal: Modal
    rule: Rule
    target: str | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


Statement: TypeAlias = Rule | Event


def column_order(column: Column) -> tuple[bool, int, str]:
    """Sort key of column references: numbers, then names."""
    if isinstance(column, int):
        return (False, column, "")
    return (True, 0, column)
