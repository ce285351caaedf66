"""The audit trail besides the database: in the log, or in a file.

May import oslo.config, ``congress.interfaces`` and ``congress.model``.

Invariant: a record is told once it is stored, never before; a sink that fails takes
nothing back and stops nobody.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler

from oslo_config import cfg

from congress.interfaces.storage import (
    AuditRecord,
    AuditStore,
    Fence,
    StorageBackend,
    Transaction,
)
from congress.model.diagnostic import refuse

LOG = logging.getLogger(__name__)

#: The log of the sink ``log``; what it tells is wanted whatever the level of others.
TRAIL = logging.getLogger("congress.audit")

Sink = Callable[[AuditRecord], None]


class FileSink:
    """Appends lines to a file.

    :raises Refused: ``bad-configuration`` if it cannot be written.
    """

    def __init__(self, path: str) -> None:
        try:
            self._handler = _Handler(path)
        except OSError as error:
            raise refuse(
                "bad-configuration",
                f"the audit file {path!r} cannot be written: {error.strerror or error}",
                hint="set it to a file in a folder that the server may write to",
                where="[audit] file",
            ) from None

    def __call__(self, record: AuditRecord) -> None:
        """Append a record."""
        self._handler.handle(logging.makeLogRecord({"msg": audit_line(record)}))


class _Handler(WatchedFileHandler):
    """A file that may be moved away; failures are told in the log, once for each kind."""

    def __init__(self, path: str) -> None:
        super().__init__(path, encoding="utf-8")
        self._known: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        failure = str(sys.exc_info()[1])
        if failure not in self._known:
            self._known.add(failure)
            LOG.error("audit records do not reach their file: %s", failure)


def audit_sink(conf: cfg.ConfigOpts) -> Sink | None:
    """The sink that is configured.

    :raises Refused: ``bad-configuration``.
    """
    if conf.audit.sink == "none":
        return None
    if conf.audit.sink == "log":
        TRAIL.setLevel(logging.INFO)
        return lambda record: TRAIL.info("%s", audit_line(record))
    if not conf.audit.file:
        raise refuse(
            "bad-configuration",
            "the audit sink is a file, and no file is named",
            hint="set [audit] file, or [audit] sink to log",
            where="[audit] file",
        )
    return FileSink(str(conf.audit.file))


def audit_line(record: AuditRecord) -> str:
    """A record as one line of JSON; its time is UTC in ISO 8601."""
    plain = asdict(record)
    del plain["id"]
    plain["at"] = datetime.fromtimestamp(record.at, UTC).isoformat()
    return json.dumps(plain, ensure_ascii=True)


def tell_audit(storage: StorageBackend, sink: Sink | None) -> None:
    """Have every audit record that a backend stores told to a sink as well.

    This replaces a method of the one object, so that backends need not know of sinks.
    """
    if sink is None:
        return
    transaction = storage.transaction

    @contextmanager
    def told(*, write: bool = False, fence: Fence | None = None) -> Iterator[Transaction]:
        added: list[AuditRecord] = []
        with transaction(write=write, fence=fence) as tx:
            if write:
                tx.audit = _Noted(tx.audit, added)
            yield tx
        for record in added:
            sink(record)

    storage.transaction = told  # type: ignore[method-assign]


class _Noted:
    """A store that takes note of what is added."""

    def __init__(self, inner: AuditStore, added: list[AuditRecord]) -> None:
        self._added = added
        self.list = inner.list
        self.forget = inner.forget
        self._add = inner.add

    def add(self, record: AuditRecord) -> None:
        self._add(record)
        self._added.append(record)
