"""What can be seen of a stored statement without knowing what it means.

Imports the engine's parser. No I/O.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from congress.engine import Rule, Variable, parse
from congress.model.diagnostic import Refused
from congress.model.policy import RuleDef

#: A table by its policy and name.
Table: TypeAlias = tuple[str, str]

_CACHED = 20_000


@dataclass(frozen=True, slots=True)
class Outline:
    """A statement from outside; policies are ``None`` where the text names none.

    :param readable: whether it is a statement at all.
    :param fact: whether it has no body.
    :param action: whether it asks for actions of the service that heads it.
    :param head: what it defines.
    :param columns: the names of the head's variables, ``None`` where it has a constant or
        an aggregate; empty where the head names columns.
    :param reads: the tables its body names.
    """

    readable: bool = False
    fact: bool = False
    action: bool = False
    head: tuple[str | None, str] = (None, "")
    columns: tuple[str | None, ...] = ()
    reads: tuple[tuple[str | None, str], ...] = ()


@lru_cache(maxsize=_CACHED)
def outline(text: str) -> Outline:
    """The outline of a statement; an empty one for a text that does not read."""
    try:
        statements = parse(text)
    except Refused:
        return Outline()
    if len(statements) != 1 or not isinstance(statements[0], Rule):
        return Outline()
    rule = statements[0]
    atoms = [literal.atom for literal in rule.literals]
    return Outline(
        readable=True,
        fact=rule.body is None,
        action=rule.head.modal == "execute",
        head=(rule.head.policy, rule.head.table),
        columns=_columns(rule),
        reads=tuple((atom.policy, atom.table) for atom in atoms),
    )


def _columns(rule: Rule) -> tuple[str | None, ...]:
    if rule.head.columns:
        return ()
    terms = rule.head.arguments
    return tuple(term.name if isinstance(term, Variable) else None for term in terms)


def column_names(rules: Iterable[RuleDef], table: str, fallback: Sequence[str]) -> Sequence[str]:
    """Names for the columns of a table that nobody declares: the variables of a rule's head.

    :param fallback: a name for each column, for those that have no variable.
    """
    for rule in rules:
        seen = outline(rule.text)
        if seen.fact or seen.head[1] != table or len(seen.columns) != len(fallback):
            continue
        names = [name or given for name, given in zip(seen.columns, fallback, strict=True)]
        if len(set(names)) == len(names):
            return names
    return fallback


def head_of(rule: RuleDef) -> Table:
    """The table a rule defines, or the service and action it asks for."""
    policy, table = outline(rule.text).head
    return policy or rule.policy, table


def reads_of(rule: RuleDef) -> list[Table]:
    """The tables a rule's body names."""
    return [(policy or rule.policy, table) for policy, table in outline(rule.text).reads]


def tainted(rules: Iterable[RuleDef], idle: Iterable[RuleDef]) -> frozenset[Table]:
    """The tables that would or might be different if the idle rules were in force."""
    reached = {head_of(rule) for rule in idle if not outline(rule.text).action}
    if not reached:
        return frozenset()
    readers: dict[Table, set[Table]] = {}
    for rule in rules:
        if not outline(rule.text).action:
            for table in reads_of(rule):
                readers.setdefault(table, set()).add(head_of(rule))
    pending = list(reached)
    while pending:
        for table in readers.get(pending.pop(), set()) - reached:
            reached.add(table)
            pending.append(table)
    return frozenset(reached)
