"""Reading files into tables, and knowing when not to.

May import the interfaces, the model and its own folder.

Invariants: a file is parsed again only if its contents changed; its stamp is
believed only if it is old enough to show any later change. A file that is gone
makes its table empty only if it was there before and its folder, on the same
filesystem as then, can be read; in any other case the table fails.
"""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from congress.interfaces.runtime import Clock
from congress.model.schema import TableSchema
from congress.model.values import Row
from congress.plugins.datasource.file.building import build_table
from congress.plugins.datasource.file.confinement import Confinement, Stamp
from congress.plugins.datasource.file.faults import BadFile
from congress.plugins.datasource.file.formats import read_sheet
from congress.plugins.datasource.file.settings import Settings, Source


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table as it was last read.

    :param stamp: ``None`` if the file's stamp says nothing about its contents.
    :param folder: device of the folder the file lay in.
    """

    source: Source
    stamp: Stamp | None
    digest: bytes
    folder: int
    schema: TableSchema
    rows: frozenset[Row]


class Shelf:
    """The tables read so far."""

    def __init__(self, settings: Settings, confinement: Confinement, clock: Clock) -> None:
        self._settings = settings
        self._confinement = confinement
        self._clock = clock
        self._loaded: dict[str, Loaded] = {}

    @property
    def loaded(self) -> Mapping[str, Loaded]:
        """All tables that were read at least once."""
        return self._loaded

    def load(self, source: Source) -> Loaded:
        """Bring one table up to date.

        :raises BadFile: if its file cannot become a table; what was read before stays.
        """
        try:
            loaded = self._read(source)
        except FileNotFoundError:
            loaded = self._vanished(source)
        except OSError as error:
            raise BadFile(error.strerror or "cannot be read") from error
        self._loaded[source.table] = loaded
        return loaded

    def _read(self, source: Source) -> Loaded:
        """Read the file unless it is known already."""
        known = self._loaded.get(source.table)
        if known and known.source != source:
            known = None
        with os.fdopen(self._confinement.open(source.path), "rb") as file:
            stamp = Stamp.of(os.fstat(file.fileno()))
            if known and known.stamp == stamp:
                return known
            content = file.read(self._settings.limits.bytes + 1)
            if len(content) > self._settings.limits.bytes:
                raise BadFile(f"more than {self._settings.limits.bytes} bytes (max_bytes)")
            if Stamp.of(os.fstat(file.fileno())) != stamp:
                raise BadFile("it changed while it was read")
        digest = hashlib.blake2b(content).digest()
        lasting = stamp if stamp.settled(self._clock.time()) else None
        if known and known.digest == digest:
            return replace(known, stamp=lasting)
        schema, rows = self._build(source, content, known)
        return Loaded(source, lasting, digest, self._folder(source), schema, rows)

    def _build(
        self, source: Source, content: bytes, known: Loaded | None
    ) -> tuple[TableSchema, frozenset[Row]]:
        """Parse the contents. A table that lost all its records keeps its columns."""
        sheet = read_sheet(content, source, self._settings)
        schema, rows = build_table(
            source.table, sheet, source.declared, longest=self._settings.limits.text
        )
        if known and not schema.columns:
            schema = known.schema
        return schema, rows

    def _vanished(self, source: Source) -> Loaded:
        """The table of a file that is gone.

        :raises BadFile: if there is no telling whether it is.
        """
        known = self._loaded.get(source.table)
        if known is None:
            raise BadFile("no such file")
        with contextlib.suppress(OSError, BadFile):
            if self._folder(source) == known.folder:
                return replace(known, stamp=None, digest=b"", rows=frozenset())
        raise BadFile("the file is gone, and its folder cannot be read or is another one")

    def _folder(self, source: Source) -> int:
        """Device of the folder that the file lies in."""
        folder = self._confinement.open(source.path.parent, folder=True)
        try:
            return os.fstat(folder).st_dev
        finally:
            os.close(folder)
