"""The connection to a database: which one, and how its sessions behave.

May import SQLAlchemy, oslo.db, oslo.config, tenacity and ``congress.model``.

Invariants: every transaction reads from one snapshot, which holds what was committed
before on whichever member of a cluster; foreign keys count; texts are full Unicode. On
SQLite a write transaction takes the write lock when it begins, so it waits instead of
failing half-way. No message shows a password or a value that was to be stored.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from oslo_config import cfg
from oslo_db import options
from oslo_db.sqlalchemy import engines, exc_filters
from sqlalchemy import event, exc
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from congress.interfaces.runtime import Clock
from congress.model.diagnostic import Refused, refuse
from congress.plugins.storage.sql.failures import translated
from congress.plugins.storage.sql.patience import bound, bounded
from congress.plugins.storage.sql.turns import turn

DATABASE_FILE = "congress.db"

#: Seconds that a connection waits for another process's write to an SQLite file.
SQLITE_PATIENCE = 20.0

#: Seconds between two attempts where SQLite itself does not wait.
SQLITE_PAUSE = 0.02

#: What every SQLite file begins with.
SQLITE_MAGIC = b"SQLite format 3\0"

#: Execution option of a connection whose transactions change something.
WRITING = "congress_writing"

_WHERE = "[database] connection"

_ENGINE_OPTIONS = (
    "mysql_sql_mode", "mysql_wsrep_sync_wait", "connection_recycle_time", "connection_debug",
    "max_pool_size", "max_overflow", "pool_timeout", "connection_trace", "max_retries",
    "retry_interval", "connection_parameters",
)  # fmt: skip


def database_url(conf: cfg.ConfigOpts) -> sa.URL:
    """Where the database is.

    :raises Refused: ``bad-configuration`` if that cannot be a database, or one in memory."""
    conf.register_opts(options.database_opts, "database")
    text = conf.database.connection
    if not text:
        return sa.URL.create("sqlite", database=str(Path(conf.state_path) / DATABASE_FILE))
    try:
        url = sa.make_url(text)
        url.get_dialect()
    except (exc.ArgumentError, exc.NoSuchModuleError) as error:
        raise _bad("it is not the URL of a database that is supported") from error
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise _bad("a database in memory is not shared by the threads of a node",
                   "name a file (sqlite:////var/lib/congress/congress.db), or set [storage] "
                   "backend = memory")  # fmt: skip
    if backend not in ("sqlite", "mysql", "mariadb", "postgresql"):
        raise _bad(f"{backend} is not supported")
    return _with_driver(url, backend)


def _with_driver(url: sa.URL, backend: str) -> sa.URL:
    """The URL with a driver of ours where none is named, and with full Unicode."""
    driver = url.drivername.partition("+")[2]
    if backend == "postgresql":
        return url.set(drivername=f"postgresql+{driver or 'psycopg'}")
    if backend in ("mysql", "mariadb"):
        url = url.set(drivername=f"mysql+{driver or 'pymysql'}")
        return url.update_query_dict({"charset": "utf8mb4"})
    return url


def make_engine(conf: cfg.ConfigOpts, url: sa.URL, timeout: int = 0) -> sa.Engine:
    """An engine with oslo.db's settings and translation of exceptions.

    May connect, as ``[database] max_retries`` says.

    :param timeout: seconds of silence after which the database counts as away; 0: never.
    :raises Refused: ``bad-configuration`` if the driver is not installed.
    :raises DBConnectionError: if the database cannot be reached."""
    try:
        if url.get_backend_name() == "sqlite":
            return make_sqlite_engine(Path(str(url.database)))
        url = bounded(url, timeout) if timeout else url
        settings: dict[str, Any] = {name: conf.database[name] for name in _ENGINE_OPTIONS}
        engine: sa.Engine = engines.create_engine(url, **settings)
    except ModuleNotFoundError as error:
        extra = "mysql" if url.get_backend_name() == "mysql" else "postgresql"
        raise _bad(f"the driver {error.name} is not installed",
                   f"pip install 'congress[{extra}]'") from error  # fmt: skip
    engine.hide_parameters = True
    if timeout:
        bound(engine, timeout)
    if engine.dialect.name == "mysql":
        event.listen(engine, "connect", _set_mysql_isolation)
        if conf.database.mysql_wsrep_sync_wait is None:
            event.listen(engine, "connect", _set_galera_causality)
    # What was connected until now knows nothing of this.
    engine.dispose()
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine


def _set_mysql_isolation(connection: Any, record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _set_galera_causality(connection: Any, record: object) -> None:
    """A member of Galera answers once it has what was committed before on any other."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
        if (found := cursor.fetchone()) and found[1] == "ON":
            cursor.execute("SET SESSION wsrep_sync_wait = 1")


def make_sqlite_engine(path: Path) -> sa.Engine:
    """An engine for a file, which is made if need be, for its owner alone.

    :raises Refused: ``bad-configuration`` if it cannot be made or written, or is another."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            begin = os.read(file, len(SQLITE_MAGIC))
        finally:
            os.close(file)
    except OSError as error:
        raise _bad(f"the SQLite file {path} cannot be opened: {error.strerror}",
                   "let the service's user own its folder, or set [DEFAULT] state_path"
                   ) from error  # fmt: skip
    if begin not in (b"", SQLITE_MAGIC):
        raise _bad(f"the file {path} is no SQLite database", "move it away, or name another")
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(
        url, connect_args={"timeout": SQLITE_PATIENCE}, max_overflow=50, hide_parameters=True
    )
    exc_filters.register_engine(engine)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: Any) -> None:
    """Have the file keep a write-ahead log, once and for all.

    Whoever finds another process writing to a new file is refused at once, because it
    reads already and SQLite lets no reader wait for the right to write.
    """
    attempts = Retrying(
        retry=retry_if_exception(is_busy),
        stop=stop_after_delay(SQLITE_PATIENCE),
        wait=wait_fixed(SQLITE_PAUSE),
        reraise=True,
    )
    attempts(connection.execute, "PRAGMA journal_mode = WAL")


def is_busy(error: BaseException) -> bool:
    """Whether an SQLite file is not to be had because somebody else has it."""
    return (
        isinstance(error, sqlite3.OperationalError)
        and error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    )


def _begin_sqlite(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def connected(conf: cfg.ConfigOpts, *, writing: bool = False) -> Iterator[sa.Connection]:
    """A connection to the configured database for one transaction; to write, alone.

    :raises Refused: ``bad-configuration``.
    :raises StorageError: the database cannot be reached, or failed."""
    url = database_url(conf)
    with translated():
        engine = make_engine(conf, url)
        try:
            if writing:
                with turn(engine), write_transaction(engine) as connection:
                    yield connection
            else:
                with engine.begin() as connection:
                    yield connection
        finally:
            engine.dispose()


def write_transaction(engine: sa.Engine) -> AbstractContextManager[sa.Connection]:
    """A connection in a transaction that changes something."""
    return engine.execution_options(**{WRITING: True}).begin()


def database_now(engine: sa.Engine, clock: Clock) -> sa.ColumnElement[float]:
    """The time, in seconds since the epoch, by the clock of a shared database.

    An SQLite file is not shared with other machines, so there it is the node's."""
    if engine.dialect.name == "mysql":
        return sa.literal_column(
            "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1e6)", sa.Double()
        )
    engine.hide_parameters = True
    if engine.dialect.name == "postgresql":
        moment = sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))
        return sa.cast(sa.extract("epoch", moment), sa.Double())
    return sa.literal(clock.time(), sa.Double())


def _bad(problem: str, hint: str = "see the documentation of [database] connection") -> Refused:
    return refuse(
        "bad-configuration", f"the database cannot be used: {problem}", hint=hint, where=_WHERE
    )
