"""The datasource driver ``os-release``: which operating system this machine runs.

It shows what a driver needs: it describes itself and its tables without doing
anything, polls, and offers one action.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from congress.interfaces.datasource import (
    Config,
    DatasourceDriver,
    Done,
    DriverError,
    PollRequest,
)
from congress.interfaces.plugin import Option, PluginInfo
from congress.model.action import ActionCall, ActionResult, ActionSpec
from congress.model.delta import Batch, Snapshot
from congress.model.schema import Column, ColumnType, Schema, TableSchema

TABLE = TableSchema(
    "facts",
    (
        Column("name", ColumnType.STRING, nullable=False, description="such as ID or VERSION_ID"),
        Column("value", ColumnType.STRING, nullable=False, description="without quotes"),
    ),
    description="what /etc/os-release says",
    key=("name",),
)
ANNOUNCE = ActionSpec(
    "announce",
    description="Write a line to the server's log.",
    parameters={
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 1000}},
        "required": ["text"],
        "additionalProperties": False,
    },
)


class OsReleaseDriver(DatasourceDriver):
    """Reads a file in the format of os-release(5)."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "os-release",
            "The release of the operating system, from /etc/os-release.",
            (
                Option(
                    "path",
                    description="The file to read, in /etc or /usr/lib.",
                    default="/etc/os-release",
                    choices=("/etc/os-release", "/usr/lib/os-release"),
                ),
                Option("poll_time", "number", "Seconds between two polls.", 60.0, minimum=0.1),
            ),
        )

    @classmethod
    def static_schema(cls) -> Schema:
        return Schema.of([TABLE], closed=True)

    @classmethod
    def static_actions(cls) -> Sequence[ActionSpec]:
        return (ANNOUNCE,)

    def schema(self) -> Schema:
        return self.static_schema()

    @classmethod
    def check(cls, config: Config, settings: Config) -> Sequence[str]:
        path = Path(str(config["path"]))
        return () if path.is_file() else (f"there is no file {path}",)

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        """Read the file, if its table is wanted."""
        if request.stop.is_set() or self.ctx.clock.monotonic() >= request.deadline:
            raise DriverError("there was no time to read")
        if request.tables is None or TABLE.name in request.tables:
            yield Batch((Snapshot(TABLE.name, self._read()),), self.ctx.clock.time())
        yield Done()

    def actions(self) -> Sequence[ActionSpec]:
        return (ANNOUNCE,)

    def execute(self, call: ActionCall, deadline: float) -> ActionResult:
        if call.name != ANNOUNCE.name:
            raise DriverError(f"there is no action {call.name}")
        self.ctx.log.info("announcement: %s", call.named["text"])
        return ActionResult(message="announced")

    def _read(self) -> frozenset[tuple[str, str]]:
        path = Path(str(self.config["path"]))
        try:
            return parse(path.read_text(errors="replace"))
        except OSError as error:
            raise DriverError(f"{path} cannot be read: {error.strerror}") from error


def parse(text: str) -> frozenset[tuple[str, str]]:
    """The rows of a file: one for each line ``NAME=value``, without quotes."""
    rows = set()
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            rows.add((name, value.strip("\"'")))
    return frozenset(rows)
