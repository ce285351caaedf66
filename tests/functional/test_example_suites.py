"""The example plugins against the suites that Congress ships."""

import importlib
import pathlib
import sys
import tempfile
import unittest
from typing import Any

from congress.interfaces.auth import CALLER_KEY, AuthContext
from congress.interfaces.bus import BusContext, BusTransport
from congress.interfaces.leader import Heard, LeaderStrategy
from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import AuditRecord, StorageBackend, StorageContext, StorageError
from congress.kernel.clock import SystemClock
from congress.kernel.threads import SystemThreads
from congress.model.action import ActionCall
from congress.model.diagnostic import Refused
from congress.testing.bus import TransportSuite
from congress.testing.datasource import ActSuite, DatasourceSuite, PollSuite
from congress.testing.leader import HERE, THERE, LeaderSuite
from congress.testing.runtime import ManualClock
from congress.testing.secrets import SecretSuite
from congress.testing.storage import StorageSuite

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


def example(kind: str) -> Any:
    """The module of an example, imported from where it lies."""
    folder = str(EXAMPLES / f"congress-{kind}-example")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(f"congress_{kind}_example")
    finally:
        sys.path.remove(folder)


class FolderTestCase(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        super().setUp()


class DriverTest(PollSuite, ActSuite, DatasourceSuite, unittest.TestCase):
    driver_class = example("driver").OsReleaseDriver
    wrong_configs = [{"path": "/usr/lib/no-such-file"}]
    calls = [ActionCall("announce", ("hello",), {"text": "hello"})]

    def test_parsing(self) -> None:
        text = "# c\nNAME=\"A 'b'\"\nID=x\n\nbroken\n=y\nEMPTY=\n"
        rows = {("NAME", "A 'b"), ("ID", "x"), ("", "y"), ("EMPTY", "")}
        self.assertEqual(rows, example("driver").parse(text))


class BusTest(TransportSuite, FolderTestCase):
    short = 0.2

    def setUp(self) -> None:
        super().setUp()
        self.clock = SystemClock()
        self.threads = SystemThreads(self.clock)

    def make_transport(self, node: str) -> BusTransport:
        made: BusTransport = example("bus").UnixTransport(
            {"folder": str(self.folder)}, BusContext(self.clock, self.threads)
        )
        return made

    def test_what_a_dead_process_left_is_cleared_away(self) -> None:
        one, two = self.stations("a", "b")
        left = next(self.folder.glob("*.sock")).with_name(two.transport._path.name)
        two.transport.close(1.0)
        with example("bus").socket.socket(example("bus").socket.AF_UNIX) as dead:
            dead.bind(str(left))
        one.transport.send("b", b"x")
        self.expect(lambda: not left.exists(), "the dead socket is gone")

    def test_a_handler_that_fails_does_no_harm(self) -> None:
        with self.assertLogs("congress.kernel.threads", "ERROR"):
            super().test_a_handler_that_fails_does_no_harm()


class LeaderTest(LeaderSuite, unittest.TestCase):
    strategy: type[LeaderStrategy] = example("leader").PreferredStrategy
    config = {"nodes": [HERE, THERE]}

    def test_the_order_decides_and_others_never_lead(self) -> None:
        self.tell(Heard("stranger", "1"))
        self.assertIsNone(self.lead())
        self.tell(Heard(THERE, "1"))
        self.lead_by(THERE)
        self.tell(Heard(HERE, "1"))
        self.lead_by(HERE)


class StorageTest(StorageSuite, FolderTestCase):
    def make_storage(self, bus_id: str) -> StorageBackend:
        if not hasattr(self, "hub"):
            self.clock = ManualClock()
            self.hub: dict[str, Any] = {}
        made: StorageBackend = example("storage").AuditedMemoryStorage(
            {"audit_file": str(self.folder / "audit")},
            StorageContext(bus_id, self.clock, None, self.hub),
        )
        return made

    def test_records_are_in_the_file_once_they_are_stored(self) -> None:
        record = AuditRecord(1.0, "alice", "create", "policy p", "ok")
        self.storage.run(lambda tx: tx.audit.add(record))
        with self.assertRaises(KeyError), self.storage.transaction(write=True) as tx:
            tx.audit.add(AuditRecord(2.0, "bob", "create", "policy q", "ok"))
            raise KeyError
        lines = (self.folder / "audit").read_text().splitlines()
        self.assertEqual(1, len(lines))
        self.assertIn('"actor": "alice"', lines[0])

    def test_a_file_that_cannot_be_written_is_told(self) -> None:
        (self.folder / "audit").mkdir()
        with self.assertRaisesRegex(StorageError, "audit file cannot be written"):
            self.storage.run(lambda tx: tx.audit.add(AuditRecord(1.0, "a", "b", "c", "ok")))


class SecretTest(SecretSuite, FolderTestCase):
    def make_secrets(self, key: str) -> SecretStore:
        made: SecretStore = example("secrets").PassphraseSecrets({"file": str(self.folder / key)})
        return made

    def test_a_passphrase_of_a_person_is_used_unless_it_is_short(self) -> None:
        for text, usable in (("correct horse battery", True), ("short", False), ("", False)):
            (self.folder / "own").write_text(f" {text}\n")
            store = self.make_secrets("own")
            if usable:
                store.prepare(create=False)
                self.assertEqual("x", store.open(store.seal("x")))
            else:
                with self.assertRaisesRegex(Refused, "shorter than 12"):
                    store.prepare(create=True)


class BuiltinTest(unittest.TestCase):
    def test_sizes(self) -> None:
        size_bytes = example("builtin").size_bytes
        for text, expected in (
            ("0", 0),
            ("100 B", 100),
            ("1k", 1000),
            ("1.5KiB", 1536),
            ("2 TB", 2 * 10**12),
            ("10GiB", 10 * 2**30),
        ):
            self.assertEqual(expected, size_bytes(text), text)
        for wrong in ("", "k", "-1", "1 parsec", "1e3", "٣", 3, None, "9" * 1000):
            with self.assertRaises(ValueError):
                size_bytes(wrong)
        self.assertTrue(example("builtin").same_size("1k", "1000"))


class AuthTest(FolderTestCase):
    def call(self, token: str | None) -> tuple[str, dict[str, Any]]:
        environ: dict[str, Any] = {} if token is None else {"HTTP_X_AUTH_TOKEN": token}
        answered: list[str] = []
        config = {"path": str(self.folder / "tokens")}
        strategy = example("auth").TokenFileAuth(config, AuthContext(None, "127.0.0.1"))

        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [b""]

        body = b"".join(strategy.wrap(app)(environ, lambda status, _: answered.append(status)))
        self.assertEqual(body.startswith(b'{"error"'), answered[0] != "200 OK")
        return answered[0], environ

    def test_who_has_a_token_may_go_on(self) -> None:
        digest = example("auth").hashlib.sha256(b"foo").hexdigest()
        (self.folder / "tokens").write_text(f"garbage\n{digest} alice admin,reader\n")
        status, environ = self.call("foo")
        self.assertEqual("200 OK", status)
        caller = environ[CALLER_KEY]
        self.assertEqual(("alice", ("admin", "reader")), (caller.user_id, caller.roles))
        for wrong in (None, "", "bar", digest, "€"):
            status, environ = self.call(wrong)
            self.assertEqual("401 Unauthorized", status)
            self.assertNotIn(CALLER_KEY, environ)

    def test_without_a_file_nobody_goes_on(self) -> None:
        self.assertEqual("503 Service Unavailable", self.call("foo")[0])


class RoleTest(FolderTestCase):
    def test_needs_are_described(self) -> None:
        info = example("role").StatusFileRole.describe()
        self.assertEqual(["path"], [option.name for option in info.options if option.required])
