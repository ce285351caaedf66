"""Transactions: all or nothing over any number of policies, and what is told of them."""

from collections.abc import Callable
from functools import partial
from typing import Literal
from unittest import mock

from congress.engine import (
    Changes,
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
from congress.model.builtin import Builtin
from congress.model.diagnostic import Refused
from congress.model.values import Row
from congress.testing.language import BUILTINS
from tests.unit.engine.case import EngineCase, schema_of

#: A change of everything there is, in four policies; it succeeds.
CHANGE: list[Edit] = [
    CreatePolicy("fresh", "datalog"),
    InsertRules("fresh", "seen(x) :- s:t(x, _)  reach(x, y) :- s:t(x, y)", rule_id=None),
    InsertRules("p", "b(x) :- a(x), fresh:seen(x)  a(3)"),
    InsertRules("p", "named(x) :- a(x)", rule_id="new"),
    DeleteRules("p", "c(x) :- a(x)"),
    InsertRules("g", "path(x, z) :- path(x, y), s:t(y, z)"),
    UpdateTable("s", "t", [(3, 4)], [(1, 2)]),
    ReplaceTables("p", {"d": [(9,)]}),
    SetSchema("s", schema_of(t="from to", u="id")),
    DropPolicy("old"),
    Tick("2026-02-02 00:00:00"),
]

#: Edits that refuse a transaction, each with its code.
FAILURES: list[tuple[str, Edit]] = [
    ("syntax", InsertRules("p", "x(")),
    ("lexical", InsertRules("p", "x(1) $")),
    ("head-variable", InsertRules("p", "x(y) :- a(z)")),
    ("recursion", InsertRules("p", "a(x) :- c2(x)  c2(x) :- a(x)")),
    ("unstratified", InsertRules("g", "path(x, x) :- s:t(x, _), not path(x, x)")),
    ("arity", InsertRules("p", "x(y) :- a(y, y)")),
    ("column-name", InsertRules("p", "x(y) :- s:t(nothing=y)")),
    ("unsafe", InsertRules("p", "execute[n:f(t)] :- builtin:now(t)")),
    ("no-policy", InsertRules("nobody", "x(1)")),
    ("no-policy", UpdateTable("nobody", "x", [(1,)])),
    ("no-policy", ReplaceTables("nobody", {"x": [(1,)]})),
    ("no-policy", DropPolicy("nobody")),
    ("no-policy", SetSchema("nobody", schema_of(t="id"))),
    ("syntax", DeleteRules("p", "x(")),
    ("duplicate-policy", CreatePolicy("p")),
    ("bad-kind", CreatePolicy("other", "fast")),
    ("bad-policy-name", CreatePolicy("not")),
    ("multiple-statements", InsertRules("p", "x(1) x(2)", rule_id="one")),
    ("budget", InsertRules("g", "n(0)  n(y) :- n(x), builtin:plus(x, 1, y)")),
]


class TransactionCase(EngineCase):
    """An engine with something in every place that a transaction can change."""

    limits = Limits(derived_rows=200)
    evaluator: Literal["naive", "incremental"] = "incremental"

    def setUp(self) -> None:
        broken = Builtin("crash", ("x",), (), function=self.crash)
        self.engine = Engine([*BUILTINS, broken], limits=self.limits, evaluator=self.evaluator)
        for edit in (
            *(CreatePolicy("p"), CreatePolicy("g", "datalog"), CreatePolicy("old")),
            CreatePolicy("s", "datasource"),
            SetSchema("s", schema_of(t="from to")),
            ReplaceTables("s", {"t": [(1, 2), (2, 3)]}),
            InsertRules("p", "a(1) a(2) d(7)  c(x) :- a(x)  far(x) :- g:path(1, x)"),
            InsertRules("p", "execute[n:f(x)] :- c(x), not old:off(x)", rule_id="act"),
            InsertRules("p", "later(x) :- s:u(id=x)", rule_id="waits"),
            InsertRules("g", "path(x, y) :- s:t(x, y)"),
            InsertRules("old", "off(2)"),
            Tick("2026-01-01 00:00:00"),
        ):
            self.engine.transact([edit])

    crashing = False

    def crash(self, value: object) -> bool:
        """A builtin that does what no builtin may."""
        if self.crashing:
            raise KeyboardInterrupt
        return True

    def everything(self) -> dict[str, object]:
        """All that can be seen from outside."""
        engine = self.engine
        policies = engine.policies()
        seen: dict[str, object] = {"policies": dict(policies)}
        for policy in policies:
            tables = engine.tables(policy)
            seen[policy] = (
                tables,
                sorted(engine.content(policy)),
                {name: engine.column_names(policy, name) for name in tables},
                {name: frozenset(engine.rows(policy, name)) for name in tables},
            )
        seen["actions"] = engine.desired_actions()
        seen["needed"] = engine.needed()
        seen["clock"] = engine.uses_clock()
        seen["now"] = engine.query("p", "builtin:now(x)").texts
        seen["status"] = [engine.rule_status("p", name) for name in ("act", "waits")]
        seen["reached"] = engine.reached("p", "act")
        return seen


class AtomicTest(TransactionCase):
    #: What is done last before a transaction is committed.
    last_step = "deltas.Deltas._told"

    def check_nothing_happened(self, attempt: Callable[[], object]) -> None:
        """Whatever is attempted is refused and leaves no trace, also not for later."""
        before = self.everything()
        number = self.engine.transact([]).number
        with self.assertRaises((Refused, KeyboardInterrupt)):
            attempt()
        self.assertEqual(before, self.everything())
        self.assertEqual(number + 1, self.engine.transact([]).number)

    def test_a_change_of_everything_takes_effect(self) -> None:
        before = self.everything()
        changes = self.engine.transact(CHANGE)
        self.assertNotEqual(before, self.everything())
        self.assertEqual({(2,), (3,)}, self.rows("b"))
        self.assertEqual({(2, 3), (3, 4), (2, 4)}, self.rows("path", "g"))
        self.assertEqual({"p", "g", "s", "fresh"}, set(self.engine.policies()))
        self.assertEqual({"f"}, {wish.action for wish in changes.deactivated})

    def test_one_edit_that_fails_undoes_all_others_wherever_it_stands(self) -> None:
        for code, failure in FAILURES:
            for place in (0, 5, len(CHANGE)):
                with self.subTest(code=code, place=place):
                    edits = [*CHANGE[:place], failure, *CHANGE[place:]]
                    self.check_nothing_happened(partial(self.engine.transact, edits))

    def test_every_problem_of_a_transaction_is_told(self) -> None:
        failures = [failure for code, failure in FAILURES if code != "budget"]
        with self.assertRaises(Refused) as caught:
            self.engine.transact(failures)
        codes = [diagnostic.code for diagnostic in caught.exception.diagnostics]
        self.assertEqual(sorted(code for code, _ in FAILURES if code != "budget"), sorted(codes))

    def test_a_deadline_undoes_all(self) -> None:
        self.engine.transact([UpdateTable("p", "e", [(n,) for n in range(90)])])
        edits = [
            *CHANGE,
            InsertRules("p", "xyz(x, y, z) :- e(x), e(y), e(z), x2(x)  x2(x) :- e(x)"),
        ]
        self.check_nothing_happened(lambda: self.engine.transact(edits, deadline=lambda: True))

    def test_a_crash_in_the_middle_of_evaluation_undoes_all(self) -> None:
        edits = [*CHANGE, InsertRules("p", "x(y) :- a(y), builtin:crash(y)")]
        self.crashing = True
        self.check_nothing_happened(lambda: self.engine.transact(edits))
        self.crashing = False
        self.engine.transact(edits)
        self.assertEqual({(1,), (2,), (3,)}, self.rows("x"))

    def test_a_crash_behind_the_evaluation_undoes_all(self) -> None:
        before = self.everything()
        with (
            mock.patch(f"congress.engine.{self.last_step}", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.engine.transact(CHANGE)
        self.assertEqual(before, self.everything())

    def test_rows_that_cannot_be_read_to_their_end_undo_all(self) -> None:
        def rows() -> object:
            yield (5,)
            raise KeyboardInterrupt

        edits = [*CHANGE, UpdateTable("p", "a", rows())]  # type: ignore[arg-type]
        self.check_nothing_happened(lambda: self.engine.transact(edits))

    def test_what_is_only_tried_leaves_no_trace(self) -> None:
        before = self.everything()
        tried = self.engine.transact(CHANGE, dry_run=True)
        self.assertEqual(before, self.everything())
        done = self.engine.transact(CHANGE)
        self.assertEqual((tried.number, tried.accepted), (done.number, done.accepted))

    def test_a_rejected_row_leaves_the_rest(self) -> None:
        edits: list[Edit] = [
            UpdateTable("s", "t", [(5, 6), (7,)]),
            InsertRules("p", "five(x) :- s:t(5, x)"),
        ]
        changes = self.engine.transact(edits)
        self.assertEqual([("s", "t", (7,))], [(r.policy, r.table, r.row) for r in changes.rejected])
        self.assertEqual({(6,)}, self.rows("five"))

    def test_edits_see_what_edits_before_them_did(self) -> None:
        edits: list[Edit] = [
            CreatePolicy("one"),
            InsertRules("one", "q(x) :- two:r(name=x)"),
            CreatePolicy("two", "datasource"),
            SetSchema("two", schema_of(r="id name")),
            UpdateTable("two", "r", [(1, "x")]),
            DeleteRules("one", "q(x) :- two:r(name=x)"),
            InsertRules("one", "q(x) :- two:r(id=x)"),
        ]
        changes = self.engine.transact(edits)
        self.assertEqual({(1,)}, self.rows("q", "one"))
        self.assertEqual({("one", "q"), ("two", "r")}, set(changes.tables))


class OracleAtomicTest(AtomicTest):
    """The same of the evaluator that works anew."""

    evaluator = "naive"
    last_step = "oracle.turned"


class ToldTest(TransactionCase):
    def test_transactions_are_numbered_one_by_one(self) -> None:
        first = self.insert("n(1)").number
        numbers = [self.insert("n(1)").number, self.engine.transact([]).number]
        self.refused("n(")
        self.engine.transact([InsertRules("p", "n(2)")], dry_run=True)
        numbers.append(self.insert("n(2)").number)
        self.assertEqual([first + 1, first + 2, first + 3], numbers)

    def test_one_transaction_tells_of_all_policies(self) -> None:
        changes = self.engine.transact(CHANGE)
        tables = {name: (delta.added, delta.removed) for name, delta in changes.tables.items()}
        none = frozenset[Row]()
        self.assertEqual(
            {
                ("s", "t"): ({(3, 4)}, {(1, 2)}),
                ("fresh", "seen"): ({(2,), (3,)}, none),
                ("fresh", "reach"): ({(2, 3), (3, 4)}, none),
                ("p", "a"): ({(3,)}, none),
                ("p", "b"): ({(2,), (3,)}, none),
                ("p", "named"): ({(1,), (2,), (3,)}, none),
                ("p", "c"): (none, {(1,), (2,)}),
                ("p", "d"): ({(9,)}, {(7,)}),
                ("p", "far"): (none, {(2,)}),
                ("g", "path"): ({(3, 4), (2, 4)}, {(1, 2)}),
                ("old", "off"): (none, {(2,)}),
            },
            tables,
        )

    def test_an_action_that_one_edit_starts_and_another_ends_is_not_told(self) -> None:
        edits = [UpdateTable("p", "a", [(5,)]), UpdateTable("p", "a", (), [(5,)])]
        self.assertEqual(frozenset(), self.engine.transact(edits).activated)

    def test_changes_lead_from_one_state_to_the_next(self) -> None:
        mirror: dict[tuple[str, str], set[Row]] = {}
        actions: set[object] = set(self.engine.desired_actions())
        for policy in self.engine.policies():
            for table in self.engine.tables(policy):
                if ":" not in table:
                    mirror[policy, table] = set(self.engine.rows(policy, table))
        history: list[list[Edit]] = [
            CHANGE,
            [UpdateTable("s", "t", [(4, 5), (1, 2)])],
            [DropPolicy("fresh"), UpdateTable("s", "u", [(1,)])],
            [DeleteRules("p", "execute[n:f(x)] :- c(x), not old:off(x)")],
            [InsertRules("p", "c(x) :- a(x)  execute[n:f(x)] :- c(x)")],
            [SetSchema("s", schema_of(t="a b c"))],
        ]
        for edits in history:
            changes = self.engine.transact(edits)
            self.replay(changes, mirror, actions)
            self.assertEqual(actions, set(self.engine.desired_actions()))
            for (policy, table), rows in mirror.items():
                there = policy in self.engine.policies() and table in self.engine.tables(policy)
                self.assertEqual(rows, self.rows(table, policy) if there else set(), table)

    def replay(
        self, changes: Changes, mirror: dict[tuple[str, str], set[Row]], actions: set[object]
    ) -> None:
        """Follow a transaction by what is told of it; nothing is told twice."""
        for name, delta in changes.tables.items():
            rows = mirror.setdefault(name, set())
            self.assertLessEqual(delta.removed, rows)
            self.assertFalse(delta.added & rows)
            rows -= delta.removed
            rows |= delta.added
        self.assertLessEqual(changes.deactivated, actions)
        actions -= changes.deactivated
        self.assertFalse(changes.activated & actions)
        actions |= changes.activated


class OracleToldTest(ToldTest):
    """The same of the evaluator that works anew."""

    evaluator = "naive"
