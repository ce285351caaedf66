"""Pushed rows in storage: what a datasource was given and should have again.

Imports the interfaces and the model only.

Invariant: rows, the names of their columns and the idempotency key they came under
are stored in one transaction, under the fence of the lease.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from congress.interfaces.storage import Fenced, StorageBackend, StorageError, Transaction
from congress.model.delta import Change, Snapshot
from congress.model.diagnostic import refuse
from congress.model.schema import Schema
from congress.model.values import Row
from congress.roles.datasource.leases import Tenure

#: The fact that names the columns of a datasource's pushed tables: those that a
#: first push decided are known nowhere else.
COLUMNS_FACT = "pushed-columns/"


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of one table, and its columns' names where they are known."""

    table: str
    rows: frozenset[Row]
    columns: Sequence[str] = ()


class Keeper:
    """The stored rows of one datasource."""

    def __init__(self, datasource_id: str, storage: StorageBackend, tenure: Tenure) -> None:
        self._id = datasource_id
        self._storage = storage
        self._tenure = tenure

    def load(self) -> list[Kept]:
        """What is stored, by table.

        :raises StorageError: storage is away.
        """

        def work(tx: Transaction) -> list[Kept]:
            columns = _columns(tx.facts.get(COLUMNS_FACT + self._id))
            tables = sorted(tx.pushed.tables(self._id).items())
            return [Kept(name, rows, columns.get(name, ())) for name, rows in tables]

        return self._storage.read(work)

    def store(self, changes: Sequence[Change], schema: Schema, key: str | None) -> bool:
        """Store changes; ``False``, without storing them, if the key was noted before.

        :raises Refused: they could not be stored.
        """

        def work(tx: Transaction) -> bool:
            if key and tx.pushed.seen(self._id, key):
                return False
            for change in changes:
                _apply(tx, self._id, change)
            self._note_columns(tx, changes, schema)
            return True

        try:
            return self._storage.run(work, fence=self._tenure.fence)
        except Fenced:
            hint = "try again in a few seconds"
            raise refuse("unavailable", "another node takes over", hint=hint) from None
        except KeyError:
            raise refuse("not-found", "the datasource was deleted") from None
        except StorageError as error:
            message = f"the rows could not be stored: {error}"
            raise refuse("unavailable", message, hint="try again later") from None

    def _note_columns(self, tx: Transaction, changes: Sequence[Change], schema: Schema) -> None:
        name = COLUMNS_FACT + self._id
        text = tx.facts.get(name)
        known = _columns(text)
        changed = {
            change.table: list(table.column_names)
            for change in changes
            if (table := schema.table(change.table)) is not None
        }
        if any(known.get(table) != columns for table, columns in changed.items()):
            tx.facts.set(name, json.dumps({**known, **changed}), text)


def forget_columns(tx: Transaction, datasource_id: str) -> None:
    """The datasource is deleted; facts can be emptied only."""
    name = COLUMNS_FACT + datasource_id
    if text := tx.facts.get(name):
        tx.facts.set(name, "", text)


def _columns(text: str | None) -> Mapping[str, list[str]]:
    columns: Mapping[str, list[str]] = json.loads(text) if text else {}
    return columns


def _apply(tx: Transaction, datasource_id: str, change: Change) -> None:
    if isinstance(change, Snapshot):
        tx.pushed.apply(datasource_id, change.table, add=tuple(change.rows), clear=True)
    else:
        removed, added = tuple(change.removed), tuple(change.added)
        tx.pushed.apply(datasource_id, change.table, add=added, remove=removed)
