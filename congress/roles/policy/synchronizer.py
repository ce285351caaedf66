"""Keeps the engine at the revision that storage has: on notice, and by looking.

Imports the interfaces and the model. Runs on the store loop, which may wait for
storage; hands each revision to the engine loop.

Invariant: revisions are applied one after another in their order, each as a
whole. When storage is away the engine stays where it is.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from congress.interfaces.role import Bus, Peer
from congress.interfaces.runtime import Clock, Loop
from congress.interfaces.storage import StorageBackend, StorageError
from congress.roles.policy.book import Book, advanced
from congress.roles.policy.loader import Loader
from congress.roles.policy.news import Revision, read_news

LOG = logging.getLogger(__name__)

TOPIC = "policy-changed"
FACT = "policy_revision"
RETRY_INTERVAL = 1.0


class Synchronizer:
    """Follows the change log.

    :param period: seconds between two looks without any notice.
    :param engine_timeout: seconds the engine may take for one revision.
    """

    def __init__(
        self,
        storage: StorageBackend,
        bus: Bus,
        loader: Loader,
        *,
        store_loop: Loop,
        engine_loop: Loop,
        clock: Clock,
        period: Callable[[], float],
        engine_timeout: Callable[[], float],
    ) -> None:
        self._storage = storage
        self._bus = bus
        self._loader = loader
        self._store_loop = store_loop
        self._engine_loop = engine_loop
        self._clock = clock
        self._period = period
        self._engine_timeout = engine_timeout
        self._seen = 0
        self._retrying = False
        self._after_load: list[Callable[[], None]] = []
        self.outage = ""
        self.outage_since = 0.0

    def open(self) -> None:
        """Begin to follow. The first look is made at once."""
        self._bus.on_notice(TOPIC, self._on_notice)
        self._bus.on_peers(self._on_peer)
        self._store_loop.post(self.follow)
        self._store_loop.every(self._period, self.follow)

    def doubt(self) -> None:
        """Look a little later for what is new: what storage holds now is not known."""
        if not self._retrying:
            self._retrying = True
            self._store_loop.later(RETRY_INTERVAL, self._retry)

    def after_load(self, job: Callable[[], None]) -> None:
        """Do something on the store loop once everything stored was applied; it may raise
        ``StorageError`` and is then done again."""
        self._after_load.append(job)

    def follow(self) -> None:
        """Apply what is new in storage; if storage is away, try again soon."""
        self._seen = 0
        try:
            self.catch_up()
            while self._after_load:
                self._after_load[0]()
                self._after_load.pop(0)
        except (StorageError, TimeoutError) as error:
            self._fail(str(error) or type(error).__name__)
        except Exception as error:
            LOG.exception("following the changes of policy failed")
            self._fail(f"a fault of this program: {type(error).__name__}")
        else:
            self.outage = ""

    def catch_up(self) -> Book:
        """Apply what is new in storage; on the store loop.

        :raises StorageError: storage is away.
        :raises TimeoutError: the engine is busy; it goes on nevertheless.
        """
        more = True
        while more:
            known = self._loader.revision if self._loader.loaded else None
            news = self._storage.read(partial(read_news, known=known))
            if news.whole is not None:
                _tell_of_return(known, news.whole.revision)
                self._on_engine(partial(self._loader.apply, news.whole))
            for revision in news.revisions:
                self.apply(revision)
            more = news.more
        return self._loader.book

    def apply(self, revision: Revision) -> None:
        """Apply the revision that follows; on the store loop."""

        def job() -> None:
            book = self._loader.book
            records, sources = revision.records, revision.datasources
            self._loader.apply(advanced(book, revision.number, records, sources))

        self._on_engine(job)

    def _on_engine(self, job: Callable[[], None]) -> None:
        self._engine_loop.call(job, self._engine_timeout())

    def _on_notice(self, node: str, payload: Mapping[str, Any]) -> None:
        revision = payload.get("revision")
        # An older one may tell that storage went back.
        if revision != self._loader.revision:
            self._store_loop.post(self.follow)

    def _on_peer(self, event: str, peer: Peer) -> None:
        """A heartbeat tells what a lost notice did not."""
        revision = peer.info.get(FACT)
        if isinstance(revision, int) and revision > max(self._loader.revision, self._seen):
            self._seen = revision
            self._store_loop.post(self.follow)

    def _fail(self, message: str) -> None:
        if not self.outage:
            self.outage_since = self._clock.time()
            LOG.warning("policy cannot be read from storage: %s", message)
        self.outage = message
        self.doubt()

    def _retry(self) -> None:
        self._retrying = False
        self.follow()


def _tell_of_return(known: int | None, found: int) -> None:
    """Storage that is at an older revision than before is told of: nobody meant that."""
    if known is not None and found < known:
        LOG.warning(
            "storage went back from revision %d of policy to %d, as if a backup had been "
            "restored; all of policy is read anew",
            known,
            found,
        )
