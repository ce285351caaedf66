"""What the memory backend holds, and how a transaction changes a copy of it.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Invariant: a ``Contents`` and the dictionaries in it are never changed once the
hub has them. A transaction copies a dictionary before its first change to it, so
readers keep the state they began with and a rollback has nothing to undo.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

from congress.interfaces.storage import (
    AuditRecord,
    ChangeRecord,
    DatasourceRecord,
    LeaseRecord,
    LedgerEntry,
    LibraryRecord,
)
from congress.model.policy import PolicyDef, RuleDef
from congress.model.values import Row
from congress.plugins.storage.gate import Gate
from congress.plugins.storage.writer import WriterLock

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule whose ``policy`` is the policy's id."""

    rule: RuleDef
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Contents:
    """One committed state. Keys of ledger and leases begin with the bus id."""

    policies: dict[str, PolicyDef] = field(default_factory=dict)
    rules: dict[str, StoredRule] = field(default_factory=dict)
    datasources: dict[str, DatasourceRecord] = field(default_factory=dict)
    library: dict[str, LibraryRecord] = field(default_factory=dict)
    pushed: dict[tuple[str, str], frozenset[Row]] = field(default_factory=dict)
    push_keys: dict[tuple[str, str], float] = field(default_factory=dict)
    ledger: dict[tuple[str, str], LedgerEntry] = field(default_factory=dict)
    leases: dict[tuple[str, str], LeaseRecord] = field(default_factory=dict)
    changes: dict[int, tuple[ChangeRecord, ...]] = field(default_factory=dict)
    audit: dict[int, AuditRecord] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


class MemoryHub:
    """Contents that several backends share, as nodes share a database."""

    def __init__(self) -> None:
        self.contents = Contents()
        self.writer = WriterLock()


class Draft(Generic[K, V]):
    """One dictionary of the contents, as a transaction sees it."""

    def __init__(self, rows: dict[K, V], gate: Gate) -> None:
        self._rows = rows
        self._gate = gate
        self._own = False

    @property
    def rows(self) -> Mapping[K, V]:
        """The rows, with the transaction's own changes."""
        self._gate.reading()
        return self._rows

    def result(self) -> dict[K, V]:
        """The rows, for the hub."""
        return self._rows

    def edit(self) -> dict[K, V]:
        """The rows, to be changed."""
        self._gate.writing()
        if not self._own:
            self._rows = dict(self._rows)
            self._own = True
        return self._rows


class Drafts:
    """A draft for each dictionary of the contents."""

    def __init__(self, contents: Contents, gate: Gate) -> None:
        self.gate = gate
        self.policies = Draft(contents.policies, gate)
        self.rules = Draft(contents.rules, gate)
        self.datasources = Draft(contents.datasources, gate)
        self.library = Draft(contents.library, gate)
        self.pushed = Draft(contents.pushed, gate)
        self.push_keys = Draft(contents.push_keys, gate)
        self.ledger = Draft(contents.ledger, gate)
        self.leases = Draft(contents.leases, gate)
        self.changes = Draft(contents.changes, gate)
        self.audit = Draft(contents.audit, gate)
        self.facts = Draft(contents.facts, gate)
        self.counters = Draft(contents.counters, gate)

    def result(self) -> Contents:
        """The contents with all changes."""
        drafts: dict[str, Draft[Any, Any]] = {
            f.name: getattr(self, f.name) for f in fields(Contents)
        }
        return Contents(**{name: draft.result() for name, draft in drafts.items()})
