"""Drivers that only tests use: one that leaves a trace of each poll, and ones that fail.

Nodes get them by ``custom_driver_endpoints``.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from congress.interfaces.datasource import (
    Config,
    DatasourceDriver,
    Done,
    DriverContext,
    PollRequest,
)
from congress.interfaces.plugin import Option, PluginInfo
from congress.model.delta import Batch, Snapshot
from congress.model.schema import Column, Schema, TableSchema

SCHEMA = Schema.of([TableSchema("t", (Column("x"),))], closed=True)
POLL_TIME = Option("poll_time", "number", "Seconds between two polls.", 0.2, minimum=0.1)


class TracingDriver(DatasourceDriver):
    """Writes the number of its process into a file at each poll; its rows are those numbers."""

    @classmethod
    def describe(cls) -> PluginInfo:
        file = Option("file", description="Where to leave the trace.", required=True)
        return PluginInfo("tracing", "Leaves a trace of each poll.", (file, POLL_TIME))

    @classmethod
    def static_schema(cls) -> Schema:
        return SCHEMA

    def schema(self) -> Schema:
        return SCHEMA

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        """Leave a trace."""
        with Path(str(self.config["file"])).open("a") as file:
            file.write(f"{os.getpid()}\n")
        yield Batch((Snapshot("t", frozenset({(os.getpid(),)})),), self.ctx.clock.time())
        yield Done()


class FailingDriver(DatasourceDriver):
    """What all drivers below have in common."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(cls.__name__, "Fails in its own way.", (POLL_TIME,))

    @classmethod
    def static_schema(cls) -> Schema:
        return SCHEMA

    def schema(self) -> Schema:
        return SCHEMA


class HangingDriver(FailingDriver):
    """Asks something that never answers, and does not hear when it is to stop."""

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        """Wait for ever."""
        threading.Event().wait()
        yield Done()


class RaisingDriver(FailingDriver):
    """Cannot even be made."""

    def __init__(self, config: Config, ctx: DriverContext) -> None:
        super().__init__(config, ctx)
        raise ZeroDivisionError("in its constructor")


class BabblingDriver(FailingDriver):
    """Gives what is no batch."""

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        """Give it."""
        nothing: Any = "no batch"
        yield nothing
        yield Done()


class RamblingDriver(FailingDriver):
    """Gives rows that do not fit its tables."""

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        """Give them, also of a table that there is not."""
        rows = frozenset({("a", "b", "c")})
        yield Batch((Snapshot("elsewhere", rows), Snapshot("t", rows)), -1.0)
        yield Done()


KINDS = {
    "tracing": TracingDriver,
    "hanging": HangingDriver,
    "raising": RaisingDriver,
    "babbling": BabblingDriver,
    "rambling": RamblingDriver,
}
ENDPOINTS = ",".join(f"{name}=tests.ha.drivers:{kind.__name__}" for name, kind in KINDS.items())
