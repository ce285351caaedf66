"""The audit trail besides the database."""

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from congress.interfaces.storage import AuditRecord, Conflict, StorageContext
from congress.kernel.audit import audit_line, audit_sink, tell_audit
from congress.kernel.options import new_conf
from congress.model.diagnostic import Refused
from congress.plugins.storage.memory import MemoryHub, MemoryStorage
from congress.testing.runtime import ManualClock

RECORD = AuditRecord(
    1_700_000_000.5, "ann", "policy:create", "policy/p", "ok", "req-1", 7, {"a": 1}
)


class SinkTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "audit"
        self.conf = new_conf()
        self.conf([], default_config_files=[])

    def sink(self, kind: str, file: Path | None = None) -> Any:
        self.conf.set_override("sink", kind, group="audit")
        self.conf.set_override("file", str(file) if file else None, group="audit")
        sink = audit_sink(self.conf)
        if kind == "file":
            self.addCleanup(sink._handler.close)  # type: ignore[union-attr]
        return sink

    def test_a_record_is_a_line_of_json(self) -> None:
        self.assertEqual(
            {
                "at": "2023-11-14T22:13:20.500000+00:00",
                "actor": "ann",
                "verb": "policy:create",
                "target": "policy/p",
                "outcome": "ok",
                "request_id": "req-1",
                "revision": 7,
                "details": {"a": 1},
            },
            json.loads(audit_line(RECORD)),
        )
        tricky = AuditRecord(1.0, "a\n\u2028", "v", "t", "ok")
        self.assertEqual(1, len(audit_line(tricky).splitlines()))

    def test_the_log(self) -> None:
        with self.assertLogs("congress.audit", "INFO") as logged:
            self.sink("log")(RECORD)
        self.assertIn('"actor": "ann"', logged.output[0])

    def test_nowhere(self) -> None:
        self.assertIsNone(self.sink("none"))

    def test_a_file_that_may_be_moved_away(self) -> None:
        sink = self.sink("file", self.file)
        sink(RECORD)
        self.file.rename(self.folder / "audit.1")
        sink(RECORD)
        for name in ("audit", "audit.1"):
            self.assertEqual([audit_line(RECORD)], (self.folder / name).read_text().splitlines())

    def test_a_file_that_cannot_be_written_is_refused_at_the_start(self) -> None:
        for file in (self.folder / "no" / "audit", None):
            with self.assertRaises(Refused) as caught:
                self.sink("file", file)
            self.assertEqual("bad-configuration", caught.exception.code)

    def test_a_file_that_fails_later_stops_nobody_and_is_told_once(self) -> None:
        sink = self.sink("file", self.file)
        sink(RECORD)
        self.file.unlink()
        self.file.mkdir()
        with self.assertLogs("congress.kernel.audit", "ERROR") as logged:
            sink(RECORD)
            sink(RECORD)
        self.assertEqual(1, len(logged.output))
        self.file.rmdir()
        sink(RECORD)
        self.assertEqual([audit_line(RECORD)], self.file.read_text().splitlines())


class TellingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.storage = MemoryStorage({}, StorageContext("bus", ManualClock(), hub=MemoryHub()))
        self.storage.open()
        self.told: list[AuditRecord] = []
        tell_audit(self.storage, self.told.append)

    def test_what_is_stored_is_told_afterwards(self) -> None:
        with self.storage.transaction(write=True) as tx:
            tx.audit.add(RECORD)
            self.assertEqual([], self.told)
        self.assertEqual([RECORD], self.told)
        self.assertEqual(1, len(self.storage.read(lambda tx: tx.audit.list())))

    def test_what_is_rolled_back_is_not(self) -> None:
        with self.assertRaises(Conflict):
            self.storage.run(self.colliding, attempts=2)
        self.assertEqual([], self.told)

    def colliding(self, tx: Any) -> None:
        tx.audit.add(RECORD)
        raise Conflict("again")
