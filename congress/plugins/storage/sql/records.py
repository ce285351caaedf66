"""The audit trail and facts about the installation, in the database.

May import SQLAlchemy and ``congress.interfaces``.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from congress.interfaces.storage import AuditRecord
from congress.plugins.storage.limits import checked_name
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
        self, *, after_id: int = 0, limit: int = 1000, actor: str | None = None
    ) -> Sequence[AuditRecord]:
        statement = sa.select(*Audit.__table__.c).where(Audit.id > after_id)
        if actor is not None:
            statement = statement.where(Audit.actor == actor)
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
            for row in self._session.all(statement.order_by(Audit.id).limit(limit))
        ]


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
