"""Drivers that tests play: the service behind them is an object of the test."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from congress.interfaces.datasource import (
    Config,
    DatasourceDriver,
    Done,
    DriverContext,
    PollRequest,
)
from congress.interfaces.plugin import Option, PluginInfo, Scope
from congress.interfaces.runtime import Stop
from congress.model.action import ActionCall, ActionResult, ActionSpec, Promise
from congress.model.delta import Batch, Snapshot
from congress.model.diagnostic import refuse
from congress.model.schema import Column, ColumnType, Schema, TableSchema

SCHEMA = Schema.of(
    [
        TableSchema("servers", (Column("id", ColumnType.STRING), Column("up", ColumnType.BOOLEAN))),
        TableSchema("ports", (Column("number", ColumnType.INTEGER, nullable=False),)),
    ],
    closed=True,
)

ACTIONS = (
    ActionSpec(
        "pause",
        "Stop a server for a while.",
        {
            "type": "object",
            "properties": {
                "server": {"type": "string", "description": "its id"},
                "seconds": {"type": "integer"},
                "options": {"type": "object"},
            },
            "required": ["server"],
        },
    ),
    ActionSpec(
        "tell",
        "Tell somebody.",
        {
            "type": "object",
            "properties": {"who": {"type": "string"}, "words": {"type": "array"}},
        },
        idempotent=True,
        promise=Promise.AT_LEAST_ONCE,
        variadic="words",
    ),
)

SECRET = "s3cr3t-pa55"

OPTIONS = (
    Option("address", required=True, description="where it is"),
    Option("password", secret=True, description="how to get in"),
    Option("poll_time", type="number", default=10, minimum=0),
    Option("lazy_tables", type="list", default=[]),
    Option("persist_data", type="boolean", default=True),
    Option("project_name", description="whose"),
    Option("ca", scope=Scope.NODE, default="none"),
)


class World:
    """The service that the drivers of a test talk to, and what the test makes it do."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[object, ...]]] = {"servers": [], "ports": []}
        self.schema = SCHEMA
        self.actions: Sequence[ActionSpec] = ACTIONS
        self.poll_error: Exception | None = None
        self.open_error: Exception | None = None
        self.act_error: Exception | None = None
        self.failed: Mapping[str, str] | None = None
        self.during_poll: Callable[[], object] = lambda: None
        self.during_act: Callable[[], object] = lambda: None
        self.requests: list[PollRequest] = []
        self.calls: list[ActionCall] = []
        self.contexts: list[DriverContext] = []
        self.configs: list[Config] = []
        self.events: list[str] = []


class WorldDriver(DatasourceDriver):
    """A driver that polls and acts on a world."""

    world: ClassVar[World]

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo("world", "The world of a test.", OPTIONS, {"persist": True})

    @classmethod
    def check(cls, config: Config, settings: Config) -> Sequence[str]:
        return ["address must not be nowhere"] if config["address"] == "nowhere" else []

    def __init__(self, config: Config, ctx: DriverContext) -> None:
        super().__init__(config, ctx)
        self.world.contexts.append(ctx)
        self.world.configs.append(config)

    def schema(self) -> Schema:
        return self.world.schema

    def open(self) -> None:
        self.world.events.append("open")
        if self.world.open_error:
            raise self.world.open_error

    def close(self) -> None:
        self.world.events.append("close")

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        self.world.requests.append(request)
        self.world.during_poll()
        if self.world.poll_error:
            raise self.world.poll_error
        failed = self.world.failed or {}
        for table, rows in self.world.rows.items():
            if (request.tables is None or table in request.tables) and table not in failed:
                now = self.ctx.clock.time()
                yield Batch((Snapshot(table, frozenset(rows)),), now)  # type: ignore[arg-type]
        yield Done(cursor=len(self.world.requests), failed=self.world.failed)

    def actions(self) -> Sequence[ActionSpec]:
        return self.world.actions

    def execute(self, call: ActionCall, deadline: float) -> ActionResult:
        self.world.calls.append(call)
        self.world.during_act()
        if self.world.act_error:
            raise self.world.act_error
        return ActionResult({"paused": call.named.get("server")}, "paused")


class PushedDriver(DatasourceDriver):
    """A driver that is given its data."""

    world: ClassVar[World]

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo("pushed", "Takes what it is given.", OPTIONS, {"persist": True})

    def schema(self) -> Schema:
        return self.world.schema

    def accept(self, payload: object, table: str | None) -> Batch:
        if not isinstance(payload, list):
            raise refuse("invalid", "a list is wanted")
        rows = frozenset(tuple(row) for row in payload)
        return Batch((Snapshot(table or "ports", rows),), self.ctx.clock.time())


def bound(driver: type[DatasourceDriver], world: World) -> type[DatasourceDriver]:
    """The driver for one world."""
    return type(driver.__name__, (driver,), {"world": world})


class StreamingDriver(DatasourceDriver):
    """A driver that tells by itself: one row each second, until the world breaks it."""

    world: ClassVar[World]

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo("streaming", "Tells by itself.", OPTIONS)

    def schema(self) -> Schema:
        return self.world.schema

    def stream(self, emit: Callable[[Batch], None], stop: Stop) -> None:
        self.world.events.append("stream")
        number = 0
        while not stop.wait(1.0):
            if self.world.poll_error:
                raise self.world.poll_error
            number += 1
            emit(Batch((Snapshot("ports", frozenset({(number,)})),), self.ctx.clock.time()))
        self.world.events.append("end")
