"""The storage backend ``audited-memory``: in memory, but the audit trail stays.

It shows a backend that builds on another one: everything is left to the memory
backend that Congress ships, and the audit records of each transaction that
succeeded are appended to a file, one JSON object to a line.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path

from congress.interfaces.plugin import Option, PluginInfo, Scope
from congress.interfaces.storage import (
    AuditQuery,
    AuditRecord,
    AuditStore,
    Fence,
    StorageError,
    Transaction,
)
from congress.plugins.storage.memory import MemoryStorage


class AuditedMemoryStorage(MemoryStorage):
    """Memory, and a file of audit records."""

    @classmethod
    def describe(cls) -> PluginInfo:
        inherited = MemoryStorage.describe()
        return PluginInfo(
            "audited-memory",
            "Keeps everything in memory, and writes the audit trail to a file.",
            (
                *inherited.options,
                Option(
                    "audit_file",
                    description="The file that audit records are appended to.",
                    required=True,
                    scope=Scope.NODE,
                ),
            ),
            features=inherited.features,
        )

    def transaction(
        self, *, write: bool = False, fence: Fence | None = None
    ) -> AbstractContextManager[Transaction]:
        return self._audited(super().transaction(write=write, fence=fence))

    @contextmanager
    def _audited(self, inner: AbstractContextManager[Transaction]) -> Iterator[Transaction]:
        with inner as transaction:
            noting = NotingAudit(transaction.audit)
            transaction.audit = noting
            yield transaction
        self._append(noting.noted)

    def _append(self, records: Sequence[AuditRecord]) -> None:
        if not records:
            return
        try:
            with Path(str(self.config["audit_file"])).open("a") as file:
                file.writelines(json.dumps(asdict(record)) + "\n" for record in records)
        except OSError as error:
            raise StorageError(f"the audit file cannot be written: {error.strerror}") from error


class NotingAudit:
    """An audit store that remembers what was added to it."""

    def __init__(self, inner: AuditStore) -> None:
        self._inner = inner
        self.noted: list[AuditRecord] = []

    def add(self, record: AuditRecord) -> None:
        self._inner.add(record)
        self.noted.append(record)

    def list(
        self, query: AuditQuery | None = None, *, before_id: int | None = None, limit: int = 1000
    ) -> Sequence[AuditRecord]:
        return self._inner.list(query, before_id=before_id, limit=limit)

    def forget(self, before: float) -> int:
        return self._inner.forget(before)
