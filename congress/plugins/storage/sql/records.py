"""The audit trail and facts about the installation, in the database.

May import SQLAlchemy and ``congress.interfaces``.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from congress.interfaces.storage import AuditQuery, AuditRecord
from congress.plugins.storage.limits import checked_name
from congress.plugins.storage.records import AUDIT_TEXTS
from congress.plugins.storage.sql.models import Audit, Fact
from congress.plugins.storage.sql.session import Session


class SqlAudit:
    """See ``AuditStore``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, record: AuditRecord) -> None:
        self._session.insert(
            Audit,
            {
                "at": record.at,
                "actor": record.actor,
                "verb": record.verb,
                "target": record.target,
                "outcome": record.outcome,
                "request_id": record.request_id,
                "revision": record.revision,
                "details": dict(record.details),
            },
        )

    def list(
        self, query: AuditQuery | None = None, *, before_id: int | None = None, limit: int = 1000
    ) -> Sequence[AuditRecord]:
        columns = Audit.__table__.c
        statement = sa.select(*columns)
        for name in AUDIT_TEXTS if query else ():
            if (text := getattr(query, name)) is not None:
                statement = statement.where(columns[name] == text)
        if query and query.since is not None:
            statement = statement.where(Audit.at >= query.since)
        if query and query.until is not None:
            statement = statement.where(Audit.at < query.until)
        if before_id is not None:
            statement = statement.where(Audit.id < before_id)
        return [
            AuditRecord(
                at=row.at,
                actor=row.actor,
                verb=row.verb,
                target=row.target,
                outcome=row.outcome,
                request_id=row.request_id,
                revision=row.revision,
                details=row.details,
                id=row.id,
            )
            for row in self._session.all(statement.order_by(Audit.id.desc()).limit(limit))
        ]

    def forget(self, before: float) -> int:
        return self._session.change(sa.delete(Audit).where(Audit.at < before))


class SqlFacts:
    """See ``FactStore``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str) -> str | None:
        row = self._session.first(sa.select(Fact.value).where(Fact.name == name))
        return None if row is None else str(row.value)

    def set(self, name: str, value: str, expected: str | None) -> None:
        found = self.get(checked_name("fact", name))
        if found != expected:
            raise self._session.gate.collision(f"the fact {name!r} has changed")
        if expected is None:
            self._session.insert(Fact, {"name": name, "value": value})
            return
        statement = sa.update(Fact).where(Fact.name == name, Fact.value == expected)
        if not self._session.change(statement.values(value=value)):
            raise self._session.gate.collision(f"the fact {name!r} has changed")
