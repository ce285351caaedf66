"""Transactions over a database, and the life of the connection to it.

May import SQLAlchemy, oslo.config, tenacity, ``congress.interfaces`` and
``congress.model``.

Invariants: nothing but a whole transaction is ever stored; the schema of a shared
database is never changed by a node, only that of an SQLite file.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

import sqlalchemy as sa
import tenacity
from oslo_config import cfg

from congress.interfaces.plugin import Option, OptionValue, PluginInfo, Scope
from congress.interfaces.storage import (
    AuditStore,
    ChangeStore,
    Conflict,
    DatasourceStore,
    FactStore,
    Fence,
    Fenced,
    LeaseStore,
    LedgerStore,
    LibraryStore,
    PolicyStore,
    PushedRowStore,
    RuleStore,
    SchemaState,
    StorageBackend,
    StorageContext,
    StorageError,
    Transaction,
)
from congress.model.diagnostic import refuse
from congress.model.status import Health, State
from congress.plugins.storage.gate import Gate
from congress.plugins.storage.limits import checked_name
from congress.plugins.storage.sql import migrate
from congress.plugins.storage.sql.catalogue import SqlDatasources, SqlLibrary, SqlPolicies
from congress.plugins.storage.sql.engine import (
    WRITING,
    database_now,
    database_url,
    make_engine,
    write_transaction,
)
from congress.plugins.storage.sql.failures import translated
from congress.plugins.storage.sql.leases import SqlLeases
from congress.plugins.storage.sql.ledger import SqlLedger
from congress.plugins.storage.sql.pushed import SqlPushedRows
from congress.plugins.storage.sql.records import SqlAudit, SqlFacts
from congress.plugins.storage.sql.rules import SqlChanges, SqlRules
from congress.plugins.storage.sql.session import Session
from congress.plugins.storage.writer import WriterLock

T = TypeVar("T")

#: Longer than a lock is waited for by default would hide that the network is gone.
TIMEOUT = 20

#: Seconds, at random between nothing and twice as much each time, before a
#: transaction that collided is repeated.
_BACK_OFF = tenacity.wait_random_exponential(multiplier=0.01, max=0.5)


class SqlTransaction:
    """See ``Transaction``."""

    def __init__(self, session: Session, bus_id: str) -> None:
        self.policies: PolicyStore = SqlPolicies(session)
        self.rules: RuleStore = SqlRules(session)
        self.datasources: DatasourceStore = SqlDatasources(session)
        self.library: LibraryStore = SqlLibrary(session)
        self.pushed: PushedRowStore = SqlPushedRows(session)
        self.ledger: LedgerStore = SqlLedger(session, bus_id)
        self.leases: LeaseStore = SqlLeases(session, bus_id)
        self.changes: ChangeStore = SqlChanges(session)
        self.audit: AuditStore = SqlAudit(session)
        self.facts: FactStore = SqlFacts(session)


class SqlStorage(StorageBackend):
    """Keeps everything in the database of ``[database] connection``."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            name="sql",
            summary="Keeps everything in a database: SQLite, MariaDB, MySQL or PostgreSQL. "
            "Set [database] connection; by default it is an SQLite file in state_path.",
            options=(
                Option(
                    "timeout",
                    "integer",
                    "Seconds of silence after which a database on the network counts as away. "
                    "What waits for it fails then, and is tried again or refused.",
                    default=TIMEOUT,
                    scope=Scope.NODE,
                    minimum=1,
                ),
            ),
            features={"persistent": True, "shared": True, "migrations": True},
        )

    def __init__(self, config: dict[str, OptionValue], ctx: StorageContext) -> None:
        super().__init__(config, ctx)
        self._timeout = int(str(config.get("timeout") or TIMEOUT))
        self._engine: sa.Engine | None = None
        self._writer: WriterLock | None = None
        self._health = Health(State.NOT_READY, "the database is not open")

    def open(self) -> None:
        checked_name("bus", self.ctx.bus_id)
        if not isinstance(self.ctx.conf, cfg.ConfigOpts):
            raise refuse("not-configured", "the sql storage backend needs a configuration")
        url = database_url(self.ctx.conf)
        with translated():
            engine = make_engine(self.ctx.conf, url, self._timeout)
        try:
            self._check_schema(engine)
        except BaseException:
            engine.dispose()
            raise
        self._writer = WriterLock() if engine.dialect.name == "sqlite" else None
        self._engine = engine
        self._health = Health()

    def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()
        self._health = Health(State.NOT_READY, "the database is not open")

    def health(self) -> Health:
        return self._health

    def schema_state(self) -> SchemaState:
        with translated(), self._open_engine().connect() as connection:
            return migrate.schema_state(connection)

    def transaction(
        self, *, write: bool = False, fence: Fence | None = None
    ) -> AbstractContextManager[Transaction]:
        return self._transaction(write, fence)

    def run(
        self, work: Callable[[Transaction], T], *, fence: Fence | None = None, attempts: int = 10
    ) -> T:
        retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Conflict),
            stop=tenacity.stop_after_attempt(attempts),
            wait=_BACK_OFF,
            reraise=True,
        )
        return retry(lambda: super(SqlStorage, self).run(work, fence=fence, attempts=1))

    @contextmanager
    def _transaction(self, write: bool, fence: Fence | None) -> Iterator[Transaction]:
        engine = self._open_engine()
        gate = Gate(write=write)
        with self._turn(write), self._watched(gate), engine.connect() as connection:
            session = Session(connection, gate, lambda: database_now(engine, self.ctx.clock))
            try:
                with connection.execution_options(**{WRITING: write}).begin():
                    yield SqlTransaction(session, self.ctx.bus_id)
                    gate.check()
                    if write and fence is not None:
                        self._confirm(session, fence)
            finally:
                gate.open = False

    def _turn(self, write: bool) -> AbstractContextManager[None]:
        """Waits until this thread may write, where only one can."""
        return self._writer if write and self._writer else nullcontext()

    def _confirm(self, session: Session, fence: Fence) -> None:
        """:raises Fenced: the fence was lost."""
        if not SqlLeases(session, self.ctx.bus_id).confirm(fence):
            raise Fenced(f"{fence.owner} does not hold {fence.resource} any more")

    @contextmanager
    def _watched(self, gate: Gate) -> Iterator[None]:
        """Translates failures to connect and to commit, and keeps the health."""
        try:
            with translated(gate):
                yield
        except (Conflict, Fenced):
            raise
        except StorageError as error:
            self._health = Health(State.FAILED, str(error), self.ctx.clock.time())
            raise
        else:
            if self._health.state is State.FAILED:
                self._health = Health()

    def _open_engine(self) -> sa.Engine:
        """:raises StorageError: if the backend is not open."""
        if self._engine is None:
            raise StorageError("the database is not open")
        return self._engine

    def _check_schema(self, engine: sa.Engine) -> None:
        """Migrate an SQLite file; leave every other database alone.

        :raises Refused: ``schema-version`` if the schema is not the one needed."""
        with translated(), engine.connect() as connection:
            state = migrate.schema_state(connection)
            ours = engine.dialect.name == "sqlite" and state is not SchemaState.UNKNOWN
            if state is not SchemaState.CURRENT and not ours:
                raise migrate.schema_refusal(connection, state)
        if state is not SchemaState.CURRENT:
            with translated(), write_transaction(engine) as connection:
                migrate.upgrade(connection)
