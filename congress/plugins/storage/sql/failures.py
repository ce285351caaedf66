"""What the database reports, in the words of ``interfaces.storage``.

May import SQLAlchemy, oslo.db and ``congress.interfaces``.

Invariant: no message holds a statement, a value, an address or a password; what
the database said, one line of it, goes to the log.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from oslo_db import exception as db
from sqlalchemy import exc

from congress.interfaces.storage import Conflict, StorageError
from congress.plugins.storage.gate import Gate

LOG = logging.getLogger(__name__)

#: PostgreSQL: serialisation failure, deadlock, lock not available.
_RETRY_STATES = frozenset({"40001", "40P01", "55P03"})

_COLLISIONS = (db.DBDeadlock, db.DBDuplicateEntry, db.DBReferenceError, db.DBConstraintError)


@contextmanager
def translated(gate: Gate | None = None) -> Iterator[None]:
    """Raise ``Conflict`` or ``StorageError`` for what the libraries raise.

    The transaction of the gate, if one is given, is spoilt by either."""
    try:
        yield
    except (db.DBError, exc.SQLAlchemyError) as error:
        found = _translation(error)
        if gate is not None:
            gate.spoil(found)
        raise found from error


def _translation(error: Exception) -> StorageError:
    if _collided(error):
        return Conflict("another transaction changed the same thing")
    LOG.warning("the database failed: %s", _cause(error))
    if isinstance(error, db.DBConnectionError | exc.TimeoutError):
        return StorageError("the database cannot be reached")
    return StorageError("the database failed; the log has more")


def _collided(error: Exception) -> bool:
    if isinstance(error, _COLLISIONS):
        return True
    original = _original(error)
    if getattr(original, "sqlstate", None) in _RETRY_STATES:
        return True
    if getattr(original, "pgcode", None) in _RETRY_STATES:
        return True
    return "database is locked" in str(original) or "database table is locked" in str(original)


def _original(error: Exception) -> BaseException | None:
    """The driver's own exception."""
    wrapped = getattr(error, "inner_exception", error)
    original = getattr(wrapped, "orig", None)
    return original if isinstance(original, BaseException) else None


def _cause(error: Exception) -> str:
    """What the driver said, on one line."""
    original = _original(error) or error
    lines = str(original).splitlines() or [""]
    return f"{type(original).__name__}: {lines[0][:300]}"
