"""Whatever is inserted and deleted, and in whatever order, only what there is in the end counts."""

import contextlib
import random
import unittest

from hypothesis import given
from hypothesis import strategies as st

from congress.engine import (
    CreatePolicy,
    DeleteRules,
    Edit,
    Engine,
    InsertRules,
    ReplaceTables,
    UpdateTable,
    parse,
    print_statement,
)
from congress.engine.lang.ast import Rule
from congress.model.delta import Delta, applied
from congress.model.diagnostic import Refused
from congress.model.values import FALSE, TRUE, Row, Value
from congress.testing.language import BUILTINS

#: Stored tables and their columns, and derived tables and theirs.
STORED = {"e": 2, "f": 1, "g": 3}
DERIVED = {"a": 1, "b": 2, "c": 1, "d": 2}
VALUES: tuple[Value, ...] = (0, 1, 2, 1.0, 2.5, "x", "y", TRUE, FALSE, None)
VARIABLES = ("x", "y", "z", "w")
BUILTIN_CALLS = ("builtin:lt({0}, {1})", "builtin:plus({0}, 1, {1})", "builtin:equal({0}, {1})")
ROWS: dict[str, list[Row]] = {
    "e": [(0, 1), (1, 2), (2, 0), (2, 2), ("x", "y"), ("y", TRUE)],
    "f": [(0,), (1.0,), ("x",), (None,)],
    "g": [(0, 1, 2), (1, 1, "x"), (2, "x", "y"), (2.5, 2, 0)],
}
AGGREGATES = ("count", "sum", "max")


@st.composite
def lookups(draw: st.DrawFn, terms: st.SearchStrategy[str]) -> str:
    table = draw(st.sampled_from([*STORED, *STORED, *DERIVED]))
    arity = (STORED | DERIVED)[table]
    return f"{table}({', '.join(draw(st.lists(terms, min_size=arity, max_size=arity)))})"


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A rule that is safe, though it may be refused for a cycle."""
    free = st.sampled_from([*VARIABLES, *VARIABLES, *VARIABLES, "_", "1", '"x"'])
    body = draw(st.lists(lookups(free), min_size=1, max_size=3))
    bound = sorted({name for name in VARIABLES for text in body if name in text}) or ["1"]
    known = st.sampled_from([*bound, "1"])
    if draw(st.booleans()):
        names = draw(st.lists(known, min_size=2, max_size=2))
        body.append(draw(st.sampled_from(BUILTIN_CALLS)).format(*names))
    if draw(st.booleans()):
        body.append(f"not {draw(lookups(st.sampled_from([*bound, '_', '1'])))}")
    table = draw(st.sampled_from(sorted(DERIVED)))
    head = draw(st.lists(known, min_size=DERIVED[table], max_size=DERIVED[table]))
    name = f"{table}({', '.join(head)})"
    kind = draw(st.integers(0, 9))
    if kind == 0:
        name = f"execute[n:{name}]"
    elif kind == 1 and head[-1] != "1":
        head[-1] = f"{draw(st.sampled_from(AGGREGATES))}<{head[-1]}>"
        name = f"{table}({', '.join(head)})"
    return f"{name} :- {', '.join(draw(st.permutations(body)))}"


@st.composite
def row_sets(draw: st.DrawFn, arity: int) -> list[Row]:
    rows = st.tuples(*[st.sampled_from(VALUES)] * arity)
    return draw(st.lists(rows, max_size=6))


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    kind = draw(st.integers(0, 8))
    if kind > 4:
        return InsertRules("p", draw(rules()))
    if kind < 2:
        return DeleteRules("p", draw(rules()))
    table = draw(st.sampled_from(sorted(STORED)))
    if kind == 2:
        return ReplaceTables("p", {table: draw(row_sets(STORED[table]))})
    add, remove = draw(row_sets(STORED[table])), draw(row_sets(STORED[table]))
    return UpdateTable("p", table, add, remove)


HISTORIES = st.lists(st.lists(edits(), min_size=1, max_size=3), max_size=10)


def engine_with(*, loaded: bool = True) -> Engine:
    engine = Engine(BUILTINS)
    mentions = " ".join(f"keep(1) :- {t}({', '.join('_' * n)}), false" for t, n in STORED.items())
    mentions += " ".join(
        f" keep(1) :- {t}({', '.join('_' * n)}), false" for t, n in DERIVED.items()
    )
    engine.transact([CreatePolicy("p", "datalog"), InsertRules("p", mentions)])
    if loaded:
        engine.transact([ReplaceTables("p", ROWS)])
    return engine


def contents(engine: Engine) -> dict[str, frozenset[Row]]:
    return {table: frozenset(engine.rows("p", table)) for table in (*STORED, *DERIVED)}


def rebuilt(engine: Engine, order: random.Random) -> Engine:
    """An engine that was given the same facts and rules at once, in another order."""
    texts = engine.content("p")
    order.shuffle(texts)
    shuffled = [_shuffled(text, order) for text in texts]
    fresh = engine_with(loaded=False)
    fresh.transact([InsertRules("p", " ; ".join(shuffled))])
    return fresh


def _shuffled(text: str, order: random.Random) -> str:
    """A rule with its body in another order."""
    (statement,) = parse(text)
    if not isinstance(statement, Rule) or statement.body is None:
        return text
    body = list(statement.body)
    order.shuffle(body)
    return print_statement(Rule(statement.heads, tuple(body)))


class EvaluationTest(unittest.TestCase):
    @given(HISTORIES, st.randoms(use_true_random=False))
    def test_history_does_not_matter(self, history: list[list[Edit]], order: random.Random) -> None:
        """Changes add up to the contents, and these are what a fresh evaluation gives."""
        engine = engine_with()
        tracked = contents(engine)
        active = engine.desired_actions()
        for transaction in history:
            before = engine.content("p")
            try:
                changes = engine.transact(transaction)
            except Refused:
                self.assertEqual(engine.content("p"), before)
                self.assertEqual(contents(engine), tracked)
                continue
            for (_, table), delta in changes.tables.items():
                if table in tracked:
                    self.assertEqual(delta, delta.consolidated)
                    self._check_net(tracked[table], delta)
                    tracked[table] = applied(tracked[table], delta)
            active = (active - changes.deactivated) | changes.activated
            self.assertEqual(contents(engine), tracked)
            self.assertEqual(engine.desired_actions(), active)
        fresh = rebuilt(engine, order)
        self.assertEqual(contents(fresh), tracked)
        self.assertEqual(_asked(fresh), _asked(engine))

    def _check_net(self, rows: frozenset[Row], delta: Delta) -> None:
        self.assertTrue(delta.removed <= rows)
        self.assertFalse(delta.added & rows)

    @given(HISTORIES, rules(), st.lists(rules(), max_size=2))
    def test_what_is_only_asked_changes_nothing(
        self, history: list[list[Edit]], query: str, sequence: list[str]
    ) -> None:
        engine = engine_with()
        for transaction in history:
            with contextlib.suppress(Refused):
                engine.transact(transaction)
        before, held = contents(engine), engine.desired_actions()
        items = " ".join(text.replace("(", "+(", 1) for text in sequence)
        for ask in (
            lambda: engine.query("p", query),
            lambda: engine.trace("p", query),
            lambda: engine.simulate("p", query, items, "p", delta=True),
            lambda: engine.transact([InsertRules("p", query)], dry_run=True),
        ):
            with contextlib.suppress(Refused):
                ask()
            self.assertEqual(contents(engine), before)
            self.assertEqual(engine.desired_actions(), held)

    @given(HISTORIES, rules())
    def test_a_query_answers_what_a_stored_rule_derives(
        self, history: list[list[Edit]], text: str
    ) -> None:
        engine = engine_with()
        for transaction in history:
            with contextlib.suppress(Refused):
                engine.transact(transaction)
        (statement,) = parse(text)
        assert isinstance(statement, Rule)
        if statement.head.modal is not None:
            return
        renamed = text.replace(statement.head.table, "fresh", 1)
        try:
            engine.transact([InsertRules("p", renamed)])
        except Refused:
            return
        stored = set(engine.rows("p", "fresh"))
        answers = engine.query("p", renamed)
        self.assertEqual(set(answers.rows), stored)


def _asked(engine: Engine) -> set[tuple[str, Row]]:
    """The actions that are asked for, whichever rule does."""
    return {(action.action, action.arguments) for action in engine.desired_actions()}
