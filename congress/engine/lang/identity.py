"""When two statements are the same rule.

May import this package and ``congress.model`` only.

Invariant: heads and bodies count as multisets and numbers by value, names as
written; so the order of literals makes no other rule, renaming a variable does.
"""

import hashlib
from dataclasses import replace

from congress.engine.lang.ast import Aggregate, Atom, Constant, Literal, Rule, Statement, Term
from congress.engine.lang.parser import parse
from congress.engine.lang.printer import print_literal, print_pretty, print_statement
from congress.model.diagnostic import refuse


def rule_key(rule: Rule) -> str:
    """A text that equal rules share."""
    heads = sorted(print_literal(_plain(literal)) for literal in rule.heads)
    if rule.body is None:
        return " , ".join(heads)
    body = sorted(print_literal(_plain(literal)) for literal in rule.body)
    return f"{' , '.join(heads)} :- {' , '.join(body)}"


def rule_fingerprint(text: str) -> str:
    """A short text that is equal for texts of equal rules.

    :raises Refused: if the text does not hold exactly one statement.
    """
    statement = parse_one(text)
    key = rule_key(statement) if isinstance(statement, Rule) else print_statement(statement)
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def pretty_rule(text: str) -> str:
    """A rule's text with the head and each literal on a line of its own.

    :raises Refused: if the text does not hold exactly one statement.
    """
    return print_pretty(parse_one(text))


def parse_one(text: str) -> Statement:
    """The only statement of a text.

    :raises Refused: if it does not read, is empty or holds several.
    """
    statements = parse(text)
    if not statements:
        raise refuse("syntax", "the text holds no statement", hint="write a fact or a rule")
    if len(statements) > 1:
        message = f"the text holds {len(statements)} statements where one is expected"
        raise refuse("multiple-statements", message, hint="send one statement at a time")
    return statements[0]


def _plain(literal: Literal) -> Literal:
    """The literal with integral floats as integers, because they equal them."""
    atom: Atom = literal.atom
    arguments = tuple(_plain_term(term) for term in atom.arguments)
    columns = tuple((column, _plain_term(term)) for column, term in atom.columns)
    return Literal(replace(atom, arguments=arguments, columns=columns), literal.negated)


def _plain_term(term: Term) -> Term:
    if isinstance(term, Aggregate) or not isinstance(term, Constant):
        return term
    value = term.value
    if isinstance(value, float) and value.is_integer():
        return Constant(int(value))
    return term
