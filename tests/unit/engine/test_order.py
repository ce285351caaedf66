"""Tests of congress.engine.plan.order and congress.engine.plan.steps."""

import itertools
import unittest

from congress.engine.lang.ast import Rule
from congress.engine.lang.names import resolve
from congress.engine.lang.parser import parse
from congress.engine.lang.resolved import Goal, TableId, variables
from congress.engine.plan.order import arrange, local_variables
from congress.engine.plan.steps import Apply, Given, Scan, Settle, Slot, make_plan
from congress.engine.workspace import Workspace
from congress.testing.language import BUILTINS

SIZES = {"big": 10_000, "mid": 100, "small": 1}


def size(table: TableId) -> int:
    return SIZES.get(table[1], 10)


def body(text: str) -> tuple[Goal, ...]:
    (rule,) = parse(text)
    assert isinstance(rule, Rule)
    workspace = Workspace({builtin.name: builtin for builtin in BUILTINS})
    resolved = resolve(rule, "p", workspace).rule
    assert resolved is not None
    return resolved.body


def order_of(text: str, first: int | None = None) -> list[int]:
    goals = body(text)
    order, stuck = arrange(goals, local_variables(goals, {"h"}), size, first)
    assert not stuck
    return order


class OrderTest(unittest.TestCase):
    def test_small_tables_come_first(self) -> None:
        self.assertEqual(order_of("h(1) :- big(x), mid(x), small(x)"), [2, 1, 0])

    def test_filters_come_as_soon_as_they_can(self) -> None:
        text = "h(1) :- big(x, y), small(x), builtin:lt(x, 5), not mid(y)"
        self.assertEqual(order_of(text), [1, 2, 0, 3])

    def test_constants_make_a_table_small(self) -> None:
        self.assertEqual(order_of("h(1) :- mid(x), big(x, 1, 2)"), [1, 0])

    def test_chosen_first(self) -> None:
        self.assertEqual(order_of("h(1) :- big(x), small(x)", first=0), [0, 1])

    def test_written_order_does_not_matter(self) -> None:
        parts = ["big(x, y)", "mid(y)", "not small(z)", "builtin:plus(x, y, z)"]
        results = set()
        for permutation in itertools.permutations(parts):
            order = order_of(f"h(1) :- {', '.join(permutation)}")
            results.add(tuple(permutation[position] for position in order))
        self.assertEqual(len(results), 1)

    def test_local_variables(self) -> None:
        goals = body("h(1) :- mid(x), not big(x, y), not small(y, z), not odd(w, w, h)")
        self.assertEqual(local_variables(goals, {"h"}), {"z", "w"})

    def test_what_cannot_be_placed(self) -> None:
        goals = body("h(1) :- mid(x), builtin:lt(x, y), builtin:plus(z, 1, z)")
        self.assertEqual(arrange(goals, frozenset(), size), ([0], [1, 2]))

    def test_very_wide_tables(self) -> None:
        goals = body(f"h(1) :- wide({', '.join(['1'] * 2000)})")
        self.assertEqual(arrange(goals, frozenset(), size), ([0], []))
        self.assertEqual(variables(goals[0].terms), set())  # type: ignore[union-attr]


class StepsTest(unittest.TestCase):
    def test_steps(self) -> None:
        goals = body("h(1) :- mid(x, x, 7, _), builtin:plus(x, 1, y), not big(y, z, z), true")
        plan = make_plan(goals, [0, 1, 2, 3])
        scan, apply, absent, settle = plan.steps
        assert isinstance(scan, Scan)
        assert isinstance(apply, Apply)
        assert isinstance(absent, Scan)
        self.assertEqual((scan.key_columns, scan.take, scan.same), ((2,), (0,), ((0, 1),)))
        self.assertEqual((apply.inputs, apply.outputs), ((Slot(0), Given(1)), (None,)))
        self.assertEqual((absent.key, absent.same, absent.negated), ((Slot(1),), ((1, 2),), True))
        self.assertEqual(settle, Settle(3, True))
        self.assertEqual(plan.places, {"x": 0, "y": 1})

    def test_variables_must_be_bound_in_time(self) -> None:
        with self.assertRaises(ValueError):
            make_plan(body("h(1) :- builtin:plus(x, 1, y), mid(x)"), [0, 1])
