"""Bottom-up evaluation of one group of mutually recursive tables.

May import ``congress.engine`` below it and ``congress.model`` only. This is
the evaluator other engines are checked against: it is to be obviously right.
Each rule is worked off in full once; in a recursive group then again and again
with one of its recursive literals confined to the rows of the last round.

Invariant: the rows of a group depend on the rules and the rows they read alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from congress.engine.lang.ast import Aggregate, Term, Variable
from congress.engine.lang.resolved import Lookup, ResolvedRule, TableId, variables
from congress.engine.plan.order import arrange, local_variables
from congress.engine.plan.steps import Given, Part, Plan, Scan, make_plan
from congress.engine.run.aggregate import Unsuitable, aggregate
from congress.engine.run.budget import Budget
from congress.engine.run.join import Environment, Failures, solve_merged, tuple_maker
from congress.engine.run.relation import EMPTY, Relation, Stored
from congress.model.values import Row, Value

Contents: TypeAlias = Callable[[TableId], Stored]
Invent: TypeAlias = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class NamedRule:
    """A rule with the name under which limits and faults speak of it."""

    name: tuple[str, str]
    rule: ResolvedRule


#: The table a rule defines, the rule, and the position of a literal of its body.
Use: TypeAlias = tuple[TableId, NamedRule, int]


@dataclass(slots=True)
class Evaluator:
    """What an evaluation works with.

    :param contents: the rows of the tables outside the group.
    :param invent: makes a value for a head variable that the body leaves open;
        without it such rules derive nothing.
    """

    contents: Contents
    budget: Budget
    failures: Failures
    invent: Invent | None = None

    def group(
        self,
        rules: Mapping[TableId, Sequence[NamedRule]],
        given: Callable[[TableId], Iterable[Row]],
    ) -> dict[TableId, Relation]:
        """The contents of the tables that the rules define, beside their given rows."""
        tables = {table: Relation(given(table)) for table in rules}
        for table, named in rules.items():
            for each in named:
                for row in list(self.rows(each, tables)):
                    if tables[table].add(row):
                        self.budget.derive()
        uses = _uses(rules)
        if uses:
            fresh = {table: Relation(relation.rows) for table, relation in tables.items()}
            while fresh:
                fresh = self._round(uses, tables, fresh)
        return tables

    def _round(
        self,
        uses: Mapping[TableId, Sequence[Use]],
        tables: dict[TableId, Relation],
        fresh: Mapping[TableId, Relation],
    ) -> dict[TableId, Relation]:
        """What follows from the rows that the last round found."""
        found: dict[TableId, Relation] = {}
        for read, relation in fresh.items():
            for table, named, position in uses.get(read, ()):
                for row in self.rows(named, tables, position, relation):
                    if row in tables[table]:
                        continue
                    if found.setdefault(table, Relation()).add(row):
                        self.budget.derive()
        for table, relation in found.items():
            for row in relation:
                tables[table].add(row)
        return found

    def rows(
        self,
        named: NamedRule,
        tables: Mapping[TableId, Relation],
        first: int | None = None,
        only: Relation = EMPTY,
    ) -> Iterator[Row]:
        """The rows a rule derives, some perhaps more than once.

        :param first: the position of a literal that reads ``only`` and comes first.
        """
        return (row for row, _ in self.counted(named, tables, first, only))

    def counted(
        self,
        named: NamedRule,
        tables: Mapping[TableId, Relation],
        first: int | None = None,
        only: Relation = EMPTY,
    ) -> Iterator[tuple[Row, int]]:
        """The rows a rule derives, and how often; some perhaps in several parts.

        Parameters are those of ``rows``.
        """
        rule = named.rule
        self.budget.begin(named.name)

        def relation(table: TableId) -> Stored:
            own = tables.get(table)
            return self.contents(table) if own is None else own

        local = local_variables(rule.body, variables(rule.head.terms))
        order, _ = arrange(rule.body, local, lambda table: len(relation(table)), first)
        plan = make_plan(rule.body, order)

        def read(scan: Scan) -> Stored:
            return only if scan.position == first else relation(scan.table)

        names = variables(rule.head.terms)
        kept = {place for name, place in plan.places.items() if name in names}
        environments = solve_merged(plan, read, self.budget, self.failures, kept)
        if rule.head.aggregates:
            return self._grouped(rule, plan, environments)
        return self._projected(rule, plan, environments)

    def _projected(
        self, rule: ResolvedRule, plan: Plan, environments: Iterator[tuple[Environment, int]]
    ) -> Iterator[tuple[Row, int]]:
        parts = self._parts(rule, plan)
        if parts is None:
            return
        make = tuple_maker(parts)
        for environment, number in environments:
            yield integral(make(environment)), number

    def _parts(self, rule: ResolvedRule, plan: Plan) -> list[Part] | None:
        """Where a head's values come from; None if one is open and may not be invented."""
        parts: list[Part] = []
        for number, term in enumerate(rule.head.terms):
            part = _part(plan, term)
            if part is None:
                if self.invent is None:
                    return None
                part = Given(self.invent(_open_name(term, number)))
            parts.append(part)
        return parts

    def _grouped(
        self, rule: ResolvedRule, plan: Plan, environments: Iterator[tuple[Environment, int]]
    ) -> Iterator[tuple[Row, int]]:
        terms = rule.head.terms
        keys = [_known(plan, term) for term in terms if not isinstance(term, Aggregate)]
        sources = [_known(plan, term.variable) for term in terms if isinstance(term, Aggregate)]
        functions = [term.function for term in terms if isinstance(term, Aggregate)]
        make_key, make_values = tuple_maker(keys), tuple_maker(sources)
        groups: dict[Row, Counter[Row]] = {}
        for environment, number in environments:
            members = groups.setdefault(integral(make_key(environment)), Counter())
            members[make_values(environment)] += number
        for key, members in groups.items():
            try:
                results = [
                    aggregate(function, _column(members, place))
                    for place, function in enumerate(functions)
                ]
            except Unsuitable:
                continue
            ordinary, computed = iter(key), iter(results)
            row = [
                next(computed) if isinstance(term, Aggregate) else next(ordinary) for term in terms
            ]
            yield integral(tuple(row)), 1


def _column(members: Mapping[Row, int], place: int) -> Counter[Value]:
    """How often each value stands in a place of rows that are there so often."""
    counts: Counter[Value] = Counter()
    for row, number in members.items():
        counts[row[place]] += number
    return counts


def integral(row: Row) -> Row:
    """The row with integral floats as the integers they equal."""
    if float not in map(type, row):
        return row
    return tuple(
        [int(value) if type(value) is float and value.is_integer() else value for value in row]
    )


def _uses(rules: Mapping[TableId, Sequence[NamedRule]]) -> dict[TableId, list[Use]]:
    """Where the tables of a group are read by rules of the group."""
    uses: dict[TableId, list[Use]] = {}
    for table, named in rules.items():
        for each in named:
            for position, goal in enumerate(each.rule.body):
                if isinstance(goal, Lookup) and goal.table in rules:
                    uses.setdefault(goal.table, []).append((table, each, position))
    return uses


def _part(plan: Plan, term: Term) -> Part | None:
    if isinstance(term, Aggregate):
        raise TypeError("an aggregate has no single value")
    return plan.part(term)


def _known(plan: Plan, term: Term) -> Part:
    part = _part(plan, term)
    if part is None:
        raise ValueError(f"{term!r} is not bound by the body")
    return part


def _open_name(term: Term, number: int) -> str:
    """The name under which a value for an open head term is invented."""
    if isinstance(term, Variable) and not term.anonymous:
        return term.name
    return f"column {number}"
