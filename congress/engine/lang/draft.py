"""A statement on its way through the checks, with what has been found so far.

May import this package and ``congress.model`` only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from congress.engine.lang.ast import Atom, Event, Rule, Statement
from congress.engine.lang.names import Catalogue, Resolution
from congress.model.diagnostic import Diagnostic, Severity, Span, errors
from congress.model.policy import PolicyKind


@dataclass(slots=True)
class Draft:
    """One statement that is to be stored in a policy.

    ``resolution`` is there once the names have been resolved.
    """

    statement: Statement
    policy: str
    kind: PolicyKind
    catalogue: Catalogue
    resolution: Resolution | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def rule(self) -> Rule:
        """The statement, which the shape check found to be a rule or fact."""
        if isinstance(self.statement, Event):
            return self.statement.rule
        return self.statement

    @property
    def head(self) -> Atom:
        """The atom of the head."""
        return self.rule.head

    @property
    def fact(self) -> bool:
        """Whether there is no body."""
        return self.rule.body is None

    @property
    def refused(self) -> bool:
        """Whether an error has been found."""
        return bool(errors(self.diagnostics))

    @property
    def loose(self) -> bool:
        """Whether the rule describes an action's effects, where heads may have open variables."""
        return self.kind is PolicyKind.ACTION and not self.fact and self.head.modal is None


Pass: TypeAlias = Callable[[Draft], Iterable[Diagnostic]]


def warning(code: str, message: str, span: Span | None, hint: str) -> Diagnostic:
    """A diagnostic that refuses nothing."""
    return Diagnostic(code, message, span, hint, Severity.WARNING)
