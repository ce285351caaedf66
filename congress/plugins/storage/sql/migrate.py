"""The schema of the database: what it is, and what it should be.

May import alembic, SQLAlchemy and ``congress.interfaces``.

Invariant: the schema is made and changed by the packaged migrations only, under a
version table of its own name; a database of the former Congress, or of a newer
one, is recognised and left alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from congress.interfaces.storage import SchemaState
from congress.model.diagnostic import Refused, refuse
from congress.plugins.storage.sql.failures import translated
from congress.plugins.storage.sql.models import VERSION_TABLE, Base

#: Tables that only the former Congress made.
_FORMER = frozenset({"policies", "policy_rules", "policiesdeleted", "dstabledata"})

_UPGRADE = "congress-db-manage upgrade head"


def script_config(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration; migrations run on the connection, in its transaction."""
    config = Config()
    config.set_main_option("script_location", "congress.plugins.storage.sql:migrations")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision that this program needs.

    :raises CommandError: if there is more than one."""
    return str(ScriptDirectory.from_config(script_config()).get_current_head())


def stored_revision(connection: sa.Connection) -> str | None:
    """The revision of the database, if it is one of ours."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def schema_state(connection: sa.Connection) -> SchemaState:
    """How the schema compares with what this program needs."""
    revision = stored_revision(connection)
    if revision is None:
        present = set(sa.inspect(connection).get_table_names())
        clash = present & (_FORMER | Base.metadata.tables.keys())
        return SchemaState.UNKNOWN if clash else SchemaState.EMPTY
    if revision == head():
        return SchemaState.CURRENT
    with suppress(CommandError):
        ScriptDirectory.from_config(script_config()).get_revision(revision)
        return SchemaState.OLD
    return SchemaState.UNKNOWN


def schema_refusal(connection: sa.Connection, state: SchemaState) -> Refused:
    """Why a database in this state cannot be used as it is, and what to do."""
    message, hint = "the database has an older schema than this program", f"run: {_UPGRADE}"
    if state is SchemaState.EMPTY:
        message = "the database has no schema yet"
    elif state is SchemaState.UNKNOWN and stored_revision(connection):
        message = "the database has a schema that this program does not know, perhaps a newer one"
        hint = "run the program that made it, or a newer one"
    elif state is SchemaState.UNKNOWN and _former(connection):
        message = "the database belongs to a former Congress, whose schema cannot be used"
        hint = f"name a new, empty database in [database] connection, then run: {_UPGRADE}"
    elif state is SchemaState.UNKNOWN:
        message = "the database holds tables that Congress did not make"
        hint = f"name a new, empty database in [database] connection, then run: {_UPGRADE}"
    return refuse("schema-version", message, hint=hint, where="[database] connection")


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the schema up to a revision.

    :raises Refused: ``schema-version`` if it is not a schema of ours, ``not-found`` if
        there is no such revision.
    :raises StorageError: the database failed."""
    with translated(), _known_revisions():
        state = schema_state(connection)
        if state is SchemaState.UNKNOWN:
            raise schema_refusal(connection, state)
        command.upgrade(script_config(connection), revision)


def stamp(connection: sa.Connection, revision: str) -> None:
    """Write down that the schema is at a revision, without changing it.

    :raises Refused: ``not-found`` if there is no such revision."""
    with translated(), _known_revisions():
        command.stamp(script_config(connection), revision)


def history() -> Sequence[str]:
    """The migrations there are, newest first, one line each."""
    scripts = ScriptDirectory.from_config(script_config())
    return [str(script) for script in scripts.walk_revisions()]


def new_revision(message: str) -> str:
    """Write an empty migration; tell where."""
    script = command.revision(script_config(), message=message)
    scripts = script if isinstance(script, list) else [script]
    return ", ".join(str(one.path) for one in scripts if one is not None)


def problems(connection: sa.Connection) -> Sequence[str]:
    """What is wrong with the packaged migrations, tried on an empty database."""
    heads = ScriptDirectory.from_config(script_config()).get_heads()
    if len(heads) != 1:
        return [f"there must be one newest migration, not {len(heads)}: {', '.join(heads)}"]
    upgrade(connection)
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
    )
    return [
        f"the models differ from the migrations: {difference}"
        for difference in compare_metadata(context, Base.metadata)
    ]


@contextmanager
def _known_revisions() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        hint = "congress-db-manage history tells the revisions there are"
        raise refuse("not-found", f"there is no such revision: {error}", hint=hint) from error


def _former(connection: sa.Connection) -> bool:
    return bool(_FORMER & set(sa.inspect(connection).get_table_names()))
