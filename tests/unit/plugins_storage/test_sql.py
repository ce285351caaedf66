"""The sql backend on SQLite: the conformance suite, and what is its own."""

import shutil
import sqlite3
import stat
import sys
import tempfile
import threading
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import sqlalchemy as sa
from sqlalchemy import event

from congress.interfaces.storage import (
    Conflict,
    Fence,
    Fenced,
    SchemaState,
    StorageBackend,
    StorageContext,
    StorageError,
)
from congress.model.diagnostic import Refused
from congress.model.status import State
from congress.model.values import FALSE, Row
from congress.plugins.storage.sql import engine
from congress.plugins.storage.sql.backend import SqlStorage
from congress.plugins.storage.sql.engine import SQLITE_MAGIC
from congress.testing.runtime import ManualClock
from congress.testing.storage import StorageSuite
from congress.testing.storage.case import a_datasource, a_policy
from tests.unit.plugins_storage.databases import FolderCase, make_conf


class TestSqliteStorage(StorageSuite, unittest.TestCase):
    """Each test begins with a copy of one migrated file."""

    template: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.template.cleanup)
        conf = make_conf(cls.template.name)
        storage = SqlStorage({}, StorageContext("bus", ManualClock(), conf=conf))
        storage.open()
        storage.close()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.clock = ManualClock()
        self.conf = make_conf(folder.name)
        shutil.copy(Path(self.template.name) / "congress.db", folder.name)
        super().setUp()

    def make_storage(self, bus_id: str) -> StorageBackend:
        return SqlStorage({}, StorageContext(bus_id, self.clock, conf=self.conf))

    def test_leases_are_timed_by_the_nodes_clock(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 5)
        self.clock.advance(4.9)
        with self.writing(Fence("r", "a", 1)) as tx:
            self.assertIsNone(tx.leases.acquire("r", "b", 5))
        self.clock.advance(0.2)
        with self.assertRaises(Fenced), self.writing(Fence("r", "a", 1)) as tx:
            tx.policies.add(a_policy())
        with self.writing() as tx:
            taken = tx.leases.acquire("r", "b", 5)
        self.assertEqual(taken and taken.epoch, 2)

    def test_ten_thousand_pushed_rows_take_no_more_statements_than_ten(self) -> None:
        with self.writing() as tx:
            tx.datasources.add(a_datasource())
        self.assertEqual(self.statements_to_push(10), self.statements_to_push(10_000))

    def statements_to_push(self, count: int) -> int:
        """How many it takes to store and read so many rows."""
        rows: list[Row] = [(n, f"name-{n}", None, n / 7, FALSE) for n in range(count)]
        with counted_statements() as statements:
            with self.writing() as tx:
                tx.pushed.apply("id-nova", "t", add=rows, clear=True)
            with self.reading() as tx:
                self.assertEqual(count, len(tx.pushed.tables("id-nova")["t"]))
        return len(statements)

    def test_a_write_inside_a_write_is_told_so(self) -> None:
        with self.writing(), self.assertRaises(RuntimeError), self.writing():
            self.fail("two write transactions of one thread")

    def test_another_process_that_writes_too_long_is_a_conflict(self) -> None:
        with mock.patch("congress.plugins.storage.sql.engine.SQLITE_PATIENCE", 0.01):
            other = self.opened("bus")
        with self.writing() as tx:
            tx.policies.add(a_policy())
            with self.assertRaises(Conflict), other.transaction(write=True):
                self.fail("two writers at once")
        self.assertIs(other.health().state, State.OK)


class TestSqliteFile(FolderCase):
    def test_file_and_folder_are_made_for_the_owner_alone(self) -> None:
        self.folder = self.folder / "deep" / "state"
        self.storage().open()
        file = self.folder / "congress.db"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.folder.stat().st_mode), 0o700)

    def test_what_was_stored_is_there_after_a_restart(self) -> None:
        backend = self.storage()
        backend.open()
        backend.run(lambda tx: tx.policies.add(a_policy()))
        backend.close()
        again = self.storage(f"sqlite:///{self.folder}/congress.db")
        again.open()
        self.assertEqual(again.read(lambda tx: tx.policies.get("net")), a_policy())

    def test_a_node_is_not_ready_before_it_is_open(self) -> None:
        backend = self.storage()
        self.assertIs(backend.health().state, State.NOT_READY)
        with self.assertRaises(StorageError):
            backend.read(lambda tx: tx.changes.revision())
        backend.open()
        self.assertIs(backend.health().state, State.OK)
        backend.close()
        self.assertIs(backend.health().state, State.NOT_READY)
        with self.assertRaises(StorageError):
            backend.schema_state()

    def test_a_file_that_is_no_database_is_reported(self) -> None:
        file = self.folder / "congress.db"
        for text in ("no", "not a database " * 1000):
            file.write_text(text)
            with self.assertRaises(Refused) as caught:
                self.storage().open()
            self.assertEqual("bad-configuration", caught.exception.diagnostics[0].code)
            self.assertIn("no SQLite database", str(caught.exception))
        self.assertEqual(text, file.read_text())

    def test_a_damaged_database_is_reported(self) -> None:
        (self.folder / "congress.db").write_bytes(SQLITE_MAGIC + b"damaged" * 1000)
        with self.assertLogs("congress", "WARNING"), self.assertRaises(StorageError):
            self.storage().open()

    def test_a_lost_table_is_reported_and_the_health_shows_it(self) -> None:
        backend = self.storage()
        backend.open()
        other = self.storage()
        other.open()
        with other.transaction(write=True):
            pass
        drop_table(self.folder / "congress.db", "fact")
        with self.assertLogs("congress", "WARNING") as logged, self.assertRaises(StorageError):
            backend.read(lambda tx: tx.facts.get("password"))
        self.assertNotIn("password", "".join(logged.output))
        self.assertIs(backend.health().state, State.FAILED)
        self.assertEqual(backend.read(lambda tx: tx.changes.revision()), 0)
        self.assertIs(backend.health().state, State.OK)

    def test_several_nodes_that_open_a_new_file_at_once_all_can(self) -> None:
        backends = [self.storage() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda backend: backend.open(), backends))
        states = [backend.schema_state() for backend in backends]
        self.assertEqual(states, [SchemaState.CURRENT] * 4)

    def test_a_new_file_that_somebody_writes_to_is_waited_for(self) -> None:
        file = self.folder / "congress.db"
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE t (x)")
        refused = threading.Event()
        writer = threading.Thread(target=lambda: (refused.wait(10), other.execute("COMMIT")))
        writer.start()
        self.addCleanup(writer.join)
        was_busy = engine.is_busy

        def is_busy(error: BaseException) -> bool:
            refused.set()
            return was_busy(error)

        with mock.patch.object(engine, "is_busy", is_busy):
            self.storage().open()
        self.assertTrue(refused.is_set())


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


def drop_table(file: Path, table: str) -> None:
    """Damage a database."""
    connection = sqlite3.connect(file)
    connection.execute(f"DROP TABLE {table}")
    connection.commit()
    connection.close()


class TestOpening(FolderCase):
    def refusal(self, connection: str | None) -> str:
        """Why a database is refused."""
        with self.assertRaises(Refused) as caught:
            self.storage(connection).open()
        diagnostic = caught.exception.diagnostics[0]
        self.assertTrue(diagnostic.hint)
        return f"{diagnostic.code}: {diagnostic.message} {diagnostic.hint}"

    def test_a_database_in_memory_is_refused(self) -> None:
        for connection in ("sqlite://", "sqlite:///:memory:"):
            self.assertIn("bad-configuration", self.refusal(connection))

    def test_a_url_that_is_none_is_refused_without_showing_it(self) -> None:
        for connection in ("hunter2", "nonsense://u:hunter2@h/d", "mssql+pyodbc://u:hunter2@h/d"):
            found = self.refusal(connection)
            self.assertIn("bad-configuration", found)
            self.assertNotIn("hunter2", found)

    def test_a_driver_that_is_not_installed_is_named(self) -> None:
        with mock.patch.dict(sys.modules, {"pymysql": None}):
            found = self.refusal("mysql://u:hunter2@127.0.0.1:1/d")
        self.assertIn("pip install 'congress[mysql]'", found)

    def test_a_server_that_does_not_answer_is_reported_without_the_password(self) -> None:
        for connection in (
            "mysql://u:hunter2@127.0.0.1:1/d",
            "mariadb://u:hunter2@127.0.0.1:1/d",
            "postgresql://u:hunter2@127.0.0.1:1/d",
        ):
            caught = self.assertRaises(StorageError)
            with self.assertLogs("congress", "WARNING") as logged, caught:
                self.storage(connection).open()
            self.assertNotIn("hunter2", str(caught.exception) + "".join(logged.output))

    def test_a_folder_that_cannot_be_made_is_refused(self) -> None:
        (self.folder / "state").write_text("a file")
        self.folder = self.folder / "state"
        self.assertIn("bad-configuration", self.refusal(None))

    def test_a_backend_without_configuration_is_refused(self) -> None:
        with self.assertRaises(Refused) as caught:
            SqlStorage({}, StorageContext("bus", ManualClock())).open()
        self.assertEqual(caught.exception.code, "not-configured")

    def test_a_bus_id_that_no_key_can_hold_is_refused(self) -> None:
        context = StorageContext("b" * 300, ManualClock(), conf=make_conf(self.folder))
        with self.assertRaises(Refused) as caught:
            SqlStorage({}, context).open()
        self.assertEqual(caught.exception.code, "too-large")
