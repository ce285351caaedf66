"""The sql backend on real servers: MariaDB or MySQL, and PostgreSQL.

``script/services`` starts them and tells their URLs. Without a URL a class is not
made; in CI that would hide it, so there a test fails instead.
"""

import os
import subprocess
import sysconfig
import time
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar
from unittest import mock

import sqlalchemy as sa
from oslo_config import cfg
from oslo_db import options

from congress.interfaces.storage import (
    Conflict,
    Fence,
    Fenced,
    SchemaState,
    StorageBackend,
    StorageContext,
    StorageError,
    Transaction,
)
from congress.model.diagnostic import Refused
from congress.model.status import State
from congress.plugins.storage.sql import migrate, turns
from congress.plugins.storage.sql.backend import SqlStorage
from congress.plugins.storage.sql.engine import connected
from congress.plugins.storage.sql.models import Base, PolicyRevision
from congress.testing.runtime import ManualClock
from congress.testing.storage import StorageSuite
from congress.testing.storage.case import Case, a_policy, an_entry
from tests.functional.system import wait_until
from tests.ha.relay import Relay, Way

SERVERS = {
    "MySQL": "CONGRESS_TEST_MYSQL_URL",
    "PostgreSQL": "CONGRESS_TEST_POSTGRESQL_URL",
}


def make_conf(url: str | sa.URL) -> cfg.ConfigOpts:
    """A configuration that names a database."""
    if isinstance(url, sa.URL):
        url = url.render_as_string(hide_password=False)
    conf = cfg.ConfigOpts()
    conf.register_opts(options.database_opts, "database")
    conf([])
    conf.set_override("connection", url, "database")
    conf.set_override("max_retries", 0, "database")
    return conf


class Server:
    """A database of our own on a server."""

    def __init__(self, url: str) -> None:
        self._admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        self._name = f"congress_{uuid.uuid4().hex}"
        self.url = sa.make_url(url).set(database=self._name)
        self.conf = make_conf(self.url)

    def create(self) -> None:
        """Make the database, without a schema."""
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {self._name}")

    def drop(self) -> None:
        """Remove the database."""
        with self._admin.connect() as connection:
            force = " WITH (FORCE)" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP DATABASE {self._name}{force}")
        self._admin.dispose()

    def migrate(self) -> None:
        """Make the schema."""
        with connected(self.conf, writing=True) as connection:
            migrate.upgrade(connection)

    def empty(self) -> None:
        """Remove all rows."""
        with connected(self.conf, writing=True) as connection:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name != PolicyRevision.__tablename__:
                    connection.execute(sa.delete(table))
            connection.execute(sa.update(PolicyRevision).values(number=0, trimmed=0))


class ServerCase:
    """A class of tests with a migrated database."""

    url: ClassVar[str]
    server: ClassVar[Server]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server(cls.url)
        cls.server.create()
        cls.addClassCleanup(cls.server.drop)
        cls.server.migrate()

    def setUp(self) -> None:
        self.server.empty()
        super().setUp()

    def make_storage(self, bus_id: str) -> StorageBackend:
        return SqlStorage({}, StorageContext(bus_id, ManualClock(), conf=self.server.conf))


class ServerSuite(ServerCase, StorageSuite):
    """The conformance suite, and what only a server can show."""

    def test_leases_are_timed_by_the_clock_of_the_database(self) -> None:
        with self.writing() as tx:
            lease = tx.leases.acquire("r", "a", 60)
        assert lease is not None
        self.assertAlmostEqual(lease.expires_at, time.time() + 60, delta=30)

    def test_a_lease_taken_during_a_fenced_transaction_stops_it(self) -> None:
        other = self.opened("bus")
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 60)

        def displace(tx: Transaction) -> None:
            tx.leases.release("r", "a")
            tx.leases.acquire("r", "b", 60)

        with self.assertRaises((Fenced, Conflict)), self.writing(Fence("r", "a", 1)) as tx:
            tx.ledger.put(an_entry(), None)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(other.run, displace).result(timeout=30)
        with self.reading() as tx:
            self.assertIsNone(tx.ledger.get("k"))
            lease = tx.leases.get("r")
        self.assertEqual(lease and (lease.owner, lease.epoch), ("b", 2))

    def test_a_lease_cannot_be_taken_once_the_fence_is_confirmed(self) -> None:
        other = self.opened("bus")
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 60)
        before = self.storage.read(lambda tx: tx.leases.get("r"))
        with self.writing(Fence("r", "a", 1)) as tx:
            tx.ledger.put(an_entry(), None)
        other.run(lambda tx: tx.leases.release("r", "a"))
        self.assertIsNotNone(self.storage.read(lambda tx: tx.ledger.get("k")))
        self.assertEqual(before and before.epoch, 1)

    def test_writers_of_one_revision_collide(self) -> None:
        other = self.opened("bus")
        with self.assertRaises(Conflict), self.writing() as tx:
            revision = tx.changes.revision()
            with ThreadPoolExecutor(1) as pool:
                advance = pool.submit(other.run, lambda tx: tx.changes.advance(0, []))
                self.assertEqual(advance.result(timeout=30), 1)
            tx.policies.add(a_policy())
            tx.changes.advance(revision, [])
        with self.reading() as tx:
            self.assertEqual(list(tx.policies.list()), [])

    def test_deadlocks_are_conflicts_and_repeated(self) -> None:
        with self.writing() as tx:
            tx.policies.add(a_policy("one"))
            tx.policies.add(a_policy("two"))

        def swap(first: str, second: str) -> None:
            def work(tx: Transaction) -> None:
                for name in (first, second):
                    tx.policies.replace(a_policy(name))

            for _ in range(5):
                self.storage.run(work, attempts=100)

        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(swap, "one", "two"), pool.submit(swap, "two", "one")]
            self.assertEqual([one.result(timeout=60) for one in both], [None, None])

    def test_the_migrations_lead_to_the_models(self) -> None:
        server = Server(self.url)
        server.create()
        self.addCleanup(server.drop)
        with connected(server.conf, writing=True) as connection:
            self.assertEqual(migrate.problems(connection), [])


class OpeningSuite(Case):
    """What opening says of a database that is not as it should be."""

    url: ClassVar[str]

    def setUp(self) -> None:
        self.server = Server(self.url)
        self.server.create()
        self.addCleanup(self.server.drop)
        context = StorageContext("bus", ManualClock(), conf=self.server.conf)
        self.storage = SqlStorage({}, context)
        self.addCleanup(self.storage.close)

    def refusal(self) -> str:
        """Why the database is refused, and what to do."""
        with self.assertRaises(Refused) as caught:
            self.storage.open()
        self.assertEqual(caught.exception.code, "schema-version")
        return f"{caught.exception} | {caught.exception.diagnostics[0].hint}"

    def statement(self, text: str) -> None:
        """Change the database behind the backend's back."""
        with connected(self.server.conf, writing=True) as connection:
            connection.exec_driver_sql(text)

    def test_an_empty_database_is_refused_until_it_is_migrated(self) -> None:
        self.assertIn("congress-db-manage upgrade", self.refusal())
        with connected(self.server.conf) as connection:
            self.assertEqual(sa.inspect(connection).get_table_names(), [])
        self.server.migrate()
        self.storage.open()
        self.assertIs(self.storage.schema_state(), SchemaState.CURRENT)
        self.server.migrate()

    def test_hosts_that_migrate_it_at_once_take_turns(self) -> None:
        program = str(Path(sysconfig.get_path("scripts")) / "congress-db-manage")
        url = self.server.url.render_as_string(hide_password=False)
        command = [program, "--database-connection", url, "upgrade"]
        hosts = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(3)
        ]
        told = [host.communicate(timeout=60)[0] for host in hosts]
        self.assertEqual([0, 0, 0], [host.returncode for host in hosts], told)
        self.assertEqual(1, sum("no schema ->" in text for text in told), told)
        with connected(self.server.conf) as connection:
            self.assertIs(SchemaState.CURRENT, migrate.schema_state(connection))

    def test_nobody_waits_for_its_turn_for_ever(self) -> None:
        self.enterContext(mock.patch.object(turns, "PATIENCE", 1))
        with connected(self.server.conf, writing=True), self.assertRaises(Refused) as caught:
            self.server.migrate()
        self.assertEqual("unavailable", caught.exception.code)
        self.server.migrate()

    def test_a_database_of_the_former_congress_is_recognised(self) -> None:
        self.statement("CREATE TABLE policy_rules (id VARCHAR(36) PRIMARY KEY)")
        self.assertIn("former Congress", self.refusal())
        with self.assertRaises(Refused):
            self.server.migrate()

    def test_a_newer_schema_is_recognised(self) -> None:
        self.server.migrate()
        self.statement("UPDATE congress_version SET version_num = 'future'")
        self.assertIn("newer", self.refusal())

    def test_a_lost_database_is_reported_and_found_again(self) -> None:
        self.server.migrate()
        self.storage.open()
        self.assertEqual(self.storage.read(lambda tx: tx.changes.revision()), 0)
        self.server.drop()
        with self.assertRaises(StorageError):
            self.storage.read(lambda tx: tx.changes.revision())
        self.assertIs(self.storage.health().state, State.FAILED)
        self.server.create()
        self.server.migrate()
        self.assertEqual(self.storage.read(lambda tx: tx.changes.revision()), 0)
        self.assertIs(self.storage.health().state, State.OK)


class SilenceSuite(Case):
    """A database that is there and says nothing, as behind a firewall."""

    url: ClassVar[str]

    def setUp(self) -> None:
        self.server = Server(self.url)
        self.server.create()
        self.addCleanup(self.server.drop)
        self.server.migrate()
        self.relay = self.enterContext(Relay(sa.make_url(self.url).port or 0))
        there = sa.make_url(self.server.conf.database.connection).set(port=self.relay.port)
        context = StorageContext("bus", ManualClock(), conf=make_conf(there))
        self.storage = SqlStorage({"timeout": 1}, context)
        self.addCleanup(self.storage.close)
        self.storage.open()

    def look(self) -> int:
        return self.storage.read(lambda tx: tx.changes.revision())

    def is_found(self) -> bool:
        """Whether it answers within the second that it has for it."""
        try:
            self.look()
        except StorageError:
            return False
        return True

    def test_it_counts_as_away_after_the_timeout_and_is_found_again(self) -> None:
        for ways in ((Way.TO_NODE,), (Way.TO_SERVER,), (Way.TO_NODE, Way.TO_SERVER)):
            self.relay.stall(*ways)
            begun = time.monotonic()
            with self.assertRaises(StorageError):
                self.look()
            self.assertLess(time.monotonic() - begun, 10.0)
            self.relay.heal()
            wait_until(self.is_found, "it is found again")
            self.assertEqual(self.look(), 0)

    def test_no_connection_is_waited_for_longer_than_the_timeout(self) -> None:
        self.storage.close()
        self.relay.stall()
        begun = time.monotonic()
        with self.assertRaises(StorageError):
            self.storage.open()
        self.assertLess(time.monotonic() - begun, 10.0)


class MissingServer(Case):
    """Stands in CI for the tests of a server that is not there."""

    variable: ClassVar[str]

    def test_the_url_is_set(self) -> None:
        self.assertIn(self.variable, os.environ, "start the server with script/services")


def make_tests() -> None:
    """Add classes for each server that can be reached, and in CI one for each that cannot."""
    for name, variable in SERVERS.items():
        url = os.environ.get(variable)
        if url:
            add_class(f"Test{name}Storage", ServerSuite, url=url)
            add_class(f"Test{name}Opening", OpeningSuite, url=url)
            add_class(f"Test{name}Silence", SilenceSuite, url=url)
        elif os.environ.get("CI"):
            add_class(f"Test{name}IsThere", MissingServer, variable=variable)


def add_class(name: str, suite: type, **attributes: str) -> None:
    """Make a test case of a suite, as if it stood in this file."""
    names = {**attributes, "__module__": __name__}
    globals()[name] = type(name, (suite, unittest.TestCase), names)


make_tests()
