"""Tests of congress.engine.run.journal."""

import unittest

from congress.engine.run.journal import Journal, JournaledDict


class JournalTest(unittest.TestCase):
    def test_everything_is_taken_back(self) -> None:
        journal = Journal()
        found: JournaledDict[str, int] = JournaledDict(journal, {"a": 1, "b": 2})
        found["a"] = 5
        found["c"] = 3
        del found["b"]
        self.assertEqual(found.pop("c"), 3)
        self.assertIsNone(found.pop("d", None))
        self.assertEqual(found.setdefault("e", 4), 4)
        self.assertEqual(found.setdefault("e", 6), 4)
        journal.rollback()
        self.assertEqual(found, {"a": 1, "b": 2})

    def test_what_is_kept_stays(self) -> None:
        journal = Journal()
        found: JournaledDict[str, int] = JournaledDict(journal)
        found["a"] = 1
        journal.commit()
        journal.rollback()
        self.assertEqual(found, {"a": 1})
