"""Stand-ins for data sources, their manager and their driver."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from congress.interfaces.datasource import DatasourceDriver
from congress.interfaces.plugin import Option, PluginInfo, Scope
from congress.interfaces.storage import DatasourceRecord, StorageBackend
from congress.model.diagnostic import refuse
from congress.model.schema import Column, Schema, TableSchema
from congress.model.signature import not_genuine, signature_of
from congress.model.values import row_from_plain
from congress.roles.listings import Listings
from congress.roles.selection import read_selection
from congress.testing.runtime import ManualClock

HIDDEN = "<hidden>"
WEBHOOK_SECRET = "a secret for webhooks"


class Services(Protocol):
    """What a manager needs of the bus."""

    services: dict[str, object]


class Names(Protocol):
    """What a manager needs of the engine: names that are taken, and those of data sources."""

    policies: dict[str, dict[str, Any]]
    mirrors: set[str]


#: Those of all fakes: of one engine and of one data source nobody can tell apart.
LISTINGS = Listings("node", ManualClock())


def select(rows: Iterable[list[Any]], columns: list[str], **wanted: Any) -> dict[str, Any]:
    """What a role answers that is asked for a part of some rows."""
    found = read_selection(**wanted).of([row_from_plain(row) for row in rows], columns, LISTINGS)
    return {**found, "columns": columns}


class FakeSource:
    """One running data source with two tables, one of them given by pushes."""

    def __init__(self) -> None:
        self.tables_held: dict[str, list[list[Any]]] = {"servers": [["a", 1]], "pushed": []}
        self.executed: list[tuple[str, Any, bool]] = []
        self.refreshed = 0
        self.decided: list[tuple[str, int, str, str]] = []

    def status(self) -> dict[str, Any]:
        return {
            "last_updated": "None",
            "last_error": "None",
            "number_of_updates": "0",
            "initialized": "True",
            "subscriptions": [],
            "subscribers": ["__engine"],
        }

    def schema(self) -> dict[str, Any]:
        columns = [{"name": "id", "description": "x"}, {"name": "size", "description": "None"}]
        return {"tables": [{"table_id": t, "columns": columns} for t in self.tables_held]}

    def tables(self) -> list[str]:
        return list(self.tables_held)

    def rows(self, table: str, **wanted: Any) -> dict[str, Any]:
        if table not in self.tables_held:
            raise refuse("not-found", f"there is no table {table!r}")
        return select(self.tables_held[table], ["id", "size"], **wanted)

    def listing_more(self, listing: str) -> dict[str, Any]:
        return LISTINGS.more(listing)

    def actions(self) -> list[dict[str, Any]]:
        args = [{"name": "server", "description": "which"}]
        return [
            {"name": "stop", "args": args, "description": "b"},
            {"name": "pause", "args": args, "description": "a"},
        ]

    def push(self, table: str, rows: list[Any], idempotency_key: str | None = None) -> None:
        if table not in self.tables_held:
            raise refuse("not-found", f"there is no table {table!r}")
        if table != "pushed":
            raise refuse("unsupported", f"table {table!r} takes no rows")
        if not all(isinstance(row, list) and len(row) == 2 for row in rows):
            raise refuse("invalid", "a row has two values")
        self.tables_held[table] = rows

    def change_rows(
        self,
        table: str,
        upsert: list[Any] | None = None,
        delete: list[Any] | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        kept = [row for row in self.tables_held.get(table, []) if row not in (delete or [])]
        self.push(table, [*kept, *(upsert or [])])

    def webhook(self, payload: object) -> None:
        if not isinstance(payload, dict) or "event" not in payload:
            raise refuse("invalid", "the payload has no event", where="event")

    def signed_webhook(self, body: str, timestamp: str, signature: str) -> None:
        if signature != signature_of(WEBHOOK_SECRET, timestamp, body):
            raise not_genuine()
        self.webhook(json.loads(body))

    def refresh(self) -> None:
        self.refreshed += 1

    def execute(
        self, name: str, args: Any, wait: bool, actor: str, request_id: str
    ) -> dict[str, Any]:
        if name not in ("stop", "pause"):
            raise refuse("not-found", f"there is no action {name!r}")
        self.executed.append((name, args, wait))
        return {"state": "done", "result": 7, "message": "ok"} if wait else {}

    def decide(
        self, key: str, generation: int, decision: str, actor: str, request_id: str
    ) -> dict[str, Any]:
        if decision == "cancel":
            raise refuse("conflict", "cancel is for an action that is new or held")
        self.decided.append((key, generation, decision, actor))
        return {"state": "new", "message": f"{decision} by {actor}", "updated_at": 1.8e9}


def check_options(config: Iterable[str]) -> None:
    """Refuse options that the driver does not have."""
    for option in config:
        if option not in ("password", "url", "tenant_name", "project_name"):
            raise refuse("bad-configuration", f"the driver has no option {option!r}")


class FakeManager:
    """Keeps data sources in storage and a ``FakeSource`` for each on the bus."""

    def __init__(self, bus: Services, storage: StorageBackend, engine: Names) -> None:
        self._bus = bus
        self._storage = storage
        self._engine = engine

    def datasource_create(
        self,
        name: str,
        driver: str,
        config: dict[str, Any] | None = None,
        description: str | None = None,
        enabled: bool = True,
        id: str | None = None,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        if not name.isidentifier() or not name.isascii() or name.startswith("_"):
            raise refuse("bad-policy-name", f"{name!r} cannot be the name of a data source")
        if name in self._engine.policies:
            raise refuse("duplicate-policy", f"there is a policy {name!r} already")
        if driver != "cloud":
            raise refuse("plugin", f"there is no driver {driver!r}")
        check_options(config or {})
        record = DatasourceRecord(
            id or str(uuid.uuid4()), name, driver, config or {}, description, enabled, ("password",)
        )
        self._storage.run(lambda tx: tx.datasources.add(record))
        self._bus.services[f"datasource/{name}"] = FakeSource()
        self._engine.mirrors.add(name)
        return self._shown(record)

    def datasource_status_all(self) -> dict[str, dict[str, Any]]:
        leader = {"node": "node", "instance": "one", "epoch": 1, "since": 1_700_000_000.0 - 60}
        detail = {"state": "ok", "leader": leader, "actions": {"done": 4, "in_doubt": 1}}
        records = self._storage.read(lambda tx: tx.datasources.list())
        here = {record.name: {"node": "node", "detail": detail} for record in records}
        return {**here, "far": {"node": "elsewhere", "detail": None}}

    def decide_orphan(self, key: str, decision: str, **more: Any) -> dict[str, Any]:
        if decision == "retry":
            raise refuse("conflict", f"{decision} is not possible: the data source is deleted")
        return {"state": "done", "message": f"{decision} of {key}", "updated_at": 5.0}

    def _shown(self, record: DatasourceRecord) -> dict[str, Any]:
        return {
            "id": record.id,
            "name": record.name,
            "driver": record.driver,
            "description": record.description,
            "type": None,
            "enabled": record.enabled,
            "config": {k: HIDDEN if k == "password" else v for k, v in record.config.items()},
        }

    def _stored(self, datasource: str, generation: int | None) -> DatasourceRecord:
        record = self._storage.read(lambda tx: tx.datasources.get(datasource))
        assert record is not None
        if generation is not None and generation != record.generation:
            raise refuse("changed", "it was changed")
        return record

    def datasource_update(
        self,
        datasource: str,
        changes: dict[str, Any],
        whole: bool = False,
        generation: int | None = None,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        record = self._stored(datasource, generation)
        for name in ("name", "driver"):
            if changes.get(name, getattr(record, name)) != getattr(record, name):
                raise refuse("invalid", f"the {name} cannot be changed")
        config = dict(changes.get("config") or {})
        check_options(config)
        changed = replace(
            record,
            config=config if whole else {**record.config, **config},
            description=changes.get("description", record.description),
            enabled=changes.get("enabled", record.enabled),
            generation=record.generation + 1,
        )
        self._storage.run(lambda tx: tx.datasources.replace(changed))
        return self._shown(changed)

    def datasource_delete(
        self, datasource: str, generation: int | None = None, actor: str = "", request_id: str = ""
    ) -> None:
        record = self._stored(datasource, generation)
        self._storage.run(lambda tx: tx.datasources.remove(record.id))
        del self._bus.services[f"datasource/{record.name}"]
        self._engine.mirrors.discard(record.name)


class CloudDriver(DatasourceDriver):
    """A driver that is only ever described."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "cloud",
            "an imaginary cloud",
            options=(
                Option("url", required=True),
                Option("password", secret=True),
                Option("folder", scope=Scope.NODE),
            ),
        )

    @classmethod
    def static_schema(cls) -> Schema:
        return Schema.of([TableSchema("servers", (Column("id", description="the id"),))])

    def schema(self) -> Schema:
        return self.static_schema()
