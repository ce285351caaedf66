"""The schema: recognised, migrated, and equal to the models."""

from unittest import mock

import sqlalchemy as sa

from congress.interfaces.storage import SchemaState, StorageError
from congress.model.diagnostic import Refused
from congress.plugins.storage.sql import migrate
from congress.plugins.storage.sql.engine import make_sqlite_engine, write_transaction
from tests.unit.plugins_storage.databases import FolderCase

FORMER = (
    "CREATE TABLE policies (id VARCHAR(36) PRIMARY KEY)",
    "CREATE TABLE policy_rules (id VARCHAR(36) PRIMARY KEY)",
    "CREATE TABLE alembic_version (version_num VARCHAR(32))",
    "INSERT INTO alembic_version VALUES ('c0125080d572')",
)


class TestSchema(FolderCase):
    def setUp(self) -> None:
        super().setUp()
        self.engine = make_sqlite_engine(self.folder / "congress.db")
        self.addCleanup(self.engine.dispose)

    def execute(self, *statements: str) -> None:
        """Change the database."""
        with write_transaction(self.engine) as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def state(self) -> SchemaState:
        """How the schema is found."""
        with self.engine.connect() as connection:
            return migrate.schema_state(connection)

    def refusal(self) -> str:
        """Why the file is refused."""
        with self.assertRaises(Refused) as caught:
            self.storage().open()
        self.assertEqual(caught.exception.code, "schema-version")
        diagnostic = caught.exception.diagnostics[0]
        return f"{diagnostic.message} | {diagnostic.hint}"

    def migrate(self, revision: str = "head") -> None:
        """Make the schema."""
        with write_transaction(self.engine) as connection:
            migrate.upgrade(connection, revision)

    def test_the_migrations_are_in_order_and_lead_to_the_models(self) -> None:
        with write_transaction(self.engine) as connection:
            self.assertEqual(migrate.problems(connection), [])

    def test_a_difference_between_models_and_migrations_is_found(self) -> None:
        self.migrate()
        self.execute("DROP INDEX ix_push_key_noted_at", "ALTER TABLE fact ADD COLUMN more TEXT")
        with write_transaction(self.engine) as connection:
            found = "\n".join(migrate.problems(connection))
        self.assertIn("ix_push_key_noted_at", found)
        self.assertIn("more", found)

    def test_a_new_file_is_empty_and_then_current(self) -> None:
        self.assertIs(self.state(), SchemaState.EMPTY)
        self.migrate()
        self.assertIs(self.state(), SchemaState.CURRENT)
        self.migrate()

    def test_tables_of_others_do_not_matter(self) -> None:
        self.execute("CREATE TABLE something (id INTEGER)")
        self.assertIs(self.state(), SchemaState.EMPTY)
        self.storage().open()
        self.assertIs(self.state(), SchemaState.CURRENT)

    def test_the_former_congress_is_recognised_and_left_alone(self) -> None:
        self.execute(*FORMER)
        self.assertIs(self.state(), SchemaState.UNKNOWN)
        self.assertIn("former Congress", self.refusal())
        with self.assertRaises(Refused):
            self.migrate()
        with self.engine.connect() as connection:
            tables = sa.inspect(connection).get_table_names()
        self.assertEqual(sorted(tables), ["alembic_version", "policies", "policy_rules"])

    def test_tables_that_bear_our_names_are_left_alone(self) -> None:
        self.execute("CREATE TABLE policy (id INTEGER)")
        self.assertIs(self.state(), SchemaState.UNKNOWN)
        self.assertIn("did not make", self.refusal())

    def test_a_newer_schema_is_recognised(self) -> None:
        self.migrate()
        self.execute("UPDATE congress_version SET version_num = 'future'")
        self.assertIs(self.state(), SchemaState.UNKNOWN)
        self.assertIn("newer", self.refusal())

    def test_an_older_schema_is_recognised(self) -> None:
        self.migrate()
        with mock.patch.object(migrate, "head", return_value="later"):
            self.assertIs(self.state(), SchemaState.OLD)

    def test_an_older_schema_is_told_how_to_be_migrated(self) -> None:
        with self.engine.connect() as connection:
            refused = migrate.schema_refusal(connection, SchemaState.OLD)
        self.assertIn("older", str(refused))
        self.assertIn("congress-db-manage upgrade", refused.diagnostics[0].hint)

    def test_an_unknown_revision_is_refused(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.migrate("nonsense")
        self.assertEqual(caught.exception.code, "not-found")

    def test_a_migration_that_fails_leaves_nothing(self) -> None:
        self.execute("CREATE VIEW fact AS SELECT 1")
        with self.assertLogs("congress", "WARNING"), self.assertRaises(StorageError):
            self.migrate()
        with self.engine.connect() as connection:
            self.assertEqual(sa.inspect(connection).get_table_names(), [])
