"""Texts as they are stored, keys of rows, and what failures become."""

import unittest
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from oslo_db import exception as db
from sqlalchemy import exc

from congress.interfaces.storage import Conflict, StorageError
from congress.model.diagnostic import Refused
from congress.model.values import FALSE, TRUE
from congress.plugins.storage.gate import Gate
from congress.plugins.storage.limits import checked_name, json_copy
from congress.plugins.storage.sql.failures import translated
from congress.plugins.storage.sql.pushed import row_key
from congress.plugins.storage.sql.session import chunks
from congress.plugins.storage.sql.types import escaped, unescaped
from congress.plugins.storage.writer import WriterLock

TEXTS = st.text(st.sampled_from("a \x00\x1a\ud800\udfff0\U0001f600ä"), max_size=8)


class TestTexts(unittest.TestCase):
    @given(TEXTS)
    def test_what_is_stored_can_be_read_back(self, text: str) -> None:
        stored = escaped(text)
        self.assertEqual(unescaped(stored), text)
        stored.encode("utf-8")
        self.assertNotIn("\x00", stored)
        self.assertFalse(stored.endswith(" "))

    @given(TEXTS, TEXTS)
    def test_different_texts_are_stored_differently(self, one: str, other: str) -> None:
        self.assertEqual(one == other, escaped(one) == escaped(other))

    def test_ordinary_text_is_stored_as_it_is(self) -> None:
        self.assertEqual(escaped("p(x) :- q(x), 'ä'"), "p(x) :- q(x), 'ä'")

    def test_names_are_checked(self) -> None:
        self.assertEqual(checked_name("policy", "a" * 255), "a" * 255)
        for name, code in (("", "invalid"), ("\n", "invalid"), ("a" * 256, "too-large")):
            with self.assertRaises(Refused) as caught:
                checked_name("policy", name)
            self.assertEqual(caught.exception.code, code)

    def test_values_without_a_json_form_are_errors(self) -> None:
        self.assertEqual(json_copy((1, None)), [1, None])
        for value in (float("nan"), {1, 2}):
            with self.assertRaises((ValueError, TypeError)):
                json_copy(value)


class TestRowKeys(unittest.TestCase):
    def test_keys_follow_the_equality_of_the_policy_language(self) -> None:
        rows = [
            (1,),
            ("1",),
            (TRUE,),
            (FALSE,),
            (0,),
            (None,),
            ("",),
            (),
            (1.5,),
            ("a", "b"),
            ("a,b",),
        ]
        self.assertEqual(len({row_key(row) for row in rows}), len(rows))
        self.assertEqual(row_key((1,)), row_key((1.0,)))
        self.assertEqual(row_key((-0.0,)), row_key((0,)))

    def test_long_lists_are_cut(self) -> None:
        values = [str(number) for number in range(1001)]
        self.assertEqual([len(part) for part in chunks(values)], [500, 500, 1])
        self.assertEqual(chunks([]), [])


class DriverError(Exception):
    """Stands for what a database driver raises."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class TestFailures(unittest.TestCase):
    def translation(self, error: Exception) -> StorageError:
        """What becomes of an exception."""
        gate = Gate(write=True)
        with self.assertRaises(StorageError) as caught, translated(gate):
            raise error
        self.assertIs(gate.failure, caught.exception)
        return caught.exception

    def test_collisions_are_conflicts(self) -> None:
        locked = exc.OperationalError("SELECT", {}, DriverError("database is locked"))
        serial = exc.OperationalError("SELECT", {}, DriverError("x", "40001"))
        for error in (db.DBDeadlock(), db.DBDuplicateEntry(), locked, serial):
            self.assertIsInstance(self.translation(error), Conflict)

    def test_other_failures_are_logged_without_values(self) -> None:
        wrapped = exc.OperationalError("SELECT ?", {"a": "hunter2"}, DriverError("gone\nhunter2"))
        for error in (db.DBConnectionError(wrapped), db.DBError(wrapped), exc.TimeoutError("slow")):
            with self.assertLogs("congress", "WARNING") as logged:
                found = self.translation(error)
            self.assertNotIsInstance(found, Conflict)
            self.assertNotIn("hunter2", str(found) + "".join(logged.output))

    def test_what_was_raised_first_spoils_the_transaction(self) -> None:
        gate = Gate(write=True)
        first = gate.collision("one")
        gate.collision("two")
        with self.assertRaises(Conflict) as caught:
            gate.check()
        self.assertIs(caught.exception, first)


class TestWriterLock(unittest.TestCase):
    def test_the_same_thread_is_told_instead_of_waiting(self) -> None:
        lock = WriterLock()
        with lock, self.assertRaises(RuntimeError), lock:
            self.fail("taken twice")
        with lock:
            pass

    def test_waiting_too_long_is_a_conflict(self) -> None:
        lock = WriterLock(timeout=0.01)

        def take() -> None:
            with lock:
                self.fail("taken twice")

        with lock, ThreadPoolExecutor(1) as pool, self.assertRaises(Conflict):
            pool.submit(take).result(timeout=10)
