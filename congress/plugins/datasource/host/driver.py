"""The driver ``host``: polls the tables of this machine.

May import the interfaces, the model, psutil and its own folder.

Invariant: a poll reads only the tables it was asked for, looks at its deadline
and stop token between two tables, and lets one table fail without the others.
"""

from collections.abc import Iterator

import psutil

from congress.interfaces.datasource import (
    Config,
    DatasourceDriver,
    Done,
    DriverContext,
    PollRequest,
)
from congress.interfaces.plugin import PluginInfo
from congress.model.delta import Batch, Snapshot
from congress.model.schema import Schema
from congress.model.values import row_from_plain
from congress.plugins.datasource.host import accounts, network, processes, sockets, system, volumes
from congress.plugins.datasource.host.machine import Machine
from congress.plugins.datasource.host.reading import Reading
from congress.plugins.datasource.host.table import HostTable
from congress.plugins.datasource.options import polling_options
from congress.plugins.datasource.polling import interruption

TABLES = {
    table.schema.name: table
    for module in (system, processes, sockets, accounts, volumes, network)
    for table in module.TABLES
}
_SCHEMA = Schema.of((table.schema for table in TABLES.values()), closed=True)


class HostDriver(DatasourceDriver):
    """Processes, sockets, users, filesystems and network of this machine."""

    def __init__(self, config: Config, ctx: DriverContext, machine: Machine | None = None) -> None:
        super().__init__(config, ctx)
        self._machine = machine or Machine()

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""
        lazy = [name for name, table in TABLES.items() if table.lazy]
        return PluginInfo(
            name="host",
            summary="This machine: processes, sockets, users, filesystems, network, load.",
            options=polling_options(lazy=lazy, tables=TABLES),
            features={"lazy": True},
        )

    @classmethod
    def static_schema(cls) -> Schema:
        """The schema, which is the same on every machine."""
        return _SCHEMA

    def schema(self) -> Schema:
        """The tables of this driver."""
        return _SCHEMA

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        """Read the wanted tables, one batch each."""
        reading = Reading(self._machine)
        failed: dict[str, str] = {}
        for name, table in TABLES.items():
            if request.tables is not None and name not in request.tables:
                continue
            if reason := interruption(request, self.ctx.clock):
                failed[name] = reason
                continue
            try:
                snapshot = _snapshot(table, reading)
            except (psutil.Error, OSError, ValueError, RuntimeError) as error:
                failed[name] = f"{type(error).__name__}: {error}"
            else:
                yield Batch((snapshot,), self.ctx.clock.time())
        yield Done(complete=not failed, failed=failed or None)


def _snapshot(table: HostTable, reading: Reading) -> Snapshot:
    """Read one table."""
    rows = frozenset(row_from_plain(row) for row in table.read(reading))
    return Snapshot(table.schema.name, rows)
