"""At most one process of a node's name in a state folder.

May import the model and the standard library only.

Invariant: the lock lives as long as the process that took it, however that ends. The
bus finds a second node of the same name on other hosts; processes that share a folder
and no bus would not find each other, and take each other's datasources away.
"""

import fcntl
import os
from pathlib import Path

from congress.model.diagnostic import refuse


class NodeLock:
    """The lock of one node, taken when it is made."""

    def __init__(self, folder: Path, node: str) -> None:
        """Take it; a folder that cannot be used is left to those who need it.

        :raises Refused: ``duplicate`` if another process has it.
        """
        self._file: int | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(folder / f"{node}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            raise refuse(
                "duplicate",
                f"node {node} runs already in {folder}",
                hint="end that process, or give this one a state_path and a --node-id of its own",
                where="--node-id",
            ) from error
        except OSError:
            os.close(file)
            return
        self._file = file

    def release(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
