"""The command ``congress-db-manage``: makes and migrates the database of a shared Congress.

May import the kernel, what a role does to its own data, and the storage backend ``sql``
whose schema it keeps; all but options only once a command runs, so that ``--help`` is
quick.

Invariants: the database is the one a server with the same configuration uses; no
message shows a password.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from oslo_config import cfg

from congress.interfaces.storage import SchemaState, StorageError
from congress.kernel.exit_codes import ExitCode, exit_code
from congress.kernel.options import new_conf
from congress.kernel.release import version
from congress.kernel.threads import prepare_process
from congress.model.diagnostic import Diagnostic, Refused

if TYPE_CHECKING:
    import sqlalchemy as sa

PROGRAM = "congress-db-manage"

_STATES = {
    SchemaState.CURRENT: "current",
    SchemaState.EMPTY: "no schema yet",
    SchemaState.OLD: "older than this program needs",
    SchemaState.UNKNOWN: "not known to this program",
}


def upgrade(options: argparse.Namespace) -> ExitCode:
    """Bring the schema up to a revision."""
    from congress.plugins.storage.sql import migrate

    with _database(options, writing=True) as connection:
        before = migrate.stored_revision(connection)
        migrate.upgrade(connection, options.revision)
        after = migrate.stored_revision(connection)
    print(f"{before or 'no schema'} -> {after}")
    return ExitCode.CLEAN


def current(options: argparse.Namespace) -> ExitCode:
    """Tell the revision of the schema, and whether it is the one needed."""
    from congress.plugins.storage.sql import migrate

    with _database(options) as connection:
        revision = migrate.stored_revision(connection)
        state = migrate.schema_state(connection)
    print(f"{revision} ({_STATES[state]})" if revision else _STATES[state])
    return ExitCode.CLEAN


def history(options: argparse.Namespace) -> ExitCode:
    """Tell the migrations there are, newest first."""
    from congress.plugins.storage.sql import migrate

    print("\n".join(migrate.history()))
    return ExitCode.CLEAN


def stamp(options: argparse.Namespace) -> ExitCode:
    """Write down a revision without changing anything else."""
    from congress.plugins.storage.sql import migrate

    with _database(options, writing=True) as connection:
        migrate.stamp(connection, options.revision)
    return ExitCode.CLEAN


def revision(options: argparse.Namespace) -> ExitCode:
    """Write an empty migration into the source tree."""
    from congress.plugins.storage.sql import migrate

    print(migrate.new_revision(options.message))
    return ExitCode.CLEAN


def check_migration(options: argparse.Namespace) -> ExitCode:
    """Check that the migrations follow one line and lead to the tables of the program."""
    from congress.plugins.storage.sql import engine, migrate

    with TemporaryDirectory() as folder:
        scratch = engine.make_sqlite_engine(Path(folder) / "scratch.db")
        with engine.write_transaction(scratch) as connection:
            problems = migrate.problems(connection)
        scratch.dispose()
    print("\n".join(problems) or "the migrations are in order")
    return ExitCode.FAILURE if problems else ExitCode.CLEAN


def reseal(options: argparse.Namespace) -> ExitCode:
    """Seal all secrets with the first key of the key file, so that no other is needed."""
    from congress.interfaces.secrets import SecretContext
    from congress.interfaces.storage import StorageContext
    from congress.kernel.clock import SystemClock
    from congress.kernel.plugins import NodePlugins
    from congress.roles.datasource import key

    conf = read_conf(options)
    plugins = NodePlugins(conf)
    store = plugins.make("secrets", str(conf.secrets.backend), SecretContext(conf))
    store.prepare(create=False)
    context = StorageContext(str(conf.dse.bus_id), SystemClock(), conf)
    storage = plugins.make("storage", str(conf.storage.backend), context)
    storage.open()
    try:
        number = key.reseal(store, storage)
    finally:
        storage.close()
    print(f"{number} secrets are sealed with the key {store.fingerprint()}")
    return ExitCode.CLEAN


def _database(
    options: argparse.Namespace, *, writing: bool = False
) -> "AbstractContextManager[sa.Connection]":
    """A connection to the configured database, in a transaction."""
    from congress.plugins.storage.sql import engine

    return engine.connected(read_conf(options), writing=writing)


def read_conf(options: argparse.Namespace) -> cfg.ConfigOpts:
    """The configuration of the server whose database it is, but without patience:
    a person waits for the answer.

    :raises oslo_config.cfg.Error: for a file that cannot be read."""
    from oslo_db import options as database_options

    arguments = [f"--config-file={file}" for file in options.config_file]
    arguments += [f"--config-dir={folder}" for folder in options.config_dir]
    conf = new_conf()
    conf.register_opts(database_options.database_opts, "database")
    conf(arguments, project="congress", prog=PROGRAM, version=version())
    conf.set_override("max_retries", 0, "database")
    if options.database_connection:
        conf.set_override("connection", options.database_connection, "database")
    return conf


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        PROGRAM, description="Make and migrate the database of Congress."
    )
    parser.add_argument("--version", action="version", version=version())
    for name, what in (
        ("file", "a file with the server's configuration, instead of /etc/congress/congress.conf"),
        ("dir", "a folder of such files"),
    ):
        parser.add_argument(
            f"--config-{name}",
            action="append",
            default=[],
            metavar="PATH",
            help=f"{what}; may be repeated",
        )
    parser.add_argument(
        "--database-connection",
        metavar="URL",
        help="the database, instead of [database] connection",
    )
    commands = parser.add_subparsers(title="commands", dest="command", required=True)
    needed = _add(commands, "upgrade", upgrade)
    needed.add_argument("revision", nargs="?", default="head")
    _add(commands, "current", current)
    _add(commands, "history", history)
    _add(commands, "stamp", stamp).add_argument("revision")
    message = _add(commands, "revision", revision)
    message.add_argument("-m", "--message", required=True)
    _add(commands, "check_migration", check_migration)
    _add(commands, "reseal", reseal)
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], ExitCode],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    parser.set_defaults(run=run)
    return parser


def run(arguments: Sequence[str]) -> ExitCode:
    """Do what the command line says, and tell how it went.

    :raises SystemExit: for a command line that cannot be read, with code 2."""
    options = make_parser().parse_args(arguments)
    try:
        code: ExitCode = options.run(options)
        return code
    except cfg.Error as error:
        report(Diagnostic("bad-configuration", str(error)))
        return ExitCode.CONFIGURATION
    except Refused as refusal:
        report(*refusal.diagnostics)
        return exit_code(refusal)
    except StorageError as error:
        hint = "is the database running, and may this user use it?"
        report(Diagnostic("unavailable", str(error), hint=hint))
        return ExitCode.FAILURE


def report(*diagnostics: Diagnostic) -> None:
    """Write problems for people, to stderr."""
    for diagnostic in diagnostics:
        print(diagnostic.render(), file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point of ``congress-db-manage``."""
    prepare_process()
    return int(run(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    sys.exit(main())
