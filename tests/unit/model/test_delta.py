"""Tests of congress.model.delta: the algebra's laws."""

import unittest
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from congress.model.delta import (
    Batch,
    Change,
    Delta,
    Snapshot,
    applied,
    composed,
    difference,
    digest,
    digest_after,
)
from congress.model.values import TRUE, Row, row_from_plain

ROWS = st.frozensets(
    st.tuples(st.integers(0, 3), st.sampled_from(["a", "b"])).map(row_from_plain), max_size=8
)


class AlgebraTest(unittest.TestCase):
    @given(ROWS, ROWS)
    def test_a_difference_leads_from_old_to_new(
        self, old: frozenset[Row], new: frozenset[Row]
    ) -> None:
        self.assertEqual(new, applied(old, difference("t", old, new)))

    @given(ROWS, ROWS)
    def test_the_inverse_leads_back(self, old: frozenset[Row], new: frozenset[Row]) -> None:
        self.assertEqual(old, applied(new, difference("t", old, new).inverse))

    @given(ROWS, st.lists(st.tuples(ROWS, ROWS, st.booleans()), min_size=1))
    def test_changes_put_together_do_what_they_do_in_a_row(
        self, before: frozenset[Row], steps: list[tuple[frozenset[Row], frozenset[Row], bool]]
    ) -> None:
        changes: list[Change] = []
        rows = before
        for after, again, whole in steps:
            delta = difference("t", rows, after)
            # Rows that stay may be removed and added again.
            twice = Delta("t", delta.added | (rows & after & again), rows - (after - again))
            changes.append(Snapshot("t", after) if whole else twice)
            rows = after
        for together in (
            reduce(composed, changes),
            reduce(lambda later, earlier: composed(earlier, later), reversed(changes)),
        ):
            self.assertEqual(rows, applied(before, together))
            if isinstance(together, Delta):
                self.assertTrue(len(changes) == 1 or difference("t", before, rows) == together)

    @given(ROWS, ROWS, ROWS)
    def test_consolidation_changes_nothing_and_only_once(
        self, rows: frozenset[Row], added: frozenset[Row], removed: frozenset[Row]
    ) -> None:
        delta = Delta("t", added, removed)
        self.assertEqual(applied(rows, delta), applied(rows, delta.consolidated))
        self.assertEqual(delta.consolidated, delta.consolidated.consolidated)
        self.assertFalse(delta.consolidated.added & delta.consolidated.removed)

    @given(ROWS, ROWS)
    def test_a_digest_follows_the_deltas(self, old: frozenset[Row], new: frozenset[Row]) -> None:
        self.assertEqual(digest(new), digest_after(digest(old), difference("t", old, new)))

    def test_a_digest_depends_on_values_only(self) -> None:
        self.assertEqual(digest([(1,), ("a",)]), digest([("a",), (1.0,)]))
        self.assertNotEqual(digest([(1,)]), digest([(TRUE,)]))

    def test_an_empty_delta_is_false(self) -> None:
        self.assertFalse(Delta("t"))
        self.assertTrue(Delta("t", removed=frozenset({(1,)})))

    def test_snapshots_replace(self) -> None:
        self.assertEqual(
            frozenset({(2,)}), applied(frozenset({(1,)}), Snapshot("t", frozenset({(2,)})))
        )

    def test_a_batch_knows_its_tables(self) -> None:
        batch = Batch((Delta("a"), Snapshot("b", frozenset())), as_of=1.0)
        self.assertEqual({"a", "b"}, batch.tables)
