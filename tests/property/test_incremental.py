"""Following changes gives what evaluating anew gives: rows, changes, actions and counts."""

import unittest
from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from congress.engine import (
    CreatePolicy,
    DeleteRules,
    DropPolicy,
    Edit,
    Engine,
    InsertRules,
    Limits,
    ReplaceTables,
    SetSchema,
    Tick,
    UpdateTable,
)
from congress.engine.live import LiveWorkspace
from congress.engine.run.budget import Budget
from congress.engine.run.naive import Evaluator, NamedRule
from congress.engine.run.table import Index
from congress.model.diagnostic import Refused
from congress.model.schema import Column, Schema, TableSchema
from congress.model.values import FALSE, TRUE, Row, Value
from congress.testing.language import BUILTINS

#: Tables of the datasource ``s``, stored tables of ``p``, derived tables; with columns.
FED = {"s:m": 2, "s:n": 3}
STORED = {"e": 2, "f": 1}
DERIVED = {"a": 1, "b": 2, "c": 1, "d": 2, "q:a": 1, "q:b": 2}
ARITY = {**FED, **STORED, **DERIVED}
VALUES: tuple[Value, ...] = (0, 1, 2, 3, 1.0, 2.5, -0.1, 1e16, "x", "y", TRUE, FALSE, None)
VARIABLES = ("x", "y", "z", "w")
CALLS = (
    "builtin:lt({0}, {1})",
    "not builtin:lt({0}, {1})",
    "builtin:plus({0}, 1, {1})",
    "builtin:minus({0}, 1, v)",
    "not builtin:equal({0}, {1})",
    "builtin:now({0})",
    "true",
)
AGGREGATES = ("count", "sum", "min", "max", "avg")


@st.composite
def lookups(draw: st.DrawFn, terms: st.SearchStrategy[str]) -> str:
    table = draw(st.sampled_from([*FED, *FED, *STORED, *STORED, *DERIVED]))
    given_terms = draw(st.lists(terms, min_size=ARITY[table], max_size=ARITY[table]))
    return f"{table}({', '.join(given_terms)})"


@st.composite
def rules(draw: st.DrawFn, policy: str) -> str:
    """A rule that mostly is safe, though it may be refused."""
    free = st.sampled_from([*VARIABLES, *VARIABLES, *VARIABLES, "_", "1", '"x"'])
    body = draw(st.lists(lookups(free), min_size=1, max_size=4))
    if draw(st.integers(0, 3)) == 0:
        body.append(body[0].replace("x", "v").replace("y", "x"))
    bound = sorted({name for name in VARIABLES for text in body if name in text}) or ["1"]
    known = st.sampled_from([*bound, "1"])
    if draw(st.booleans()):
        names = draw(st.lists(known, min_size=2, max_size=2))
        body.append(draw(st.sampled_from(CALLS)).format(*names))
    for _ in range(draw(st.integers(0, 2))):
        body.append(f"not {draw(lookups(st.sampled_from([*bound, *bound, '_', 'k', '1'])))}")
    table = draw(st.sampled_from(["a", "b", "c", "d"] if policy == "p" else ["a", "b"]))
    head = draw(st.lists(known, min_size=ARITY[table], max_size=ARITY[table]))
    name = f"{table}({', '.join(head)})"
    kind = draw(st.integers(0, 7))
    if kind == 0:
        name = f"execute[n:{name}]"
    elif kind < 3 and head[-1] != "1":
        head[-1] = f"{draw(st.sampled_from(AGGREGATES))}<{head[-1]}>"
        name = f"{table}({', '.join(head)})"
    own = [text.replace("q:", "") if policy == "q" else text for text in body]
    other = [text if policy == "p" or ":" in text else _elsewhere(text) for text in own]
    return f"{name} :- {', '.join(draw(st.permutations(other)))}"


def _elsewhere(text: str) -> str:
    """A literal of ``p`` as ``q`` writes it."""
    start = 4 if text.startswith("not ") else 0
    name = text[start:].partition("(")[0]
    return text[:start] + "p:" + text[start:] if name in STORED | DERIVED else text


@st.composite
def row_sets(draw: st.DrawFn, arity: int) -> list[Row]:
    values = st.sampled_from(VALUES[:4]) if draw(st.booleans()) else st.sampled_from(VALUES)
    return draw(st.lists(st.tuples(*[values] * arity), max_size=6))


def schema(columns: int) -> SetSchema:
    tables = [TableSchema("m", (Column("i"), Column("j")))]
    if columns:
        names = ("i", "j", "k", "l")[:columns]
        tables.append(TableSchema("n", tuple(Column(name) for name in names)))
    return SetSchema("s", Schema.of(tables, closed=False))


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    kind = draw(st.integers(0, 15))
    policy = draw(st.sampled_from("ppq"))
    if kind > 9:
        return InsertRules(policy, draw(rules(policy)), lenient=draw(st.booleans()))
    if kind < 2:
        return DeleteRules(policy, draw(rules(policy)))
    if kind == 2:
        return Tick(draw(st.sampled_from(["2026-01-01 00:00:00", "2026-01-01 00:01:00"])))
    if kind == 3:
        return schema(draw(st.sampled_from([0, 3, 3, 4])))
    if kind == 4 and draw(st.integers(0, 4)) == 0:
        return DropPolicy("q") if draw(st.booleans()) else CreatePolicy("q", "datalog")
    name = draw(st.sampled_from([*FED, *FED, *STORED, "a", "b"]))
    place, _, table = name.rpartition(":")
    arity = ARITY[name]
    if kind == 5:
        return ReplaceTables(place or "p", {table: draw(row_sets(arity))})
    return UpdateTable(place or "p", table, draw(row_sets(arity)), draw(row_sets(arity)))


HISTORIES = st.lists(st.lists(edits(), min_size=1, max_size=4), min_size=1, max_size=12)


def start(evaluator: str, limits: Limits | None = None) -> Engine:
    engine = Engine(BUILTINS, limits=limits, evaluator=evaluator)  # type: ignore[arg-type]
    keep = " ".join(f"keep(1) :- {t}({', '.join('_' * n)}), false" for t, n in ARITY.items())
    engine.transact(
        [
            CreatePolicy("s", "datasource"),
            CreatePolicy("p", "datalog"),
            CreatePolicy("q", "datalog"),
            schema(3),
            InsertRules("p", keep),
            ReplaceTables("s", {"m": [(0, 1), (1, 2), (2, 0), ("x", "y")], "n": [(0, 1, 2)]}),
            ReplaceTables("p", {"e": [(0, 1), (1, 2), (2, 3)], "f": [(0,), (1,)]}),
        ]
    )
    return engine


def contents(engine: Engine) -> dict[str, set[Row]]:
    tables = {name: set(engine.rows("p", name)) for name in ARITY if _known(engine, name)}
    return {name: rows for name, rows in tables.items() if rows}


def texts(engine: Engine) -> list[str]:
    """What ``p`` holds; of equal numbers either spelling will do."""
    return sorted(text.replace("1.0", "1") for text in engine.content("p"))


def _known(engine: Engine, name: str) -> bool:
    policy = name.partition(":")[0] if ":" in name else "p"
    table = name.rpartition(":")[2]
    return policy in engine.policies() and (
        name in engine.tables("p") or table in engine.tables(policy)
    )


def attempt(engine: Engine, transaction: Iterable[Edit]) -> object:
    """What a transaction came to, for comparison."""
    try:
        changes = engine.transact(list(transaction))
    except Refused as refusal:
        return sorted({diagnostic.code for diagnostic in refusal.diagnostics})
    tables = {name: (d.added, d.removed) for name, d in changes.tables.items() if d}
    return (
        changes.number,
        changes.accepted,
        tables,
        changes.activated,
        changes.deactivated,
        Counter(changes.rejected),
        set(changes.warnings),
    )


class IncrementalTest(unittest.TestCase):
    @given(HISTORIES)
    def test_agrees_with_the_oracle(self, history: list[list[Edit]]) -> None:
        naive, incremental = start("naive"), start("incremental")
        for transaction in history:
            expected = attempt(naive, transaction)
            self.assertEqual(attempt(incremental, transaction), expected)
            self.assertEqual(contents(incremental), contents(naive))
            self.assertEqual(incremental.desired_actions(), naive.desired_actions())
            self.assertEqual(texts(incremental), texts(naive))
            check_state(self, incremental)

    @given(HISTORIES, st.lists(edits(), min_size=1, max_size=4))
    def test_what_is_tried_leaves_no_trace(
        self, history: list[list[Edit]], tried: list[Edit]
    ) -> None:
        engine = start("incremental")
        for transaction in history:
            attempt(engine, transaction)
        before, actions, texts = contents(engine), engine.desired_actions(), engine.content("p")
        try:
            foreseen = engine.transact(tried, dry_run=True).accepted
        except Refused:
            foreseen = -1
        self.assertEqual(contents(engine), before)
        self.assertEqual(engine.desired_actions(), actions)
        self.assertEqual(sorted(engine.content("p")), sorted(texts))
        check_state(self, engine)
        try:
            self.assertEqual(engine.transact(tried).accepted, foreseen)
        except Refused:
            self.assertEqual(foreseen, -1)
        check_state(self, engine)

    @given(HISTORIES)
    def test_limits_leave_no_trace(self, history: list[list[Edit]]) -> None:
        engine = start("incremental", Limits(derived_rows=4))
        for transaction in history:
            before = contents(engine)
            outcome = attempt(engine, transaction)
            if isinstance(outcome, list):
                self.assertEqual(contents(engine), before)
            check_state(self, engine)


def check_state(case: unittest.TestCase, engine: Engine) -> None:
    """Counts are those of an evaluation in full, and indexes hold what tables hold."""
    state = engine._state
    assert isinstance(state, LiveWorkspace)
    budget = Budget(Limits())
    evaluator = Evaluator(state.contents, budget, Counter())
    for node in state.network.nodes.values():
        for columns, index in node.table.indexes.items():
            fresh = Index(columns, node.table.rows)
            found = {key: set(index.get(key)) for key in index.map}
            case.assertEqual(found, {key: set(fresh.get(key)) for key in fresh.map}, node.id)
        if not node.visible or node.given is None:
            continue
        counts = Counter(node.given.rows)
        for key in state.definers.get(node.id, ()):
            resolved = state.rules[key].resolved
            assert resolved is not None
            for row, number in evaluator.counted(NamedRule(key, resolved), {}):
                counts[row] += number
        if node.group is not None:
            case.assertEqual(set(node.table.rows), set(counts), node.id)
        else:
            case.assertEqual(Counter(node.table.rows), counts, node.id)
