"""Another user of the machine that a node runs on."""

import pathlib
import stat
import tempfile
import unittest

from congress.api.authority import Authority
from congress.interfaces.secrets import SecretContext
from congress.kernel.options import new_conf
from congress.model.diagnostic import Refused
from congress.plugins.secrets.fernet import KEY_FILE, FernetSecrets
from congress.plugins.storage.sql.engine import make_sqlite_engine
from congress.testing.runtime import ManualClock


class LocalUserTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def store(self) -> FernetSecrets:
        return FernetSecrets({"key_path": str(self.folder / "keys")}, SecretContext())

    def mode(self, path: pathlib.Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    def test_nobody_else_can_read_the_key(self) -> None:
        self.store().prepare(create=True)
        self.assertEqual(0o600, self.mode(self.folder / "keys" / KEY_FILE))
        self.assertEqual(0o700, self.mode(self.folder / "keys"))

    def test_a_key_that_others_could_read_or_replace_is_not_used(self) -> None:
        for path, mode in ((f"keys/{KEY_FILE}", 0o640), ("keys", 0o777)):
            with self.subTest(path=path):
                self.store().prepare(create=True)
                before = self.mode(self.folder / path)
                (self.folder / path).chmod(mode)
                with self.assertRaises(Refused):
                    self.store().prepare(create=False)
                (self.folder / path).chmod(before)

    def test_a_key_that_somebody_put_there_first_is_not_written_over(self) -> None:
        (self.folder / "keys").mkdir(mode=0o700)
        elsewhere = self.folder / "elsewhere"
        (self.folder / "keys" / KEY_FILE).symlink_to(elsewhere)
        with self.assertRaises(Refused):
            self.store().prepare(create=True)
        self.assertFalse(elsewhere.exists())

    def test_nobody_else_can_read_the_database(self) -> None:
        path = self.folder / "state" / "congress.db"
        engine = make_sqlite_engine(path)
        self.addCleanup(engine.dispose)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (x)")
        for file in path.parent.iterdir():
            self.assertEqual(0o600, self.mode(file), file.name)
        self.assertEqual(0o700, self.mode(path.parent))

    def test_rules_that_everybody_may_change_are_not_used(self) -> None:
        file = self.folder / "policy.yaml"
        file.write_text('"default": ""')
        conf = new_conf()
        conf([f"--config-dir={self.folder}"], default_config_files=[])
        file.chmod(0o646)
        with self.assertRaises(Refused) as caught:
            Authority(conf, ManualClock())
        self.assertIn("chmod o-w", str(caught.exception))
        file.chmod(0o644)
        Authority(conf, ManualClock())

    def test_a_stored_secret_is_no_use_without_the_key(self) -> None:
        store = self.store()
        store.prepare(create=True)
        sealed = store.seal("s3cret")
        self.assertNotIn("s3cret", sealed)
        other = FernetSecrets({"key_path": str(self.folder / "other")}, SecretContext())
        other.prepare(create=True)
        with self.assertRaises(Refused) as caught:
            other.open(sealed)
        self.assertNotIn("s3cret", str(caught.exception))
