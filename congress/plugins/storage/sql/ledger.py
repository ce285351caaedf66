"""The execution log of actions in the database.

May import SQLAlchemy, ``congress.interfaces`` and ``congress.model``.

Invariant: an entry is changed only by compare-and-swap of its generation, whether
it is active, and its state.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionState, DesiredAction, Promise
from congress.model.values import row_from_plain, row_to_plain
from congress.plugins.storage.limits import checked_name
from congress.plugins.storage.sql.models import Ledger
from congress.plugins.storage.sql.session import Found, Query, Session

_FINAL = [str(state) for state in ActionState if state.final]


class SqlLedger:
    """See ``LedgerStore``."""

    def __init__(self, session: Session, bus_id: str) -> None:
        self._session = session
        self._bus_id = bus_id

    def get(self, key: str) -> LedgerEntry | None:
        row = self._session.first(self._select().where(Ledger.action_key == key))
        return None if row is None else _entry(row)

    def list(
        self,
        datasource: str | None = None,
        *,
        states: Sequence[ActionState] = (),
        active: bool | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Sequence[LedgerEntry]:
        statement = self._select().limit(limit)
        for column in (Ledger.updated_at, Ledger.action_key):
            statement = statement.order_by(column.desc() if newest_first else column.asc())
        if datasource is not None:
            statement = statement.where(Ledger.datasource == datasource)
        if states:
            statement = statement.where(Ledger.state.in_([str(state) for state in states]))
        if active is not None:
            statement = statement.where(Ledger.active == active)
        return [_entry(row) for row in self._session.all(statement)]

    def put(self, entry: LedgerEntry, expected: LedgerEntry | None) -> None:
        checked_name("ledger entry", entry.key)
        checked_name("datasource", entry.desired.datasource)
        if not (self._insert(entry) if expected is None else self._swap(entry, expected)):
            raise self._session.gate.collision(f"the ledger entry {entry.key} has changed")

    def forget(self, before: float) -> int:
        return self._session.change(
            sa.delete(Ledger).where(
                Ledger.bus_id == self._bus_id,
                Ledger.state.in_(_FINAL),
                Ledger.active.is_(False),
                Ledger.updated_at < before,
            )
        )

    def _select(self) -> Query:
        return sa.select(*Ledger.__table__.c).where(Ledger.bus_id == self._bus_id)

    def _insert(self, entry: LedgerEntry) -> bool:
        if self.get(entry.key) is not None:
            return False
        identity = {"bus_id": self._bus_id, "action_key": entry.key}
        self._session.insert(Ledger, {**identity, **_columns(entry)})
        return True

    def _swap(self, entry: LedgerEntry, expected: LedgerEntry) -> bool:
        statement = sa.update(Ledger).where(
            Ledger.bus_id == self._bus_id,
            Ledger.action_key == entry.key,
            Ledger.generation == expected.generation,
            Ledger.active == expected.active,
            Ledger.state == str(expected.state),
        )
        same_key = entry.key == expected.key
        return same_key and self._session.change(statement.values(**_columns(entry))) > 0


def _columns(entry: LedgerEntry) -> dict[str, Any]:
    """What is stored besides bus and key."""
    desired = entry.desired
    return {
        "policy": desired.policy,
        "rule": desired.rule,
        "datasource": desired.datasource,
        "action": desired.action,
        "arguments": row_to_plain(desired.arguments),
        "generation": entry.generation,
        "active": entry.active,
        "state": str(entry.state),
        "promise": str(entry.promise),
        "fence": entry.fence,
        "attempts": entry.attempts,
        "manual": entry.manual,
        "result": entry.result,
        "message": entry.message,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
    }


def _entry(row: Found) -> LedgerEntry:
    arguments = row_from_plain(row.arguments)
    return LedgerEntry(
        key=row.action_key,
        desired=DesiredAction(row.policy, row.rule, row.datasource, row.action, arguments),
        generation=row.generation,
        active=row.active,
        state=ActionState(row.state),
        promise=Promise(row.promise),
        fence=row.fence,
        attempts=row.attempts,
        manual=row.manual,
        result=row.result,
        message=row.message,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
