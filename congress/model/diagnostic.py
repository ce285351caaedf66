"""Refusals and warnings as data: one object for the API, the CLI and the log.

May import the standard library only.

Invariant: every code that is used is registered in ``CODES``; the documentation
and the HTTP status table are derived from it and checked against it.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """An error refuses, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


#: Refusals of the policy language.
LANGUAGE_CODES: Mapping[str, str] = {
    "lexical": "a character or literal that the language does not have",
    "syntax": "the text does not read as statements",
    "arguments": "a positional argument after a column reference, or a column given twice",
    "shape": "a statement of a form that cannot be used here",
    "not-ground": "a fact with a variable",
    "qualified-fact": "a fact that names a policy",
    "qualified-head": "a rule head that names a policy",
    "head-variable": "a head variable that the body lacks",
    "unsafe": "no order of the body binds every variable in time",
    "modal-head": "a modal that a head cannot have",
    "modal-body": "a modal in a body",
    "builtin-name": "a fact or head named like a builtin",
    "unknown-builtin": "no builtin of that name and number of arguments",
    "arity": "more columns than the table has",
    "unknown-table": "a table that its closed schema does not have",
    "column-kind": "a column reference into a policy without declared columns",
    "column-name": "a column reference that names no column",
    "recursion": "a cycle through a policy that refuses recursion",
    "unstratified": "a cycle through negation or an aggregate",
    "aggregate": "an aggregate in the wrong place or of an unknown name",
    "no-policy": "no such policy",
    "bad-kind": "no such kind of policy",
    "bad-policy-name": "a name that a policy cannot have",
    "simulate-item": "not an item that a simulation can apply",
    "duplicate-rule": "the policy holds an equivalent rule already",
    "duplicate-policy": "a policy or datasource of that name exists already",
    "multiple-statements": "several statements where one is expected",
    "read-only-policy": "a policy that its datasource fills",
    "budget": "a limit on rows, sizes or time was reached",
}

#: Warnings of the linter, never refusals.
WARNING_CODES: Mapping[str, str] = {
    "unused-variable": "a variable that occurs only once",
    "capitalised-constant": "True, False or None used as a variable",
    "constant-type": "a constant that cannot match the column's type",
    "classic-constant": 'the string "True", "False" or "None" standing for a boolean or null',
    "bare-builtin": "a builtin without its builtin: prefix",
    "padded-atom": "fewer arguments than the table has columns",
    "cartesian-product": "body literals that share no variable",
    "undefined-table": "a table that no rule or source defines",
    "never-fires": "a rule that can never hold",
    "unbounded-growth": "a builtin that grows values inside a recursion without a bound",
    "parked": "a statement that waits for a schema",
}

#: Refusals of everything around the language.
SERVICE_CODES: Mapping[str, str] = {
    "invalid": "a request or value of the wrong form",
    "not-found": "no such thing",
    "duplicate": "a thing of that name exists already",
    "conflict": "somebody else changed it meanwhile",
    "changed": "it is no longer what the caller saw",
    "too-large": "over a size limit",
    "unsupported": "the target cannot do this",
    "unavailable": "the part that answers this is not there at the moment",
    "timeout": "no answer in time",
    "unauthenticated": "no valid credentials",
    "forbidden": "the caller may not do this",
    "not-configured": "a setting is missing",
    "bad-configuration": "settings that cannot work",
    "plugin": "a plugin that cannot be used",
    "secret-key": "the key that seals secrets is missing or another one",
    "schema-version": "the database has another schema than this program",
    "action-failed": "the driver reported a failure",
    "driver-error": "a datasource driver failed",
    "internal": "a fault of this program",
}

CODES: Mapping[str, str] = {**LANGUAGE_CODES, **WARNING_CODES, **SERVICE_CODES}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text: offsets in characters, line and column from 1."""

    start: int
    end: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: what, where, and what to do about it.

    ``where`` says what the problem is about when it is no place in a text: a
    policy, an option, a field of a request.
    """

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    severity: Severity = Severity.ERROR
    where: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unregistered diagnostic code {self.code!r}")

    def render(self, text: str = "") -> str:
        """The diagnostic for a terminal, with the offending text underlined."""
        head = f"{self.severity}[{self.code}]: {self.message}"
        if self.where:
            head += f" ({self.where})"
        lines = [head]
        if self.span and text:
            lines += _excerpt(text, self.span)
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


def _excerpt(text: str, span: Span) -> list[str]:
    """The line a span begins in, and a line of carets under the span."""
    source = text.split("\n")
    if not 1 <= span.line <= len(source):
        return []
    line = source[span.line - 1].rstrip("\r")
    length = max(1, min(span.end - span.start, len(line) - span.column + 1))
    label = f"{span.line:>4} | "
    return [label + line, " " * (len(label) + span.column - 1) + "^" * length]


class Refused(Exception):  # noqa: N818 - it is an answer, not a malfunction
    """A request that is refused, with every reason at once."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        if not diagnostics:
            raise ValueError("a refusal needs a reason")
        super().__init__("; ".join(d.message for d in diagnostics))
        self.diagnostics = diagnostics

    @property
    def code(self) -> str:
        """The code of the first reason."""
        return self.diagnostics[0].code


def refuse(code: str, message: str, *, hint: str = "", where: str = "") -> Refused:
    """A refusal with one reason that has no place in a text."""
    return Refused(Diagnostic(code, message, hint=hint, where=where))


def diagnostic_to_plain(diagnostic: Diagnostic) -> dict[str, object]:
    """A JSON object that ``diagnostic_from_plain`` reads back."""
    plain: dict[str, object] = {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
    }
    if diagnostic.span:
        span = diagnostic.span
        plain["span"] = {
            "start": span.start,
            "end": span.end,
            "line": span.line,
            "column": span.column,
        }
    if diagnostic.hint:
        plain["hint"] = diagnostic.hint
    if diagnostic.where:
        plain["where"] = diagnostic.where
    return plain


def diagnostic_from_plain(plain: Mapping[str, object]) -> Diagnostic:
    """Read what ``diagnostic_to_plain`` wrote; an unknown code reads as ``internal``."""
    span = plain.get("span")
    code = str(plain.get("code", "internal"))
    return Diagnostic(
        code=code if code in CODES else "internal",
        message=str(plain.get("message", "")),
        span=Span(**span) if isinstance(span, dict) else None,
        hint=str(plain.get("hint", "")),
        severity=Severity(str(plain.get("severity", "error"))),
        where=str(plain.get("where", "")),
    )


def errors(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those that refuse."""
    return [d for d in diagnostics if d.severity is Severity.ERROR]
