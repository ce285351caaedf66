"""Rules of the benchmark as SQL: evaluated in full, and by counted changes.

May import the standard library and ``congress.engine`` only. Only what the rules of
``bench/policies.py`` use is translated.

Invariant: a head row's ``n`` is the number of combinations of rows that derive it,
so that changes can be counted; recursive tables hold each row once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from congress.engine import Rule, parse
from congress.engine.lang.ast import Atom, Constant, Literal, Variable

COMPARISONS = {"lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "equal": "="}
FUNCTIONS: Mapping[str, Callable[[Sequence[str]], str]] = {
    "len": lambda inputs: f"length({inputs[0]})",
    "mul": lambda inputs: f"({inputs[0]} * {inputs[1]})",
    "concat": lambda inputs: f"({inputs[0]} || {inputs[1]})",
}


@dataclass(slots=True)
class Select:
    """The parts of one rule's SELECT."""

    tables: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)

    def term(self, term: object) -> str | None:
        """A term's SQL; None for a variable without a value."""
        if isinstance(term, Constant):
            value = term.value
            return f"'{value}'" if isinstance(value, str) else str(value)
        return self.values.get(term.name) if isinstance(term, Variable) else None


def rules(text: str) -> list[Rule]:
    """The rules of a text."""
    return [statement for statement in parse(text) if isinstance(statement, Rule)]


def heads(text: str) -> list[str]:
    """The tables that a text's rules derive, in the order of the text."""
    return list(dict.fromkeys(rule.head.table for rule in rules(text)))


def strata(known: Sequence[Rule], base: Iterable[str]) -> list[str]:
    """The heads of rules in an order of evaluation: those that others read come first."""
    waiting = dict.fromkeys(rule.head.table for rule in known)
    placed, ready = list[str](), set(base)
    while waiting:
        for head in waiting:
            reads = {
                literal.atom.table
                for rule in known
                if rule.head.table == head
                for literal in lookups(rule)
            }
            if reads - {head} <= ready:
                break
        else:
            raise ValueError(f"recursion through several tables: {', '.join(waiting)}")
        del waiting[head]
        placed.append(head)
        ready.add(head)
    return placed


def evaluation(known: Sequence[Rule], table: str) -> str:
    """The SELECT of all rows of a derived table, with how often each is derived."""
    own = [rule for rule in known if rule.head.table == table]
    columns = column_names(len(own[0].head.arguments))
    if any(recursive(rule) for rule in own):
        parts = " UNION ".join(select(rule, counted=False) for rule in own)
        sql = f"WITH RECURSIVE w({columns}) AS ({parts}) SELECT {columns}, 1 AS n FROM w"
        return sql.replace(f"{table} AS", "w AS")
    parts = " UNION ALL ".join(f"SELECT * FROM ({select(rule)})" for rule in own)
    return f"SELECT {columns}, SUM(n) AS n FROM ({parts}) GROUP BY {columns}"


def column_names(count: int) -> str:
    """The columns of every table: c0, c1 ..."""
    return ", ".join(f"c{number}" for number in range(count))


def lookups(rule: Rule) -> list[Literal]:
    """The body's literals that read tables."""
    return [literal for literal in rule.literals if not is_builtin(literal.atom)]


def is_builtin(atom: Atom) -> bool:
    """Whether an atom calls a builtin."""
    return atom.table in COMPARISONS or atom.table in FUNCTIONS


def recursive(rule: Rule) -> bool:
    """Whether a rule reads its own table."""
    return any(literal.atom.table == rule.head.table for literal in rule.literals)


def select(rule: Rule, changed: int | None = None, sign: str = "", counted: bool = True) -> str:
    """The SELECT of a rule's head rows.

    :param changed: the number of the lookup that reads the table of changes, first.
    :param sign: an expression to add up instead of counting.
    """
    parts = Select()
    atoms = lookups(rule)
    order = list(range(len(atoms)))
    if changed is not None:
        order = _connected(rule, atoms, changed)
    for number in order:
        literal = atoms[number]
        if literal.negated and number != changed:
            continue
        source = f"d_{literal.atom.table}" if number == changed else literal.atom.table
        _join(parts, literal.atom, source, f"t{number}")
    _calls(parts, rule)
    for number in order:
        if atoms[number].negated and number != changed:
            _absent(parts, atoms[number].atom)
    head = [parts.term(term) or "NULL" for term in rule.head.arguments]
    columns = ", ".join(f"{value} AS c{number}" for number, value in enumerate(head))
    where = f" WHERE {' AND '.join(parts.conditions)}" if parts.conditions else ""
    joined = " CROSS JOIN ".join(parts.tables) if changed is not None else ", ".join(parts.tables)
    if not counted:
        return f"SELECT DISTINCT {columns} FROM {joined}{where}"
    total = f"SUM({sign})" if sign else "COUNT(*)"
    keys = ", ".join(map(str, range(1, len(head) + 1)))
    return f"SELECT {columns}, {total} AS n FROM {joined}{where} GROUP BY {keys}"


def _connected(rule: Rule, atoms: Sequence[Literal], first: int) -> list[int]:
    """An order in which each lookup shares values with those before it, keys first."""
    order, bound = [first], _names(atoms[first].atom)
    waiting = [n for n in range(len(atoms)) if n != first and not atoms[n].negated]
    while waiting:
        best = max(waiting, key=lambda number: _rank(atoms[number].atom, bound))
        waiting.remove(best)
        order.append(best)
        bound |= _names(atoms[best].atom)
    return order + [n for n in range(len(atoms)) if n != first and atoms[n].negated]


def _rank(atom: Atom, bound: set[str]) -> tuple[bool, int]:
    known = [
        isinstance(term, Constant) or (isinstance(term, Variable) and term.name in bound)
        for term in atom.arguments
    ]
    shared = [isinstance(t, Variable) and t.name in bound for t in atom.arguments]
    return (shared[0], sum(known) if any(shared) else 0)


def _names(atom: Atom) -> set[str]:
    return {term.name for term in atom.arguments if isinstance(term, Variable)}


def _join(parts: Select, atom: Atom, source: str, alias: str) -> None:
    parts.tables.append(f"{source} AS {alias}")
    for number, term in enumerate(atom.arguments):
        column = f"{alias}.c{number}"
        known = parts.term(term)
        if known is not None:
            parts.conditions.append(f"{column} = {known}")
        elif isinstance(term, Variable):
            parts.values[term.name] = column


def _absent(parts: Select, atom: Atom) -> None:
    tests = [
        f"x.c{number} = {known}"
        for number, term in enumerate(atom.arguments)
        if (known := parts.term(term)) is not None
    ]
    parts.conditions.append(
        f"NOT EXISTS (SELECT 1 FROM {atom.table} AS x WHERE {' AND '.join(tests)})"
    )


def _calls(parts: Select, rule: Rule) -> None:
    waiting = [literal for literal in rule.literals if is_builtin(literal.atom)]
    while waiting:
        for literal in waiting:
            if _call(parts, literal):
                waiting.remove(literal)
                break
        else:
            raise ValueError(f"{rule.head.table}: a builtin has no inputs")


def _call(parts: Select, literal: Literal) -> bool:
    """Work one builtin in, if its inputs are known by now."""
    atom = literal.atom
    comparison = COMPARISONS.get(atom.table)
    terms = [parts.term(term) for term in atom.arguments]
    inputs = [text for text in (terms if comparison else terms[:-1]) if text is not None]
    if len(inputs) < (len(terms) if comparison else len(terms) - 1):
        return False
    if comparison:
        condition = f"{inputs[0]} {comparison} {inputs[1]}"
        parts.conditions.append(f"NOT ({condition})" if literal.negated else condition)
        return True
    value = FUNCTIONS[atom.table](inputs)
    output = atom.arguments[-1]
    if terms[-1] is not None:
        parts.conditions.append(f"{terms[-1]} = {value}")
    elif isinstance(output, Variable):
        parts.values[output.name] = value
    return True
