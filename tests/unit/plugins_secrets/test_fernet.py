"""The Fernet store under the conformance suite, and its key file."""

import os
import stat
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from cryptography.fernet import Fernet

from congress.interfaces.secrets import SecretContext, SecretStore
from congress.model.diagnostic import Diagnostic, Refused
from congress.plugins.secrets.fernet import FernetSecrets
from congress.testing.secrets import SecretSuite


class FolderCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class TestFernetSecrets(SecretSuite, FolderCase):
    def make_secrets(self, key: str) -> SecretStore:
        return FernetSecrets({"key_path": str(self.folder / key / "keys")})


class TestKeyFile(FolderCase):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.folder / "keys" / "aes_key"
        self.store = FernetSecrets({"key_path": str(self.file.parent)})

    def refusal(self, *, create: bool = False) -> Diagnostic:
        """Why the key cannot be used."""
        with self.assertRaises(Refused) as caught:
            self.store.prepare(create=create)
        self.assertEqual(caught.exception.code, "secret-key")
        return caught.exception.diagnostics[0]

    def write(self, content: bytes, mode: int = 0o600) -> None:
        """Put a key file there."""
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        self.file.write_bytes(content)
        self.file.chmod(mode)

    def test_folder_and_file_are_made_for_the_owner_alone(self) -> None:
        self.store.prepare(create=True)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.file.parent.stat().st_mode), 0o700)
        self.assertEqual([path.name for path in self.file.parent.iterdir()], ["aes_key"])

    def test_folder_comes_from_the_nodes_configuration_by_default(self) -> None:
        conf = SimpleNamespace(encryption_key_path=str(self.folder / "other"))
        FernetSecrets({"key_path": None}, SecretContext(conf)).prepare(create=True)
        self.assertTrue((self.folder / "other" / "aes_key").exists())

    def test_no_folder_is_refused(self) -> None:
        self.store = FernetSecrets({})
        self.assertIn("no folder", self.refusal(create=True).message)

    def test_a_missing_file_is_refused(self) -> None:
        self.assertIn("no key file", self.refusal().message)
        self.assertFalse(self.file.parent.exists())

    def test_an_existing_file_is_never_written_over(self) -> None:
        self.write(b"")
        self.assertIn("empty", self.refusal(create=True).message)
        self.assertEqual(self.file.read_bytes(), b"")

    def test_a_malformed_file_is_refused_without_showing_it(self) -> None:
        for content in (b"hunter2", Fernet.generate_key() + b"\nhunter2", b"\xff\x00", b"A" * 44):
            self.write(content)
            found = self.refusal(create=True)
            self.assertIn("malformed", found.message)
            self.assertNotIn("hunter2", repr(found))

    def test_a_file_that_others_can_read_is_refused(self) -> None:
        for mode in (0o640, 0o604, 0o660, 0o666):
            self.write(Fernet.generate_key(), mode)
            found = self.refusal()
            self.assertIn(f"{mode:04o}", found.message)
            self.assertIn("chmod 0600", found.hint)

    def test_a_folder_that_others_can_write_to_is_refused(self) -> None:
        self.write(Fernet.generate_key())
        self.file.parent.chmod(0o777)
        self.assertIn("chmod 0700", self.refusal().hint)

    def test_a_file_that_cannot_be_read_is_refused(self) -> None:
        self.file.mkdir(parents=True)
        self.assertIn("cannot be read", self.refusal().message)
        with mock.patch.object(Path, "open", side_effect=PermissionError(13, "Permission denied")):
            self.assertIn("Permission denied", self.refusal().message)

    def test_a_folder_that_cannot_be_made_is_refused(self) -> None:
        (self.folder / "keys").write_text("a file")
        self.assertIn("cannot be made", self.refusal(create=True).message)

    def test_whoever_makes_the_key_first_wins(self) -> None:
        theirs = Fernet.generate_key()
        link = os.link

        def late(source: str, target: Path) -> None:
            self.write(theirs)
            link(source, target)

        with mock.patch("os.link", late):
            self.store.prepare(create=True)
        self.assertEqual(self.file.read_bytes(), theirs)
        self.assertEqual(self.store.open(Fernet(theirs).encrypt(b"a").decode()), "a")
        self.assertEqual([path.name for path in self.file.parent.iterdir()], ["aes_key"])

    def test_a_key_is_rotated_by_putting_another_above_it(self) -> None:
        old, new = Fernet.generate_key(), Fernet.generate_key()
        self.write(old)
        self.store.prepare(create=False)
        sealed, before = self.store.seal("secret"), self.store.fingerprint()
        self.write(new + b"\n\n" + old + b"\n")
        self.store.prepare(create=False)
        self.assertEqual(self.store.open(sealed), "secret")
        self.assertEqual([self.store.fingerprint(), before], list(self.store.fingerprints()))
        self.assertNotEqual(before, self.store.fingerprint())
        self.assertEqual(Fernet(new).decrypt(self.store.seal("again")), b"again")

    def test_keys_of_older_releases_have_no_line_end(self) -> None:
        self.write(Fernet.generate_key())
        self.store.prepare(create=False)
        self.assertEqual(self.store.open(self.store.seal("secret")), "secret")

    def test_the_store_describes_itself(self) -> None:
        info = FernetSecrets.describe()
        self.assertEqual(info.name, "fernet")
        self.assertEqual([option.name for option in info.options], ["key_path"])
