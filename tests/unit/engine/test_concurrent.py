"""Readers of every kind beside a writer: each answer is of one committed state."""

import threading
import unittest
from unittest import mock

from congress.engine import CreatePolicy, Engine, InsertRules, ReplaceTables, UpdateTable
from congress.testing.language import BUILTINS

DEADLINE = 60
ROUNDS = 150
SIZE = 400


class ConcurrentTest(unittest.TestCase):
    """The writer moves one coin at a time; every state holds as many in all."""

    def setUp(self) -> None:
        self.engine = Engine(BUILTINS)
        coins = [(number, "left") for number in range(SIZE)]
        self.engine.transact(
            [
                CreatePolicy("p"),
                InsertRules("p", "left(n) :- coin(n, s), equal(s, 'left')"),
                InsertRules("p", "right(n) :- coin(n, s), not equal(s, 'left')"),
                InsertRules("p", "execute[bank:tell(n)] :- right(n)"),
                ReplaceTables("p", {"coin": coins}),
            ]
        )
        small = mock.patch("congress.engine.run.still._PIECE", 30)
        self.addCleanup(small.stop)
        small.start()
        self.errors: list[BaseException] = []
        self.done = threading.Event()

    def write(self) -> None:
        """Move each coin, some of them there and back."""
        try:
            for number in range(ROUNDS):
                self.engine.transact(
                    [UpdateTable("p", "coin", [(number, "right")], [(number, "left")])]
                )
        except BaseException as error:
            self.errors.append(error)
        finally:
            self.done.set()

    def check(self) -> None:
        """Ask in every way there is until the writer is through."""
        try:
            while not self.done.is_set():
                self.check_once()
            self.check_once()
        except BaseException as error:
            self.errors.append(error)

    def check_once(self) -> None:
        engine = self.engine
        names = {row[0] for row in engine.query("p", "c(n) :- coin(n, s), not nothing(n)").rows}
        self.assertEqual(len(names), SIZE)
        both = engine.query("p", "both(n) :- left(n), right(n)").rows
        self.assertEqual(both, [])
        self.assertEqual(len(list(engine.rows("p", "coin"))), SIZE)
        found = engine.simulate("p", "coin(n, s)", "coin+(999, 'left')", "p").result
        self.assertEqual(len(found), SIZE + 1)
        preview = engine.preview([InsertRules("p", "all(n) :- coin(n, _)")])()
        self.assertEqual(len(preview.tables["p", "all"].added), SIZE)
        self.assertEqual(len(engine.query("p", "coin(1, s)").rows), 1)

    def test_every_answer_is_of_one_state(self) -> None:
        threads = [
            threading.Thread(target=self.write),
            *(threading.Thread(target=self.check) for _ in range(2)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
            self.assertFalse(thread.is_alive())
        self.assertEqual(self.errors, [])
        self.assertEqual(len(self.engine.desired_actions()), ROUNDS)
