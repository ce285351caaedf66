"""What is told of transactions is complete: it leads from one state to the next."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from congress.engine import Changes, Edit, Engine
from congress.model.action import DesiredAction
from congress.model.diagnostic import Refused
from congress.model.values import Row
from tests.property.test_incremental import ARITY, HISTORIES, start

PLACES = [tuple(name.split(":")) if ":" in name else ("p", name) for name in ARITY]


class CompletenessTest(unittest.TestCase):
    @given(HISTORIES, st.sampled_from(["naive", "incremental"]))
    def test_following_changes_gives_the_rows_and_actions_there_are(
        self, history: list[list[Edit]], evaluator: str
    ) -> None:
        engine = start(evaluator)
        watch = engine.watch([(policy, table) for policy, table in PLACES])
        rows = {name: set(held) for name, held in watch.rows.items()}
        actions = set(engine.desired_actions())
        number, taken = watch.number, list[Changes]()
        for edits in history:
            try:
                number += 1
                self.assertEqual(number, engine.transact(edits).number)
                taken += watch.take()
            except Refused:
                number -= 1
                self.assertEqual([], watch.take())
        told = [changes.number for changes in taken]
        self.assertEqual(sorted(set(told)), told)
        for changes in taken:
            self.follow(changes, rows, actions)
        self.assertEqual(rows, {name: held(engine, *name) for name in rows})
        self.assertEqual(actions, set(engine.desired_actions()))

    def follow(
        self,
        changes: Changes,
        rows: dict[tuple[str, str], set[Row]],
        actions: set[DesiredAction],
    ) -> None:
        """Apply what is told of one transaction; nothing is told that is so already."""
        for name, delta in changes.tables.items():
            self.assertLessEqual(delta.removed, rows[name])
            self.assertFalse(delta.added & rows[name])
            rows[name] = (rows[name] - delta.removed) | delta.added
        self.assertLessEqual(changes.deactivated, actions)
        self.assertFalse(changes.activated & actions)
        actions -= changes.deactivated
        actions |= changes.activated


def held(engine: Engine, policy: str, table: str) -> set[Row]:
    """The rows of a table, none if it is not there."""
    if policy not in engine.policies() or table not in engine.tables(policy):
        return set()
    return set(engine.rows(policy, table))
