"""How long a node waits for its database before it counts as away.

May import SQLAlchemy, and psycopg when such an engine is made.

A host that dies or a firewall that forgets a connection says nothing; without a bound
whoever waits would wait for ever. Counted is silence, not how long a result takes to
arrive.

Invariant: a connection that was waited for in vain is closed, so that an answer that
still comes is nobody's.
"""

from collections.abc import Generator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

#: Seconds after which psycopg looks around while it waits.
PAUSE = 0.1

#: What drivers call the bounds that they keep themselves.
_SECONDS = {
    "pymysql": ("connect_timeout", "read_timeout", "write_timeout"),
    "mysqldb": ("connect_timeout", "read_timeout", "write_timeout"),
    "psycopg": ("connect_timeout",),
    "psycopg2": ("connect_timeout",),
}


def bounded(url: sa.URL, seconds: int) -> sa.URL:
    """A URL with the bounds that its driver keeps, where it has none of its own yet."""
    names = _SECONDS.get(url.drivername.partition("+")[2], ())
    return url.update_query_dict({name: str(seconds) for name in names if name not in url.query})


def bound(engine: sa.Engine, seconds: int) -> None:
    """Bound what the driver cannot: psycopg waits for answers without an end."""
    if engine.dialect.driver != "psycopg":
        return
    import psycopg

    class Impatient(psycopg.Connection[Any]):
        """Gives up when nothing is heard for too long."""

        def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
            return super().wait(self._heard(gen), PAUSE)

        def _heard(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
            """Passes on what the generator wants, and counts the pauses without it."""
            try:
                wanted = next(gen)
                silence = 0.0
                while True:
                    ready = yield wanted
                    silence = 0.0 if ready else silence + PAUSE
                    if silence > seconds:
                        self.pgconn.finish()
                        raise psycopg.OperationalError(f"no answer within {seconds} s")
                    wanted = gen.send(ready)
            except StopIteration as end:
                return end.value

    def connect(dialect: Any, record: Any, args: Any, parameters: Any) -> Any:
        return Impatient.connect(*args, **parameters)

    event.listen(engine, "do_connect", connect)
