"""One key for all nodes, and another one after some time."""

import tempfile
import unittest
from pathlib import Path

from cryptography.fernet import Fernet

from congress.interfaces.storage import DatasourceRecord, StorageContext
from congress.model.diagnostic import Refused
from congress.plugins.secrets.fernet import KEY_FILE, FernetSecrets
from congress.plugins.storage.memory import MemoryHub, MemoryStorage
from congress.roles.datasource.key import agree, reseal
from congress.testing.runtime import ManualClock

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))


class KeyTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        hub = MemoryHub()
        self.storage = MemoryStorage({}, StorageContext("bus", ManualClock(), hub=hub))
        self.storage.open()
        self.agree(OLD)

    def node(self, *keys: str) -> FernetSecrets:
        """The store of a node with these keys in its file."""
        file = self.folder / KEY_FILE
        file.write_text("\n".join(keys))
        file.chmod(0o600)
        return FernetSecrets({"key_path": str(self.folder)})

    def agree(self, *keys: str) -> FernetSecrets:
        """The store of a node that may start."""
        store = self.node(*keys)
        agree(store, self.storage)
        return store

    def assert_refused(self, *keys: str) -> None:
        with self.assertRaises(Refused) as caught:
            self.agree(*keys)
        self.assertEqual("secret-key", caught.exception.code)

    def keep(self, secret: str) -> None:
        """Store a datasource with a secret, sealed by the old key."""
        sealed = self.agree(OLD).seal(secret)
        config = {"password": sealed, "address": "here"}
        record = DatasourceRecord("d1", "nova", "world", config, sealed=("password",))
        self.storage.run(lambda tx: tx.datasources.add(record))

    def kept(self) -> DatasourceRecord:
        record = self.storage.read(lambda tx: tx.datasources.get("nova"))
        assert record is not None
        return record

    def test_another_key_is_refused(self) -> None:
        self.assert_refused(FOREIGN)

    def test_a_key_may_be_added_anywhere(self) -> None:
        for keys in ((OLD, NEW), (NEW, OLD), (FOREIGN, NEW, OLD)):
            self.agree(*keys)

    def test_after_sealing_anew_the_new_key_is_the_one_needed(self) -> None:
        self.keep("s3cret")
        before = self.kept()
        self.assertEqual(1, reseal(self.agree(NEW, OLD), self.storage))
        after = self.kept()
        self.assertEqual("here", after.config["address"])
        self.assertEqual("s3cret", self.agree(NEW).open(str(after.config["password"])))
        self.assertEqual(before.generation + 1, after.generation)
        self.agree(NEW, OLD)
        self.assert_refused(OLD)

    def test_what_cannot_be_opened_changes_nothing(self) -> None:
        self.keep("s3cret")
        before = self.kept()
        store = self.node(FOREIGN)
        store.prepare(create=False)
        with self.assertRaises(Refused):
            reseal(store, self.storage)
        self.assertEqual(before, self.kept())
        self.agree(OLD)

    def test_without_secrets_the_key_is_changed_all_the_same(self) -> None:
        self.assertEqual(0, reseal(self.agree(NEW, OLD), self.storage))
        self.assert_refused(OLD)
