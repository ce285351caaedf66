"""Rows given to datasources from outside, in the database.

May import SQLAlchemy, ``congress.interfaces`` and ``congress.model``.

Invariants: a row is stored as typed JSON, so 1, 1.0, true and "1" come back as
what they were; rows that the policy language holds equal have the same digest, so
they are one row. Every change of a table compares and swaps its version, so two
that change it at once do not mix.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from congress.model.values import Row, canonical, row_from_plain, row_to_plain
from congress.plugins.storage.limits import PUSH_KEY_AGE, checked_name
from congress.plugins.storage.sql.models import Datasource, PushedRow, PushedTable, PushKey
from congress.plugins.storage.sql.session import Session, chunks


def row_key(row: Row) -> str:
    """What identifies a row within its table."""
    text = canonical(row).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


class SqlPushedRows:
    """See ``PushedRowStore``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tables(self, datasource_id: str) -> Mapping[str, frozenset[Row]]:
        own = PushedTable.datasource_id == datasource_id
        names = self._session.all(sa.select(PushedTable.id, PushedTable.name).where(own))
        found: dict[int, list[Row]] = {table.id: [] for table in names}
        rows = sa.select(PushedRow.table_id, PushedRow.content).join(
            PushedTable, PushedTable.id == PushedRow.table_id
        )
        for table_id, content in self._session.all(rows.where(own)):
            found[table_id].append(row_from_plain(content))
        return {table.name: frozenset(found[table.id]) for table in names}

    def apply(
        self,
        datasource_id: str,
        table: str,
        *,
        add: Sequence[Row] = (),
        remove: Sequence[Row] = (),
        clear: bool = False,
    ) -> None:
        table_id, fresh = self._claim(datasource_id, checked_name("table", table))
        added = {row_key(row): row for row in reversed(add)}
        if clear and not fresh:
            self._session.change(sa.delete(PushedRow).where(PushedRow.table_id == table_id))
        elif not fresh:
            self._remove(table_id, {row_key(row) for row in remove})
            for key in self._present(table_id, list(added)):
                del added[key]
        rows = [
            {"table_id": table_id, "digest": key, "content": row_to_plain(row)}
            for key, row in added.items()
        ]
        self._session.insert_all(PushedRow, rows)

    def seen(self, datasource_id: str, idempotency_key: str) -> bool:
        self._check(datasource_id)
        now = self._session.now()
        self._session.change(sa.delete(PushKey).where(PushKey.noted_at < now - PUSH_KEY_AGE))
        digest = hashlib.sha256(idempotency_key.encode("utf-8", "surrogatepass")).hexdigest()
        known = sa.select(PushKey.digest).where(
            PushKey.datasource_id == datasource_id, PushKey.digest == digest
        )
        if self._session.first(known) is not None:
            return True
        values = {"datasource_id": datasource_id, "digest": digest, "noted_at": now}
        self._session.insert(PushKey, values)
        return False

    def _claim(self, datasource_id: str, name: str) -> tuple[int, bool]:
        """The table's number, and whether it is new; nobody else changes it meanwhile.

        :raises KeyError: no such datasource.
        :raises Conflict: somebody else changed it."""
        found = self._session.first(
            sa.select(PushedTable.id, PushedTable.version).where(
                PushedTable.datasource_id == datasource_id, PushedTable.name == name
            )
        )
        if found is None:
            self._check(datasource_id)
            values = {"datasource_id": datasource_id, "name": name, "version": 1}
            return int(self._session.insert(PushedTable, values)), True
        statement = (
            sa.update(PushedTable)
            .where(PushedTable.id == found.id, PushedTable.version == found.version)
            .values(version=found.version + 1)
        )
        if not self._session.change(statement):
            raise self._session.gate.collision(f"the pushed table {name!r} has changed")
        return int(found.id), False

    def _remove(self, table_id: int, keys: Iterable[str]) -> None:
        own = sa.delete(PushedRow).where(PushedRow.table_id == table_id)
        for part in chunks(sorted(keys)):
            self._session.change(own.where(PushedRow.digest.in_(part)))

    def _present(self, table_id: int, keys: Sequence[str]) -> list[str]:
        """Those of the keys that the table holds."""
        own = sa.select(PushedRow.digest).where(PushedRow.table_id == table_id)
        return [
            str(digest)
            for part in chunks(keys)
            for (digest,) in self._session.all(own.where(PushedRow.digest.in_(part)))
        ]

    def _check(self, datasource_id: str) -> None:
        """:raises KeyError: no such datasource."""
        statement = sa.select(Datasource.id).where(Datasource.id == datasource_id)
        if self._session.first(statement) is None:
            raise KeyError(datasource_id)
