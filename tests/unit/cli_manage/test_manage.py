"""The command ``congress-db-manage``, in this process, on SQLite files."""

import contextlib
import io
import sqlite3
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from cryptography.fernet import Fernet

from congress.cli import manage
from congress.kernel.exit_codes import ExitCode
from congress.plugins.storage.sql import migrate


class ManageCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "test.db"
        self.conf = self.folder / "congress.conf"
        self.conf.write_text(f"[database]\nconnection = sqlite:///{self.file}\n")

    def run_command(self, *arguments: str, expect: ExitCode = ExitCode.CLEAN) -> str:
        """Run with the configuration file; give what was printed, to either stream."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = manage.run(["--config-file", str(self.conf), *arguments])
        self.assertEqual(code, expect, out.getvalue())
        return out.getvalue().strip()

    def test_a_database_is_made_and_told_about(self) -> None:
        self.assertEqual(self.run_command("current"), "no schema yet")
        self.assertEqual(self.run_command("upgrade"), f"no schema -> {migrate.head()}")
        self.assertEqual(self.run_command("current"), f"{migrate.head()} (current)")
        self.assertIn("->", self.run_command("upgrade", "head"))

    def test_the_database_can_be_named_on_the_command_line(self) -> None:
        other = self.folder / "other.db"
        self.run_command("--database-connection", f"sqlite:///{other}", "upgrade")
        self.assertTrue(other.exists())
        self.assertFalse(self.file.exists())

    def test_the_configuration_can_be_a_folder(self) -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = manage.run(["--config-dir", str(self.folder), "upgrade"])
        self.assertEqual(code, ExitCode.CLEAN)
        self.assertTrue(self.file.exists())

    def test_history_names_every_migration(self) -> None:
        self.assertIn(migrate.head(), self.run_command("history"))

    def test_stamp_writes_a_revision_and_nothing_else(self) -> None:
        self.run_command("stamp", "head")
        connection = sqlite3.connect(self.file)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        self.assertEqual([name for (name,) in tables], ["congress_version"])
        connection.close()

    def test_an_unknown_revision_is_refused(self) -> None:
        for command in ("stamp", "upgrade"):
            found = self.run_command(command, "nonsense", expect=ExitCode.FAILURE)
            self.assertIn("error[not-found]", found)
            self.assertIn("history", found)

    def test_a_database_of_the_former_congress_is_refused(self) -> None:
        connection = sqlite3.connect(self.file)
        connection.execute("CREATE TABLE policy_rules (id TEXT)")
        connection.close()
        found = self.run_command("upgrade", expect=ExitCode.SCHEMA)
        self.assertIn("former Congress", found)
        self.assertEqual(self.run_command("current"), "not known to this program")

    def test_the_packaged_migrations_are_in_order(self) -> None:
        self.assertEqual(self.run_command("check_migration"), "the migrations are in order")

    def test_a_problem_of_the_migrations_is_told(self) -> None:
        with mock.patch.object(migrate, "problems", return_value=["two heads"]):
            found = self.run_command("check_migration", expect=ExitCode.FAILURE)
        self.assertEqual(found, "two heads")

    def test_an_empty_migration_is_written_from_the_template(self) -> None:
        with mock.patch.object(migrate, "new_revision", return_value="/x/abc.py") as new:
            self.assertEqual(self.run_command("revision", "-m", "more"), "/x/abc.py")
        new.assert_called_once_with("more")

    def test_secrets_are_sealed_anew(self) -> None:
        keys = self.folder / "keys"
        keys.mkdir(mode=0o700)
        with self.conf.open("a") as file:
            file.write(f"[DEFAULT]\nencryption_key_path = {keys}\n")
        self.run_command("upgrade")
        self.assertIn("no key file", self.run_command("reseal", expect=ExitCode.CONFIGURATION))
        (keys / "aes_key").write_bytes(Fernet.generate_key())
        (keys / "aes_key").chmod(0o600)
        self.assertRegex(
            self.run_command("reseal"), "^0 secrets are sealed with the key [0-9a-f]+$"
        )

    def test_a_server_that_is_away_is_reported_at_once(self) -> None:
        with self.assertLogs("congress", "WARNING"):
            found = self.run_command(
                "--database-connection",
                "mysql+pymysql://u:hunter2@127.0.0.1:1/d",
                "current",
                expect=ExitCode.FAILURE,
            )
        self.assertIn("error[unavailable]", found)
        self.assertNotIn("hunter2", found)

    def test_a_url_that_is_none_is_bad_configuration(self) -> None:
        found = self.run_command(
            "--database-connection", "nonsense", "current", expect=ExitCode.CONFIGURATION
        )
        self.assertIn("error[bad-configuration]", found)

    def test_a_configuration_file_that_is_missing_is_bad_configuration(self) -> None:
        self.conf.unlink()
        found = self.run_command("current", expect=ExitCode.CONFIGURATION)
        self.assertIn("error[bad-configuration]", found)

    def test_a_command_is_needed(self) -> None:
        with self.assertRaises(SystemExit) as caught, contextlib.redirect_stderr(io.StringIO()):
            manage.run([])
        self.assertEqual(caught.exception.code, 2)
