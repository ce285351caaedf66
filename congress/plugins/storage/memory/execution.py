"""Ledger, leases, audit trail and facts, in memory.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Invariant: the epoch of a lease grows by one whenever an owner takes it that did
not hold it before, and never otherwise. A lease that was given up has no owner.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from congress.interfaces.runtime import Clock
from congress.interfaces.storage import (
    AuditQuery,
    AuditRecord,
    Fence,
    LeaseRecord,
    LedgerEntry,
)
from congress.model.action import ActionState
from congress.plugins.storage.limits import RESOURCE, checked_name
from congress.plugins.storage.memory.contents import Drafts
from congress.plugins.storage.records import (
    matches,
    same_standing,
    settled_audit,
    settled_entry,
)


class MemoryLedger:
    """See ``LedgerStore``."""

    def __init__(self, drafts: Drafts, bus_id: str) -> None:
        self._drafts = drafts
        self._bus_id = bus_id

    def get(self, key: str) -> LedgerEntry | None:
        return self._drafts.ledger.rows.get((self._bus_id, key))

    def list(
        self,
        datasource: str | None = None,
        *,
        states: Sequence[ActionState] = (),
        active: bool | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Sequence[LedgerEntry]:
        found = [
            entry
            for (bus_id, _), entry in self._drafts.ledger.rows.items()
            if bus_id == self._bus_id
            and (datasource is None or entry.desired.datasource == datasource)
            and (not states or entry.state in states)
            and (active is None or entry.active == active)
        ]
        found.sort(key=lambda entry: (entry.updated_at, entry.key), reverse=newest_first)
        return found[:limit]

    def put(self, entry: LedgerEntry, expected: LedgerEntry | None) -> None:
        checked_name("ledger entry", entry.key)
        key = (self._bus_id, entry.key)
        ledger = self._drafts.ledger.edit()
        if not same_standing(ledger.get(key), expected):
            raise self._drafts.gate.collision(f"the ledger entry {entry.key} has changed")
        ledger[key] = settled_entry(entry)

    def forget(self, before: float) -> int:
        ledger = self._drafts.ledger.edit()
        gone = [
            key
            for key, entry in ledger.items()
            if key[0] == self._bus_id
            and entry.state.final
            and not entry.active
            and entry.updated_at < before
        ]
        for key in gone:
            del ledger[key]
        return len(gone)


class MemoryLeases:
    """See ``LeaseStore``."""

    def __init__(self, drafts: Drafts, bus_id: str, clock: Clock) -> None:
        self._drafts = drafts
        self._bus_id = bus_id
        self._clock = clock

    def acquire(self, resource: str, owner: str, ttl: float) -> LeaseRecord | None:
        checked_name("lease", resource, RESOURCE)
        checked_name("lease's owner", owner)
        now = self._clock.time()
        old = self.get(resource) or LeaseRecord(resource, "", 0, now)
        if old.owner == owner:
            new = replace(old, expires_at=now + ttl)
        elif old.expires_at <= now:
            new = LeaseRecord(resource, owner, old.epoch + 1, now + ttl)
        else:
            return None
        self._drafts.leases.edit()[self._bus_id, resource] = new
        return new

    def release(self, resource: str, owner: str) -> bool:
        old = self.get(resource)
        if old is None or old.owner != owner:
            return False
        released = replace(old, owner="", expires_at=0.0)
        self._drafts.leases.edit()[self._bus_id, resource] = released
        return True

    def get(self, resource: str) -> LeaseRecord | None:
        return self._drafts.leases.rows.get((self._bus_id, resource))

    def list(self, prefix: str = "") -> Sequence[LeaseRecord]:
        leases = sorted(self._drafts.leases.rows.items())
        return [
            lease
            for (bus_id, resource), lease in leases
            if bus_id == self._bus_id and resource.startswith(prefix)
        ]

    def holds(self, fence: Fence) -> bool:
        """Whether the lease of the fence is held now."""
        lease = self.get(fence.resource)
        return (
            lease is not None
            and (lease.owner, lease.epoch) == (fence.owner, fence.epoch)
            and lease.expires_at > self._clock.time()
        )


class MemoryAudit:
    """See ``AuditStore``."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    def add(self, record: AuditRecord) -> None:
        counters = self._drafts.counters.edit()
        number = counters["audit"] = counters.get("audit", 0) + 1
        self._drafts.audit.edit()[number] = settled_audit(record, number)

    def list(
        self, query: AuditQuery | None = None, *, before_id: int | None = None, limit: int = 1000
    ) -> Sequence[AuditRecord]:
        newest_first = reversed(list(self._drafts.audit.rows.items()))
        found = (
            record
            for number, record in newest_first
            if (before_id is None or number < before_id) and matches(record, query)
        )
        return list(islice(found, limit))

    def forget(self, before: float) -> int:
        rows = self._drafts.audit.edit()
        old = [number for number, record in rows.items() if record.at < before]
        for number in old:
            del rows[number]
        return len(old)


class MemoryFacts:
    """See ``FactStore``."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    def get(self, name: str) -> str | None:
        return self._drafts.facts.rows.get(name)

    def set(self, name: str, value: str, expected: str | None) -> None:
        facts = self._drafts.facts.edit()
        if facts.get(checked_name("fact", name)) != expected:
            raise self._drafts.gate.collision(f"the fact {name!r} has changed")
        facts[name] = value
