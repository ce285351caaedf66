"""Files that may be read: those below the configured roots, by their real path.

May import the standard library and its own folder only.

Invariant: a file is opened by walking from its root one name at a time without
following any link, so a link that appears after the check leads nowhere. A
file that is opened is a regular one; pipes and devices are refused unread.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from congress.plugins.datasource.file.faults import BadFile

_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one version of a file from another without reading it."""

    device: int
    inode: int
    size: int
    changed: tuple[int, int]

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """The stamp of an open file."""
        return cls(
            status.st_dev, status.st_ino, status.st_size, (status.st_mtime_ns, status.st_ctime_ns)
        )

    def settled(self, now: float, seconds: float = 2.0) -> bool:
        """Whether the last change is so long ago that another would show in the stamp."""
        return now - max(self.changed) / 1e9 >= seconds


class Confinement:
    """The roots, and the only way to open what lies below them."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = tuple(roots)

    def problem(self, path: Path) -> str | None:
        """Say why a path may not be read, or nothing. Whether it exists plays no part."""
        if not self._roots:
            return "no folder is open to file datasources: set [driver_file] roots"
        if not path.is_absolute():
            return "the path must be absolute"
        try:
            self._locate(path)
        except BadFile as error:
            return str(error)
        return None

    def open(self, path: Path, *, folder: bool = False) -> int:
        """Open a file or folder for reading and return its descriptor, which the caller closes.

        :raises BadFile: if it lies outside the roots or is no regular file.
        :raises OSError: if it cannot be opened.
        """
        root, names = self._locate(path)
        here = os.open(root, _FOLDER)
        for number, name in enumerate(names, start=1):
            last = number == len(names) and not folder
            try:
                step = os.open(name, _FILE if last else _FOLDER, dir_fd=here)
            finally:
                os.close(here)
            here = step
        if not folder and not stat.S_ISREG(os.fstat(here).st_mode):
            os.close(here)
            raise BadFile("not a regular file")
        return here

    def is_folder(self, path: Path) -> bool:
        """Whether the path leads to a folder.

        :raises BadFile: if it lies outside the roots.
        :raises OSError: if there is nothing.
        """
        root, names = self._locate(path)
        return stat.S_ISDIR(root.joinpath(*names).stat(follow_symlinks=False).st_mode)

    def _locate(self, path: Path) -> tuple[Path, tuple[str, ...]]:
        """The root that a path really lies below, and the names that lead there from it."""
        try:
            real = path.resolve()
            for text in self._roots:
                root = Path(text).resolve()
                if real.is_relative_to(root):
                    return root, real.relative_to(root).parts
        except (OSError, RuntimeError, ValueError) as error:
            raise BadFile("not a path that can be followed") from error
        raise BadFile("the path is outside the folders in [driver_file] roots")
