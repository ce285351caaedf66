"""The actions of one datasource: whom it obeys, its ledger, and what runs.

Imports the interfaces and the model only. The parts are made here and live on the
datasource's action loop; the driver is reached through the ``Caller`` alone.

Invariant: nobody is followed before the ledger has been taken over.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from congress.interfaces.leader import LeaderContext, LeaderStrategy, LeaseTerms
from congress.interfaces.role import Bus, Plugins
from congress.interfaces.runtime import Clock, Loop
from congress.interfaces.storage import LedgerEntry, StorageBackend, StorageError
from congress.roles.datasource.caller import Caller
from congress.roles.datasource.copies import Edge
from congress.roles.datasource.decisions import decide
from congress.roles.datasource.electorate import Electorate, Sightings
from congress.roles.datasource.executor import Executor, Guards
from congress.roles.datasource.follower import Follower
from congress.roles.datasource.leases import Tenure
from congress.roles.datasource.ledger import Ledger
from congress.roles.datasource.settings import Settings

LOG = logging.getLogger(__name__)

RETRY = 1.0


class Enforcement:
    """What carries out the actions of one datasource in one tenure."""

    def __init__(
        self,
        datasource: str,
        bus: Bus,
        storage: StorageBackend,
        plugins: Plugins,
        clock: Clock,
        settings: Settings,
        sightings: Sightings,
        tenure: Tenure,
        loop: Loop,
        caller: Caller,
        acted: Callable[[], None],
    ) -> None:
        self._datasource = datasource
        self._storage = storage
        self._clock = clock
        self._settings = settings
        self._tenure = tenure
        self._loop = loop
        self._closed = False
        self._failed = False
        self._ledger = Ledger(datasource, storage, tenure, clock)
        context = LeaderContext(
            clock=clock,
            own_node=bus.node,
            datasource=datasource,
            timeout=lambda: settings.leader_timeout,
            leases=LeaseTerms(self._acquire, self._release, self._holder),
        )
        strategy: LeaderStrategy = plugins.make("leader", settings.leader_strategy, context)
        electorate = Electorate(datasource, strategy)
        self._follower = Follower(
            datasource, bus, loop, clock, settings, electorate, sightings, self._take
        )
        follower = self._follower
        guards = Guards(follower.confirmed, follower.following, follower.held)
        self.executor = Executor(
            datasource, settings, clock, loop, self._ledger, tenure, caller, guards, acted
        )

    def start(self) -> None:
        """Begin; returns at once. Any thread."""
        self._loop.post(self._begin)

    def close(self) -> None:
        """Follow and claim no more; returns at once. Any thread."""
        self._closed = True
        self._loop.post(self._follower.close)

    def look(self) -> None:
        """See at once which engines came or went. Any thread."""
        self._loop.post(self._follower.look)

    def run_manual(self, entry: LedgerEntry) -> LedgerEntry:
        """Run a recorded call and wait for its end, or for the time-out. Any thread."""
        try:
            timeout = self._settings.action_timeout
            return self._loop.call(lambda: self.executor.run_manual(entry), timeout)
        except TimeoutError:
            # It may or may not be in the queue; running it once more is no more than once.
            self.run_manual_later(entry)
            return self._ledger.get(entry.key) or entry

    def run_manual_later(self, entry: LedgerEntry) -> None:
        """Run a recorded call soon. Any thread."""
        self._loop.post(lambda: self.executor.run_manual(entry))

    def decide(self, key: str, generation: int, decision: str, **who: str) -> LedgerEntry:
        """Carry out what a person decided about an activation. Any thread.

        :raises Refused: it does not apply.
        :raises StorageError: nothing was changed.
        """
        entry = decide(self._ledger, key, generation, decision, **who)
        self.executor.reconsider(key)
        return entry

    def detail(self) -> Mapping[str, Any]:
        """The typed part of the status that is about actions. Any thread."""
        leader = self._follower.leadership()
        told: dict[str, Any] | None = None
        if leader is not None:
            ago = self._clock.monotonic() - leader.since
            told = {
                "node": leader.node,
                "instance": leader.instance,
                "epoch": leader.epoch,
                "since": self._clock.time() - ago,
            }
        return {
            "leader": told,
            "engines": dict(self._follower.copies()),
            "actions": dict(self._ledger.counts()),
        }

    def _begin(self) -> None:
        """Take the ledger over, now or as soon as storage lets this owner write."""
        if self._closed:
            return
        try:
            entries = self._ledger.load()
        except StorageError as error:
            if not self._failed:
                LOG.warning("the ledger of %s cannot be read: %s", self._datasource, error)
            self._failed = True
            self._loop.later(RETRY, self._begin)
            return
        self.executor.begin(entries)
        self._follower.begin(entries, self._ledger.basis)

    def _take(self, edges: Sequence[Edge]) -> None:
        self.executor.take(edges)

    def _acquire(self, resource: str, holder: str, ttl: float) -> int | None:
        lease = self._storage.run(
            lambda tx: tx.leases.acquire(resource, holder, ttl), fence=self._tenure.fence
        )
        return lease.epoch if lease else None

    def _holder(self, resource: str) -> str:
        lease = self._storage.read(lambda tx: tx.leases.get(resource))
        return lease.owner if lease else ""

    def _release(self, resource: str, holder: str) -> bool:
        return self._storage.run(
            lambda tx: tx.leases.release(resource, holder), fence=self._tenure.fence
        )
