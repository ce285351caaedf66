"""The database is away at the start or later, takes nothing, or sees one deadlock after
the other."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import sqlalchemy as sa

from tests.functional.private import PrivateServer
from tests.ha.cluster import START_DEADLINE
from tests.ha.node import Node, Settings
from tests.ha.servers import BROKER, address
from tests.ha.watch import WatchCase

POLICY = "/v1/policies/classification"
TIMES = 5


class DatabaseTest(WatchCase):
    """An engine and a datasource node with a MariaDB that is the tests' alone."""

    settings: ClassVar[Settings] = {
        "database": {"retry_interval": 1},
        "storage_sql": {"timeout": 2},
    }
    database: ClassVar[PrivateServer]
    admin: ClassVar[sa.Engine]
    engine: ClassVar[Node]

    @classmethod
    def servers(cls) -> tuple[str, str]:
        cls.database = cls.enterClassContext(PrivateServer("mariadb"))
        (url,) = cls.database.urls()
        cls.admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        cls.addClassCleanup(cls.admin.dispose)
        return address(BROKER), url

    @classmethod
    def make_nodes(cls) -> Sequence[Node]:
        """Nodes with an account that may not write to a server which is only to be read."""
        url = sa.make_url(cls.cluster.database.url)
        cls.tell("CREATE USER node@'127.0.0.1' IDENTIFIED BY 'node'")
        cls.tell(f"GRANT ALL ON `{url.database}`.* TO node@'127.0.0.1'")
        account = url.set(username="node", password="node")
        cls.own = {
            "database": {"connection": account.render_as_string(hide_password=False)},
        }
        cls.engine = cls.cluster.engine("pe-1", cls.own)
        return cls.engine, cls.cluster.datasources(settings=cls.own)

    @classmethod
    def tell(cls, statement: str) -> list[sa.Row[tuple[object, ...]]]:
        """Have the server do something, as an operator."""
        with cls.admin.connect() as connection:
            done = connection.exec_driver_sql(statement)
            return list(done) if done.returns_rows else []

    def write_rule(self, rule: str) -> int:
        return self.engine.api.status("POST", f"{POLICY}/rules", {"rule": rule})

    def late(self, **database: object) -> Node:
        """A further node, which starts while the database is away."""
        settings = {"database": {**self.own["database"], **database}}
        node = self.cluster.add(
            f"late-{len(self.cluster.nodes)}", "--api", "--policy-engine", settings=settings
        )
        self.addCleanup(node.kill)
        node.start()
        return node

    def test_t17_a_database_that_is_away_at_the_start_is_waited_for_or_not(self) -> None:
        """For ever with ``max_retries = -1``, else for as long as it says."""
        self.lose_database()
        hasty = self.late(max_retries=1)
        patient = self.late(max_retries=-1)
        self.assertEqual(1, hasty.wait(START_DEADLINE), hasty.tail())
        self.assertEqual(1, hasty.reports("the database cannot be reached"), hasty.tail())
        self.cluster.wait(lambda: patient.health()[0] == 503, "it is not ready", START_DEADLINE)
        self.database.start()
        self.cluster.wait(patient.ready, "it is ready")
        self.await_all(self.engine, patient)

    def test_t17_a_database_that_is_killed_and_comes_back(self) -> None:
        self.lose_database()
        self.assertEqual(503, self.write_rule("lost(1)"))
        self.await_stale(self.engine)
        self.database.start()
        self.write()
        self.await_all(self.engine)
        self.assertEqual(201, self.write_rule("kept(1)"))

    def test_t17_a_database_that_is_only_to_be_read_for_a_while(self) -> None:
        """As a replica is before it takes over from a primary that failed."""
        with self.set_globally("read_only", 1):
            self.assertEqual(503, self.write_rule("refused(1)"))
            self.assertTrue(self.engine.api.get(f"{POLICY}/rules")["results"])
            self.await_stale(self.engine)
        self.write()
        self.await_all(self.engine)
        self.assertEqual(201, self.write_rule("taken(1)"))

    def test_t17_one_deadlock_after_the_other(self) -> None:
        before = self.deadlocks()
        rules: list[str] = []

        def struck() -> bool:
            """Whether there were deadlocks while rules were written, each of which was stored."""
            rules.append(f"stormy{len(rules)}(1)")
            self.assertEqual(201, self.write_rule(rules[-1]))
            return len(rules) >= TIMES and self.deadlocks() > before

        with self.storm():
            self.cluster.wait(struck, "writes meet deadlocks")
            self.write()
            self.await_all(self.engine)
        there = {rule["rule"] for rule in self.engine.api.get(f"{POLICY}/rules")["results"]}
        self.assertLessEqual(set(rules), there)

    def lose_database(self) -> None:
        """``kill -9``; it comes back at the end at the latest."""
        self.addCleanup(self.database.start)
        self.database.kill()

    def deadlocks(self) -> int:
        """How many there were."""
        ((_, count),) = self.tell("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
        return int(str(count))

    @contextmanager
    def set_globally(self, name: str, value: int) -> Iterator[None]:
        self.tell(f"SET GLOBAL {name} = {value}")
        try:
            yield
        finally:
            self.tell(f"SET GLOBAL {name} = DEFAULT")

    @contextmanager
    def storm(self) -> Iterator[None]:
        """Somebody locks what nodes write, in another order than they do."""
        calm = threading.Event()
        engine = sa.create_engine(self.cluster.database.url)

        def rage() -> None:
            while not calm.is_set():
                with engine.connect() as connection:
                    try:
                        connection.exec_driver_sql("SELECT * FROM policy_change FOR UPDATE")
                        calm.wait(0.02)
                        connection.exec_driver_sql("UPDATE policy_revision SET trimmed = trimmed")
                        connection.exec_driver_sql("SELECT * FROM policy_revision FOR UPDATE")
                        connection.rollback()
                    except sa.exc.OperationalError:
                        connection.rollback()

        thread = threading.Thread(target=rage)
        thread.start()
        try:
            yield
        finally:
            calm.set()
            thread.join()
            engine.dispose()
