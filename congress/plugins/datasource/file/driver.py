"""The driver ``file``: polls files and folders.

May import the interfaces, the model and its own folder.

Invariant: what becomes of one table never depends on the file of another; a
schema is told before the first rows that need it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

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
from congress.plugins.datasource.file.confinement import Confinement
from congress.plugins.datasource.file.discovery import Scan, scan
from congress.plugins.datasource.file.faults import BadFile
from congress.plugins.datasource.file.loading import Shelf
from congress.plugins.datasource.file.settings import OPTIONS, Source, read_settings
from congress.plugins.datasource.polling import interruption


class FileDriver(DatasourceDriver):
    """CSV, JSON, JSON Lines and YAML files as tables."""

    def __init__(self, config: Config, ctx: DriverContext) -> None:
        super().__init__(config, ctx)
        self._settings, _ = read_settings(config)
        self._confinement = _confinement(ctx.settings)
        self._shelf = Shelf(self._settings, self._confinement, ctx.clock)

    @classmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""
        return PluginInfo(
            name="file",
            summary="CSV, JSON, JSON Lines and YAML files as tables.",
            options=OPTIONS,
            features={"lazy": True},
        )

    @classmethod
    def check(cls, config: Config, settings: Config) -> Sequence[str]:
        """Problems with the paths and the declared tables."""
        read, problems = read_settings(config)
        confinement = _confinement(settings)
        if problem := confinement.problem(read.path):
            return [f"path: {problem}", *problems]
        for source in read.sources:
            if problem := confinement.problem(source.path):
                problems.append(f"tables: {source.table}: {problem}")
        return problems

    def schema(self) -> Schema:
        """The declared tables, and those whose files have been read."""
        tables = {s.table: s.declared for s in self._settings.sources if s.declared}
        for name, loaded in self._shelf.loaded.items():
            if loaded.schema.columns:
                tables[name] = loaded.schema
        return Schema.of(tables.values())

    def open(self) -> None:
        """Read everything once, so that the columns are known before the first poll.

        :raises DriverError: if the folder cannot be read. A bad file is left to the poll.
        """
        before = self.schema()
        for source in scan(self._settings, self._confinement).sources.values():
            if self.ctx.stop.is_set():
                return
            self._load(source)
        self._tell(before)

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        """Read the wanted tables whose files changed, and all new ones.

        :raises DriverError: if the folder cannot be read.
        """
        before = self.schema()
        found = scan(self._settings, self._confinement)
        failed = {name: why for name, why in found.failed.items() if self._counts(request, name)}
        snapshots: list[Snapshot] = []
        for source in self._due(found, request):
            problem = interruption(request, self.ctx.clock) or self._load(source)
            if problem and self._counts(request, source.table):
                failed[source.table] = problem
            elif not problem and _wanted(request, source.table):
                rows = self._shelf.loaded[source.table].rows
                snapshots.append(Snapshot(source.table, rows))
        self._tell(before)
        if snapshots:
            yield Batch(tuple(snapshots), self.ctx.clock.time())
        yield Done(complete=not failed, failed=failed or None)

    def _due(self, found: Scan, request: PollRequest) -> Iterator[Source]:
        """Sources to look at: those wanted, those never read, and those that vanished."""
        loaded = self._shelf.loaded
        for name, source in found.sources.items():
            if _wanted(request, name) or name not in loaded:
                yield source
        for name, known in list(loaded.items()):
            absent = name not in found.sources and name not in found.failed
            if absent and _wanted(request, name):
                yield known.source

    def _counts(self, request: PollRequest, table: str) -> bool:
        """Whether a failure is to be told: of a table wanted, or one that never could be read."""
        return _wanted(request, table) or table not in self._shelf.loaded

    def _tell(self, before: Schema) -> None:
        """Tell of tables and columns that are new."""
        after = self.schema()
        if after != before:
            self.ctx.schema_changed(after)

    def _load(self, source: Source) -> str | None:
        """Read one table; say what is wrong with its file, or nothing."""
        try:
            self._shelf.load(source)
        except BadFile as error:
            return f"{source.path.name}: {error}"
        return None


def _wanted(request: PollRequest, table: str) -> bool:
    """Whether a poll was asked for a table."""
    return request.tables is None or table in request.tables


def _confinement(settings: Config) -> Confinement:
    """The folders that the node opens to file datasources."""
    roots = settings.get("roots")
    return Confinement([str(Path(str(root))) for root in roots] if isinstance(roots, list) else [])
