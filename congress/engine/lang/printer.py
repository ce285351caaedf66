"""The canonical text of statements, atoms and values.

May import ``congress.model`` and the nodes only.

Invariant: what is printed for a node that the parser made, or for a ground
atom, parses back to an equal node.
"""

from collections.abc import Iterable

from congress.engine.lang.ast import (
    Aggregate,
    Atom,
    Constant,
    Event,
    Literal,
    Rule,
    Statement,
    Term,
)
from congress.model.values import FALSE, TRUE, Value

#: Control characters are written by number: what is printed may end up on a terminal.
_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_ESCAPES = _CONTROLS | str.maketrans(
    {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
)


def print_value(value: Value) -> str:
    """A value as the language writes it."""
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if value is None:
        return "null"
    if value is TRUE or value is FALSE:
        return "true" if value else "false"
    return repr(value)


def print_term(term: Term) -> str:
    """A variable, value or aggregate."""
    if isinstance(term, Constant):
        return print_value(term.value)
    if isinstance(term, Aggregate):
        return f"{term.function}<{term.variable.name}>"
    return term.name


def print_atom(atom: Atom) -> str:
    """An atom, under its modal if it has one."""
    arguments = [print_term(term) for term in atom.arguments]
    arguments += [f"{column}={print_term(term)}" for column, term in atom.columns]
    text = f"{atom.name}({', '.join(arguments)})"
    return f"{atom.modal}[{text}]" if atom.modal else text


def print_literal(literal: Literal) -> str:
    """An atom or its negation."""
    text = print_atom(literal.atom)
    return f"not {text}" if literal.negated else text


def print_rule(rule: Rule) -> str:
    """A rule or fact on one line."""
    heads = _joined(rule.heads)
    return heads if rule.body is None else f"{heads} :- {_joined(rule.body)}"


def print_statement(statement: Statement) -> str:
    """Any statement on one line."""
    if isinstance(statement, Rule):
        return print_rule(statement)
    target = "" if statement.target is None else f"; {print_value(statement.target)}"
    return f"{statement.modal}[{print_rule(statement.rule)}{target}]"


def print_pretty(statement: Statement) -> str:
    """A rule with each literal of its body on a line of its own."""
    if isinstance(statement, Event) or statement.body is None:
        return print_statement(statement)
    body = ",\n  ".join(print_literal(literal) for literal in statement.body)
    return f"{_joined(statement.heads)} :-\n  {body}"


def print_row(name: str, row: Iterable[Value]) -> str:
    """The ground atom of a row of the table called ``name``."""
    return f"{name}({', '.join(print_value(value) for value in row)})"


def _joined(literals: Iterable[Literal]) -> str:
    return ", ".join(print_literal(literal) for literal in literals)
