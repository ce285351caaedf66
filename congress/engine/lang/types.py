"""What declared column types say about the constants of a policy.

May import the nodes and ``congress.model`` only.

Invariant: only a constant in the position of a declared column is ever read
differently, and every time with a warning that says what to write instead.
"""

from congress.engine.lang.ast import Constant, Term
from congress.model.diagnostic import Diagnostic, Severity
from congress.model.schema import Column, ColumnType
from congress.model.values import FALSE, TRUE, Value

_BOOLEANS: dict[str, Value] = {"True": TRUE, "False": FALSE}
_SPELLINGS = {"True": "true", "False": "false", "None": "null"}


def classic_constant(column: Column, term: Term) -> tuple[Term, Diagnostic | None]:
    """A term in a column's position, with old spellings of booleans and null read."""
    if not isinstance(term, Constant) or not isinstance(term.value, str):
        return term, None
    text = term.value
    value: Value
    if column.type is ColumnType.BOOLEAN and text in _BOOLEANS:
        value = _BOOLEANS[text]
    elif column.nullable and text == "None":
        value = None
    else:
        return term, None
    plain = _SPELLINGS[text]
    warning = Diagnostic(
        "classic-constant",
        f'"{text}" in column {column.name} is read as {plain}',
        term.span,
        f"write {plain}",
        Severity.WARNING,
    )
    return Constant(value, term.span), warning


def type_mismatch(column: Column, term: Term) -> Diagnostic | None:
    """A warning for a constant that the column can never hold."""
    if not isinstance(term, Constant):
        return None
    problem = column.problem(term.value)
    if problem is None:
        return None
    hint = "the literal never holds; compare with a value of the column's type"
    return Diagnostic("constant-type", problem, term.span, hint, Severity.WARNING)
