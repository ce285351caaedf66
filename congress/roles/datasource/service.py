"""The service ``datasource/<name>``: what can be asked of one datasource.

Imports the interfaces and the model only. Any thread.

Invariant: only what must run the driver waits for the driver's loop, and no longer
than a time-out; everything else is answered whatever the driver does.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from congress.interfaces.storage import StorageError
from congress.model.diagnostic import refuse
from congress.roles.datasource.arguments import described, split
from congress.roles.datasource.signatures import Signed
from congress.roles.listings import Listings
from congress.roles.selection import read_selection

if TYPE_CHECKING:
    from congress.interfaces.role import Method
    from congress.roles.datasource.host import Host

T = TypeVar("T")

#: Who reads a datasource, as older clients know them.
SUBSCRIBER = "policy-engine"


class DatasourceService:
    """The methods of one datasource's service."""

    def __init__(self, host: Host, listings: Listings) -> None:
        self._host = host
        self._listings = listings

    def methods(self) -> dict[str, Method]:
        """The methods by name."""
        return {
            "status": self.status,
            "schema": self.schema,
            "tables": self.tables,
            "rows": self.rows,
            "listing_more": self._listings.more,
            "actions": self.actions,
            "push": self.push,
            "change_rows": self.change_rows,
            "webhook": self.webhook,
            "signed_webhook": self.signed_webhook,
            "refresh": self.refresh,
            "execute": self.execute,
            "decide": self.decide,
        }

    def status(self) -> dict[str, Any]:
        """How it fares: texts for older clients, and ``detail`` with proper types."""
        host = self._host
        standing = host.board.standing()
        wanted = host.publisher.wanted() if host.publisher else frozenset()
        return {
            "last_updated": _moment(standing.last_updated),
            "last_error": str(standing.last_error),
            "number_of_updates": str(standing.updates),
            "initialized": str(standing.initialized),
            "subscriptions": [],
            "subscribers": [SUBSCRIBER] if wanted else [],
            "detail": host.detail(),
        }

    def schema(self) -> dict[str, Any]:
        """The tables and their columns, in positional order."""
        tables = self._host.schema().tables.values()
        return {
            "tables": [
                {
                    "table_id": table.name,
                    "columns": [
                        {
                            "name": column.name,
                            "description": column.description or None,
                            "type": str(column.type),
                            "nullable": column.nullable,
                        }
                        for column in table.columns
                    ],
                }
                for table in tables
            ]
        }

    def tables(self) -> list[str]:
        """The names of its tables."""
        host = self._host
        published = host.publisher.published() if host.publisher else frozenset()
        return sorted(host.schema().tables.keys() | published)

    def rows(
        self,
        table: str,
        where: Any = None,
        after: Any = None,
        limit: Any = None,
        count_only: Any = False,
    ) -> dict[str, Any]:
        """What a table was last published with, or a part of it."""
        wanted = read_selection(where, after, limit, count_only)
        host = self._host
        rows = host.publisher.rows(table) if host.publisher else None
        declared = host.schema().table(table)
        if rows is None and declared is None:
            raise refuse("not-found", f"datasource {host.name!r} has no table {table!r}")
        if rows is None and table in host.dormant():
            raise refuse(
                "invalid",
                f"table {table!r} is read only while somebody wants it, and nobody does",
                hint="mention it in a rule, or take it out of lazy_tables",
            )
        columns = list(declared.column_names) if declared else []
        return {**wanted.of(rows or (), columns, self._listings), "columns": columns}

    def actions(self) -> list[dict[str, object]]:
        """What it can be told to do, by name."""
        return [described(spec) for spec in self._host.caller.specs()]

    def push(
        self, table: str, rows: Any, idempotency_key: str | None = None, **_who: str
    ) -> dict[str, Any]:
        """Give it the rows of a table."""
        if not isinstance(rows, list):
            raise refuse("invalid", "rows must be a list", where="rows")
        intake = self._host.require_open().intake
        self._on_data_loop(lambda: intake.push(table, rows, idempotency_key))
        return {}

    def change_rows(
        self,
        table: str,
        upsert: Any = None,
        delete: Any = None,
        idempotency_key: str | None = None,
        **_who: str,
    ) -> dict[str, Any]:
        """Put rows into a table and take rows out of it; the others stay."""
        given = {"upsert": upsert, "delete": delete}
        change = {name: rows for name, rows in given.items() if rows is not None}
        for name, rows in change.items():
            if not isinstance(rows, list):
                raise refuse("invalid", f"{name} must be a list", where=name)
        intake = self._host.require_open().intake
        self._on_data_loop(lambda: intake.push(table, change, idempotency_key))
        return {}

    def webhook(self, payload: Any, **_who: str) -> dict[str, Any]:
        """Give it a notification."""
        intake = self._host.require_open().intake
        self._on_data_loop(lambda: intake.webhook(payload))
        return {}

    def signed_webhook(self, body: str, timestamp: str, signature: str) -> dict[str, Any]:
        """Give it a notification that somebody without a token signed."""
        mounted = self._host.require_open()
        payload = mounted.signatures.open(Signed(body, timestamp, signature))
        self._on_data_loop(lambda: mounted.intake.webhook(payload))
        return {}

    def refresh(self, **_who: str) -> dict[str, Any]:
        """Have it read soon; nothing to do where it is given its data."""
        self._host.refresh()
        return {}

    def execute(
        self, name: str, args: Any = None, wait: bool = False, actor: str = "", request_id: str = ""
    ) -> dict[str, Any]:
        """Run an action once; what came of it, if the caller waits for that."""
        if not name:
            raise refuse("invalid", "an action needs a name", where="name")
        positional, named = split(args)
        self._host.require_open()
        enforcement = self._host.enforcement
        try:
            entry = enforcement.executor.submit(
                name, positional, named, actor=actor, request_id=request_id
            )
        except StorageError as error:
            message = f"the action could not be recorded and was not run: {error}"
            raise refuse("unavailable", message, hint="try again later") from None
        if wait and not entry.state.final:
            entry = enforcement.run_manual(entry)
        elif not entry.state.final:
            enforcement.run_manual_later(entry)
        if not wait:
            return {}
        return {"state": str(entry.state), "result": entry.result, "message": entry.message}

    def decide(
        self, key: str, generation: int, decision: str, actor: str = "", request_id: str = ""
    ) -> dict[str, Any]:
        """Carry out what a person decided about an activation; how it stands then."""
        try:
            entry = self._host.enforcement.decide(
                key, generation, decision, actor=actor, request_id=request_id
            )
        except StorageError as error:
            message = f"the ledger could not be changed: {error}"
            raise refuse("unavailable", message, hint="try again later") from None
        return {
            "state": str(entry.state),
            "message": entry.message,
            "updated_at": entry.updated_at,
        }

    def _on_data_loop(self, job: Callable[[], T]) -> T:
        try:
            return self._host.on_data_loop(job)
        except TimeoutError:
            raise refuse(
                "timeout",
                f"the driver of datasource {self._host.name!r} does not answer",
                hint="its status tells more; the request may still take effect",
            ) from None


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "None"
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
