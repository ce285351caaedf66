"""Keeps the log of policy changes from growing without end.

Imports the interfaces only. Runs on the store loop, on every node; whoever comes first
does it.

Invariant: the changes of the last ``keep`` revisions are never touched.
"""

import logging
from collections.abc import Callable

from congress.interfaces.storage import StorageBackend, StorageError

LOG = logging.getLogger(__name__)

#: One in so many of the revisions kept has to be new before the log is shortened again.
SHARE = 10


class LogTrimmer:
    """``keep`` tells how many revisions to keep the changes of."""

    def __init__(self, storage: StorageBackend, keep: Callable[[], int]) -> None:
        self._storage = storage
        self._keep = keep
        self._due = 0

    def trim(self) -> None:
        """Forget what is older, if that is worth a write; while storage is away, nothing."""
        keep = self._keep()
        try:
            revision = self._storage.read(lambda tx: tx.changes.revision())
            if revision <= keep or revision < self._due:
                return
            gone = self._storage.run(lambda tx: tx.changes.trim(keep))
        except StorageError as error:
            LOG.info("the log of policy changes is not shortened now: %s", error)
            return
        self._due = revision + keep // SHARE
        if gone:
            LOG.info("%d old changes of policy were taken out of the log", gone)
