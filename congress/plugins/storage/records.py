"""Records made independent of the objects they were built from.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Invariant: a settled record reads the same from every backend: its JSON parts are
what writing and reading JSON makes of them, and nobody else holds them.
"""

from dataclasses import replace
from typing import cast

from congress.interfaces.plugin import OptionValue
from congress.interfaces.storage import (
    AuditQuery,
    AuditRecord,
    ChangeRecord,
    DatasourceRecord,
    LedgerEntry,
    LibraryRecord,
)
from congress.model.action import ActionState
from congress.plugins.storage.limits import json_copy, json_object

#: What an ``AuditQuery`` compares as text.
AUDIT_TEXTS = ("actor", "verb", "target", "outcome", "request_id")


def settled_datasource(record: DatasourceRecord) -> DatasourceRecord:
    """The record with a configuration of its own."""
    config = cast("dict[str, OptionValue]", json_object(record.config))
    return replace(record, config=config, sealed=tuple(record.sealed))


def settled_library(record: LibraryRecord) -> LibraryRecord:
    """The record with rules of its own."""
    return replace(record, rules=tuple(json_object(rule) for rule in record.rules))


def settled_change(record: ChangeRecord, revision: int) -> ChangeRecord:
    """The record under its revision, with a payload of its own."""
    return replace(record, revision=revision, payload=json_object(record.payload))


def settled_entry(entry: LedgerEntry) -> LedgerEntry:
    """The entry with a result of its own."""
    return replace(entry, result=json_copy(entry.result))


def settled_audit(record: AuditRecord, record_id: int) -> AuditRecord:
    """The record under its id, with details of its own."""
    return replace(record, id=record_id, details=json_object(record.details))


def matches(record: AuditRecord, query: AuditQuery | None) -> bool:
    """Whether a record is one of those asked for."""
    if query is None:
        return True
    equal = all(getattr(query, name) in (None, getattr(record, name)) for name in AUDIT_TEXTS)
    since, until = query.since, query.until
    return equal and (since is None or record.at >= since) and (until is None or record.at < until)


def same_standing(one: LedgerEntry | None, other: LedgerEntry | None) -> bool:
    """Whether two entries are equal in what ``LedgerStore.put`` compares."""
    if one is None or other is None:
        return one is other
    return standing(one) == standing(other)


def standing(entry: LedgerEntry) -> tuple[str, int, bool, ActionState]:
    """What ``LedgerStore.put`` compares."""
    return entry.key, entry.generation, entry.active, entry.state
