"""A datasource driver that makes up the cloud of the benchmark, and changes it.

May import ``congress.interfaces``, ``congress.model`` and this folder.
"""

import random
from collections.abc import Callable
from pathlib import Path

from bench.inventory import COLUMNS, Inventory, Rows
from congress.interfaces.datasource import DatasourceDriver
from congress.interfaces.plugin import Option, PluginInfo
from congress.interfaces.runtime import Stop
from congress.model.delta import Batch, Delta, Snapshot
from congress.model.schema import Column, Schema, TableSchema

#: Batches of changes in a second.
BATCHES = 10


class CloudDriver(DatasourceDriver):
    """Emits all tables, then changed servers while a file says how many in a second."""

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""
        return PluginInfo(
            "cloud",
            "the cloud of the benchmark",
            options=(
                Option("servers", type="integer", required=True),
                Option("churn_file", required=True),
            ),
        )

    @classmethod
    def static_schema(cls) -> Schema:
        """The tables; columns have no names that matter."""
        return Schema.of(
            [
                TableSchema(name, tuple(Column(f"c{number}") for number in range(count)))
                for name, count in COLUMNS.items()
            ]
        )

    def schema(self) -> Schema:
        """See ``DatasourceDriver.schema``."""
        return self.static_schema()

    def stream(self, emit: Callable[[Batch], None], stop: Stop) -> None:
        """See ``Streams.stream``."""
        clock, source = self.ctx.clock, random.Random(5)
        tables = Inventory(int(str(self.config["servers"]))).tables
        changes = tuple(Snapshot(name, frozenset(rows)) for name, rows in tables.items())
        emit(Batch(changes, clock.time()))
        file, servers = Path(str(self.config["churn_file"])), tables["server"]
        while not stop.wait(1 / BATCHES):
            rate = int(file.read_text() or 0) if file.exists() else 0
            if rate:
                gone, come = _changed(servers, rate // BATCHES, source)
                change = Delta("server", frozenset(come), frozenset(gone))
                emit(Batch((change,), clock.time()))


def _changed(servers: Rows, count: int, source: random.Random) -> tuple[Rows, Rows]:
    """Some servers as they are, and with another status; the list has the new ones then."""
    gone: Rows = []
    come: Rows = []
    for place in source.sample(range(len(servers)), count):
        old = servers[place]
        new = (*old[:7], "SHUTOFF" if old[7] == "ACTIVE" else "ACTIVE", *old[8:])
        servers[place] = new
        gone.append(old)
        come.append(new)
    return gone, come
