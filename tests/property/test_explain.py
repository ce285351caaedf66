"""What explanations tell is true: in random states every node is checked against the engine."""

import unittest
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from congress.engine import (
    CreatePolicy,
    Edit,
    Engine,
    InsertRules,
    SetSchema,
    Tick,
    UpdateTable,
    print_row,
    print_value,
)
from congress.engine.explain.inquiry import reference
from congress.engine.explain.tree import (
    CUTS,
    Absence,
    Attempt,
    Bounds,
    Derivation,
    Explanation,
    Fact,
    Hindrance,
    Step,
)
from congress.engine.lang.ast import Constant, Literal, Term, Variable
from congress.engine.lang.printer import print_literal, print_term
from congress.engine.lang.resolved import NOW, Plain, TableId
from congress.engine.run.query import fits
from congress.model.values import Row, Value
from congress.testing.language import BUILTINS
from tests.property.test_incremental import ARITY, HISTORIES, VALUES, attempt, start

BOUNDS = Bounds(limit=50, depth=30, nodes=5000, examples=50)
QUESTIONS = st.lists(
    st.tuples(
        st.sampled_from(sorted(ARITY)), st.lists(st.sampled_from(VALUES), min_size=3, max_size=3)
    ),
    min_size=1,
    max_size=6,
)


EDGES = st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=9)
LINKS = (
    "r(x, y) :- e(x, y)",
    "r(x, z) :- r(x, y), e(y, z)",
    "r(x, z) :- e(x, y), r(y, z)",
    "r(x, z) :- r(x, y), r(y, z)",
    "r(x, y) :- u(y, x)",
    "u(x, y) :- r(y, x), e(x, _)",
    "u(x, x) :- e(x, x)",
)
LITERALS = ("e(x, y)", "e(y, x)", "f(x)", "g(x)", "a(x)", "b(x)")
DENSE = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(("e(x, y)", "f(x)", "g(x)")),
        st.lists(st.tuples(st.booleans(), st.sampled_from(LITERALS)), min_size=1, max_size=3),
    ),
    min_size=2,
    max_size=6,
)
PAIRS = st.sets(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=4)
SINGLES = st.sets(st.tuples(st.integers(0, 2)), max_size=2)


class TruthTest(unittest.TestCase):
    @given(HISTORIES, QUESTIONS)
    def test_everything_told_is_so(
        self, history: list[list[Edit]], questions: list[tuple[str, list[Value]]]
    ) -> None:
        engine = start("incremental")
        for transaction in history:
            attempt(engine, transaction)
        for name, values in questions:
            place = table_of(name)
            arity = engine.arity(*place)
            if arity is not None and place[0] in engine.policies():
                rows = [tuple(values[:arity]), *list(engine._state.contents(place))[:3]]
                self.check(engine, place, [row for row in rows if len(row) == arity])

    @given(st.sets(st.sampled_from(LINKS), min_size=2), EDGES)
    def test_recursion(self, links: set[str], edges: set[Row]) -> None:
        engine = Engine(BUILTINS)
        engine.transact([CreatePolicy("p", "datalog"), UpdateTable("p", "e", edges)])
        engine.transact([InsertRules("p", " ".join(sorted(links)))])
        pairs = list(product(range(5), repeat=2))
        self.check(engine, ("p", "r"), pairs)

    @given(DENSE, PAIRS, SINGLES, SINGLES)
    def test_rules_that_read_the_same_tables(
        self,
        rules: list[tuple[str, str, list[tuple[bool, str]]]],
        e: set[Row],
        f: set[Row],
        g: set[Row],
    ) -> None:
        engine = Engine(BUILTINS)
        engine.transact([CreatePolicy("p", "datalog")])
        engine.transact([UpdateTable("p", t, rows) for t, rows in (("e", e), ("f", f), ("g", g))])
        for head, first, more in rules:
            body = [first, *("not " * negated + literal for negated, literal in more)]
            attempt(engine, [InsertRules("p", f"{head}(x) :- {', '.join(body)}")])
        for table in "abc":
            if engine.arity("p", table) is not None:
                self.check(engine, ("p", table), [(0,), (1,), (2,)])

    def check(self, engine: Engine, place: TableId, rows: Iterable[Row]) -> None:
        """Explain rows, and hold what is told against the engine."""
        for row in rows:
            found = engine.explain("p", print_row(":".join(place), row), bounds=BOUNDS)
            Check(self, engine, found).run(place, row)


def table_of(name: str) -> TableId:
    policy, _, table = name.rpartition(":")
    return policy or "p", table


class Check:
    """Holds one explanation against the engine."""

    def __init__(self, case: unittest.TestCase, engine: Engine, found: Explanation) -> None:
        self.case = case
        self.engine = engine
        self.state = engine._state
        self.found = found
        self.children: dict[tuple[TableId, Row], set[tuple[TableId, Row]]] = {}

    def run(self, place: TableId, row: Row) -> None:
        found = self.found
        self.case.assertEqual(found.holds, row in self.state.contents(place))
        self.case.assertEqual(found.cut & CUTS, found.cut)
        for fact in found.facts:
            self.case.assertEqual((fact.table, fact.row), (place, row))
            self.fact(fact)
        if found.absence is not None:
            self.absence(found.absence)
        self.no_circle()

    # Rows that are there

    def fact(self, fact: Fact) -> None:
        self.case.assertIn(fact.row, self.state.contents(fact.table))
        if fact.given is not None:
            self.case.assertIn(fact.row, self.state.stored(fact.table))
        if fact.end is None:
            self.case.assertTrue(fact.given or fact.derivations, fact)
            self.children.setdefault((fact.table, fact.row), set())
        for derivation in fact.derivations:
            self.derivation(fact, derivation)

    def derivation(self, fact: Fact, derivation: Derivation) -> None:
        members: Sequence[tuple[Step, ...]] = [derivation.steps]
        if derivation.group is not None:
            members = derivation.group.members
            self.case.assertTrue(members)
            if derivation.group.size > len(members):
                return
        steps = [step for member in members for step in member]
        self.case.assertIn(fact.row, self.derived(fact, derivation, steps))
        own = self.children.setdefault((fact.table, fact.row), set())
        for step in steps:
            if isinstance(step, Fact):
                own.add((step.table, step.row))
                self.fact(step)
            elif isinstance(step, Absence):
                self.absence(step)

    def derived(self, fact: Fact, derivation: Derivation, steps: list[Step]) -> set[Row]:
        """What the rule gives where there is nothing but the rows that were told."""
        engine = Engine(BUILTINS)
        engine.transact([CreatePolicy("p", "datalog"), CreatePolicy("q", "datalog")])
        engine.transact([CreatePolicy("s", "datasource")])
        edits: list[Edit] = []
        if "s" in self.state.schemas:
            edits.append(SetSchema("s", self.state.schemas["s"]))
        for step in steps:
            if isinstance(step, Fact) and step.table[0] == "builtin":
                edits.append(Tick(str(step.row[0])))
            elif isinstance(step, Fact):
                edits.append(UpdateTable(*step.table, [step.row]))
        engine.transact([*edits, InsertRules(derivation.rule.policy, derivation.rule.text)])
        return set(engine.rows(*fact.table))

    def no_circle(self) -> None:
        """Following derivations, also to rows explained elsewhere, ends."""
        done: set[tuple[TableId, Row]] = set()

        def visit(node: tuple[TableId, Row], path: frozenset[tuple[TableId, Row]]) -> None:
            self.case.assertNotIn(node, path)
            if node not in done:
                for child in self.children.get(node, ()):
                    visit(child, path | {node})
                done.add(node)

        for node in self.children:
            visit(node, frozenset())

    # Rows that are not

    def absence(self, absence: Absence) -> None:
        rows = self.state.contents(absence.table).rows
        self.case.assertFalse([row for row in rows if fits(absence.terms, row)], absence)
        for row in absence.near:
            self.case.assertIn(row, rows)
        for each in absence.attempts:
            self.attempt(absence, each)

    def attempt(self, absence: Absence, tried: Attempt) -> None:
        for step in tried.held:
            if isinstance(step, Fact):
                self.fact(step)
        obstacle = tried.obstacle
        if isinstance(obstacle, Absence):
            self.absence(obstacle)
        elif isinstance(obstacle, Hindrance):
            self.case.assertTrue(obstacle.facts)
            for fact in obstacle.facts:
                self.fact(fact)
        if tried.failing is not None:
            self.fails_there(absence, tried)
        if tried.sufficient:
            self.suffices(absence, tried)

    def fails_there(self, absence: Absence, tried: Attempt) -> None:
        """The literals that held can hold together, and with the failing one they cannot."""
        rule = next(
            stored.rule
            for stored in self.state.rules.values()
            if stored.active and reference(stored) == tried.rule
        )
        conditions = list(equations(rule.head.arguments, absence.terms))
        assert tried.failing is not None
        held = [rule.literals[position] for position in tried.positions]
        if held:
            self.case.assertTrue(self.answers(tried, held, conditions), (absence, tried))
        whole = [*held, rule.literals[tried.failing]]
        self.case.assertFalse(self.answers(tried, whole, conditions), (absence, tried))

    def answers(
        self, tried: Attempt, literals: list[Literal], conditions: list[tuple[set[str], str]]
    ) -> list[str]:
        """The answers of literals, under those conditions that concern what they bind."""
        bound = {name for each in literals if not each.negated for name in names(each.atom.terms)}
        body = [print_literal(each) for each in literals]
        body += [text for needed, text in conditions if needed <= bound]
        query = f"hit(1) :- {', '.join(body)}"
        return self.engine.query(tried.rule.policy, query, limit=1).texts

    def suffices(self, absence: Absence, tried: Attempt) -> None:
        """What would be enough is enough."""
        obstacle = tried.obstacle
        changes: list[str] = []
        if isinstance(obstacle, Absence) and obstacle.table != NOW and not obstacle.impossible:
            changes = [print_row(f"{':'.join(obstacle.table)}+", filled(obstacle.terms))]
        elif isinstance(obstacle, Hindrance) and removable(obstacle):
            changes = [print_row(f"{':'.join(f.table)}-", f.row) for f in obstacle.facts]
        if changes:
            query = f"{':'.join(absence.table)}({written(absence.terms)})"
            result = self.engine.simulate("p", query, " ".join(changes), "p").result
            self.case.assertTrue(result, (query, changes, tried))


def equations(head: Sequence[Term], asked: Sequence[Plain]) -> Iterator[tuple[set[str], str]]:
    """What a head's variables must equal to give what was asked, and which these are."""
    first: dict[str, Variable] = {}
    for own, other in zip(head, asked, strict=True):
        if not isinstance(own, Variable):
            continue
        if isinstance(other, Constant):
            yield {own.name}, f"builtin:equal({own.name}, {print_value(other.value)})"
        elif not other.anonymous:
            known = first.setdefault(other.name, own)
            yield {own.name, known.name}, f"builtin:equal({own.name}, {known.name})"


def names(terms: Sequence[Term]) -> set[str]:
    return {term.name for term in terms if isinstance(term, Variable)}


def written(terms: Sequence[Plain]) -> str:
    return ", ".join(print_term(term) for term in terms)


def filled(terms: Sequence[Plain]) -> Row:
    """The terms with any value for each variable."""
    return tuple([term.value if isinstance(term, Constant) else "any" for term in terms])


def removable(obstacle: Hindrance) -> bool:
    """Whether the rows in the way are there only because they were put there."""
    pure = all(fact.given and not fact.derivations and not fact.end for fact in obstacle.facts)
    return pure and len(obstacle.facts) == obstacle.size
