"""Leases in the database, timed by its clock.

May import SQLAlchemy, ``congress.interfaces`` and ``congress.model``.

Invariant: each step is one UPDATE whose condition says what must hold, so it does
not matter what was read before. A transaction under a fence changes the lease's
row, so it cannot commit beside one that gives the lease away.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from congress.interfaces.storage import Fence, LeaseRecord
from congress.plugins.storage.limits import RESOURCE, checked_name
from congress.plugins.storage.sql.models import Lease
from congress.plugins.storage.sql.session import Found, Session

_COLUMNS = (Lease.resource, Lease.owner, Lease.epoch, Lease.expires_at)


class SqlLeases:
    """See ``LeaseStore``."""

    def __init__(self, session: Session, bus_id: str) -> None:
        self._session = session
        self._bus_id = bus_id

    def acquire(self, resource: str, owner: str, ttl: float) -> LeaseRecord | None:
        checked_name("lease", resource, RESOURCE)
        checked_name("lease's owner", owner)
        taken = self._renew(resource, owner, ttl) or self._take_over(resource, owner, ttl)
        if not taken and self.get(resource) is not None:
            return None
        if not taken:
            self._begin(resource, owner, ttl)
        return self.get(resource)

    def release(self, resource: str, owner: str) -> bool:
        statement = sa.update(Lease).where(self._is(resource), Lease.owner == owner)
        return self._session.change(statement.values(owner="", expires_at=0.0)) > 0

    def get(self, resource: str) -> LeaseRecord | None:
        row = self._session.first(sa.select(*_COLUMNS).where(self._is(resource)))
        return None if row is None else _lease(row)

    def list(self, prefix: str = "") -> Sequence[LeaseRecord]:
        statement = sa.select(*_COLUMNS).where(
            Lease.bus_id == self._bus_id, Lease.resource.startswith(prefix, autoescape=True)
        )
        found = [_lease(row) for row in self._session.all(statement)]
        return sorted(
            (lease for lease in found if lease.resource.startswith(prefix)),
            key=lambda lease: lease.resource,
        )

    def confirm(self, fence: Fence) -> bool:
        """Whether the lease of the fence is held until this transaction ends."""
        statement = sa.update(Lease).where(
            self._is(fence.resource),
            Lease.owner == fence.owner,
            Lease.epoch == fence.epoch,
            Lease.expires_at > self._session.now(),
        )
        return self._session.change(statement.values(checks=Lease.checks + 1)) > 0

    def _renew(self, resource: str, owner: str, ttl: float) -> bool:
        statement = sa.update(Lease).where(self._is(resource), Lease.owner == owner)
        return self._session.change(statement.values(expires_at=self._session.now() + ttl)) > 0

    def _take_over(self, resource: str, owner: str, ttl: float) -> bool:
        now = self._session.now()
        statement = (
            sa.update(Lease)
            .where(self._is(resource), Lease.expires_at <= now)
            .values(owner=owner, epoch=Lease.epoch + 1, expires_at=now + ttl)
        )
        return self._session.change(statement) > 0

    def _begin(self, resource: str, owner: str, ttl: float) -> None:
        self._session.insert(
            Lease,
            {
                "bus_id": self._bus_id,
                "resource": resource,
                "owner": owner,
                "epoch": 1,
                "expires_at": self._session.now() + ttl,
                "checks": 0,
            },
        )

    def _is(self, resource: str) -> sa.ColumnElement[bool]:
        return sa.and_(Lease.bus_id == self._bus_id, Lease.resource == resource)


def _lease(row: Found) -> LeaseRecord:
    return LeaseRecord(row.resource, row.owner, row.epoch, row.expires_at)
