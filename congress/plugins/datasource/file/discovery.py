"""Which tables there are: configured ones, or one for each file.

May import the interfaces and its own folder.

Invariant: two files never share a table; if their names lead to the same one,
that table fails and says so.
"""

import fnmatch
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from congress.interfaces.datasource import DriverError
from congress.plugins.datasource.file.confinement import Confinement
from congress.plugins.datasource.file.faults import BadFile
from congress.plugins.datasource.file.settings import SUFFIXES, Settings, Source
from congress.plugins.datasource.naming import identifier


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found: sources by table, and tables that cannot be told."""

    sources: Mapping[str, Source]
    failed: Mapping[str, str] = field(default_factory=dict)


def scan(settings: Settings, confinement: Confinement) -> Scan:
    """Find the tables.

    :raises DriverError: if the folder cannot be read.
    """
    if settings.sources:
        return Scan({source.table: source for source in settings.sources})
    try:
        if not _is_folder(settings, confinement):
            return _group(settings, [settings.path.name], settings.path.parent)
        names = _names(settings, confinement)
    except BadFile as error:
        raise DriverError(f"option path: {error}") from error
    except OSError as error:
        raise DriverError(f"option path: {error.strerror or 'cannot be read'}") from error
    return _group(settings, names, settings.path)


def _is_folder(settings: Settings, confinement: Confinement) -> bool:
    """Whether the path is a folder. A missing one that is named like a file was a file."""
    try:
        return confinement.is_folder(settings.path)
    except FileNotFoundError:
        if settings.format != "auto" or settings.path.suffix.lower() in SUFFIXES:
            return False
        raise


def _names(settings: Settings, confinement: Confinement) -> list[str]:
    """Names of the files in the folder that become tables."""
    folder = confinement.open(settings.path, folder=True)
    try:
        found = sorted(os.listdir(folder))  # noqa: PTH208 - of a descriptor
    finally:
        os.close(folder)
    names = [
        name
        for name in found
        if not name.startswith(".")
        and fnmatch.fnmatchcase(name, settings.pattern)
        and (settings.format != "auto" or Path(name).suffix.lower() in SUFFIXES)
    ]
    if len(names) > settings.limits.files:
        raise DriverError(
            f"option path: more than {settings.limits.files} files; "
            "narrow the pattern or raise max_files"
        )
    return names


def _group(settings: Settings, names: Sequence[str], folder: Path) -> Scan:
    """Give each file its table."""
    claims: dict[str, list[str]] = {}
    failed: dict[str, str] = {}
    for name in names:
        table = identifier(Path(name).stem)
        if table:
            claims.setdefault(table, []).append(name)
    sources: dict[str, Source] = {}
    for table, files in claims.items():
        if len(files) > 1:
            failed[table] = f"several files of this name: {', '.join(files)}"
        else:
            sources[table] = Source(table, folder / files[0], settings.format)
    return Scan(sources, failed)
