"""Turns: whoever changes a database as a whole does so alone.

May import SQLAlchemy, tenacity and ``congress.model``.

Invariant: a turn is held by a connection of its own and ends with that, however the
work ends; it begins before the transaction of the work and ends after it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from congress.model.diagnostic import refuse

#: Seconds to wait for the others.
PATIENCE = 120

#: Seconds between two attempts.
PAUSE = 0.5

#: By dialect, how to take the turn: true if it is there. SQLite needs none, since a
#: transaction that writes has the file alone. MySQL's locks are of the server, not of one
#: database; those of PostgreSQL are of the database.
_TAKE = {
    "mysql": sa.text("SELECT GET_LOCK(CONCAT('congress.', SHA1(DATABASE())), 0) = 1"),
    "postgresql": sa.text("SELECT pg_try_advisory_lock(hashtext('congress'))"),
}


@contextmanager
def turn(engine: sa.Engine) -> Iterator[None]:
    """Wait for the others that change the database as a whole, and keep them waiting.

    Members of a Galera cluster do not wait for each other's connections.

    :raises Refused: ``unavailable`` if it took too long.
    """
    take = _TAKE.get(engine.dialect.name)
    if take is None:
        yield
        return
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as holder:
        attempts = Retrying(
            retry=retry_if_result(lambda taken: not taken),
            stop=stop_after_delay(PATIENCE),
            wait=wait_fixed(PAUSE),
        )
        try:
            attempts(holder.scalar, take)
        except RetryError:
            raise refuse(
                "unavailable",
                f"somebody else has been changing the database for {PATIENCE} s",
                hint="wait until congress-db-manage has ended on the other hosts, and try again",
            ) from None
        try:
            yield
        finally:
            holder.invalidate()
