"""One transaction on a connection: the statements of all stores go through here.

May import SQLAlchemy and the shared files of ``congress.plugins.storage``.

Invariant: a statement that fails is reported in the words of the interface, and
the transaction it failed in cannot commit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa

from congress.plugins.storage.gate import Gate
from congress.plugins.storage.sql.failures import translated

# A query for any columns, and what it finds. SQLAlchemy 2.0 counts their parameters otherwise.
if TYPE_CHECKING:
    Query: TypeAlias = sa.Select[*tuple[Any, ...]]
    Found: TypeAlias = sa.Row[*tuple[Any, ...]]
else:
    Query, Found = sa.Select, sa.Row

Now: TypeAlias = Callable[[], sa.ColumnElement[float]]

#: Values in one ``IN`` list; SQLite and the drivers limit the parameters of a statement.
_CHUNK = 500


class Session:
    """A connection within a transaction. ``now`` gives the time of the database."""

    def __init__(self, connection: sa.Connection, gate: Gate, now: Now) -> None:
        self._connection = connection
        self.gate = gate
        self.now = now

    def all(self, statement: Query) -> Sequence[Found]:
        """The rows of a query."""
        self.gate.reading()
        with translated(self.gate):
            return self._connection.execute(statement).all()

    def first(self, statement: Query) -> Found | None:
        """The first row of a query, if there is one."""
        self.gate.reading()
        with translated(self.gate):
            return self._connection.execute(statement).first()

    def change(self, statement: sa.Update | sa.Delete) -> int:
        """Change rows; tell how many the condition met."""
        self.gate.writing()
        with translated(self.gate):
            return self._connection.execute(statement).rowcount

    def insert(self, model: type[Any], values: Mapping[str, Any]) -> Any:
        """Insert a row; give the first column of its primary key.

        :raises Conflict: if somebody else inserted one like it meanwhile."""
        self.gate.writing()
        with translated(self.gate):
            result = self._connection.execute(sa.insert(model).values(**values))
            key = result.inserted_primary_key
            return key[0] if key else None

    def insert_all(self, model: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert many rows.

        :raises Conflict: if somebody else inserted one of them meanwhile."""
        self.gate.writing()
        if rows:
            with translated(self.gate):
                self._connection.execute(sa.insert(model), list(rows))


def chunks(values: Sequence[str]) -> list[Sequence[str]]:
    """The values in portions that fit into one statement."""
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]
