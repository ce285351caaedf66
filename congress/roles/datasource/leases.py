"""Ownership of datasources: one node at a time, and it knows when it no longer is.

Imports the interfaces only.

Invariants: every ``Tenure`` has an owner's name of its own, so each life of a
datasource on whatever node has a greater epoch than the one before; a tenure
counts as lost by this node's clock no later than storage could give it away,
because it is timed from before the request that took or renewed it.
"""

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from congress.interfaces.runtime import Clock
from congress.interfaces.storage import (
    Fence,
    LeaseRecord,
    StorageBackend,
    StorageError,
    Transaction,
)

LOG = logging.getLogger(__name__)

PREFIX = "datasource/"

#: No two tenures of one process have one owner's name, whoever makes them.
_NUMBERS = itertools.count(1)


@dataclass(slots=True)
class Tenure:
    """One ownership. ``expires`` is monotonic; ``lost`` never turns back."""

    resource: str
    owner: str
    epoch: int
    expires: float
    clock: Clock
    lost: bool = False

    def held(self) -> bool:
        """Whether this node may act as the owner now."""
        return not self.lost and self.clock.monotonic() < self.expires

    @property
    def fence(self) -> Fence:
        """The promise under which the owner writes."""
        return Fence(self.resource, self.owner, self.epoch)


class Leases:
    """The leases that this node holds. Any thread."""

    def __init__(
        self,
        storage: StorageBackend,
        clock: Clock,
        ttl: Callable[[], float],
        node: str,
        instance: str,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._ttl = ttl
        self._node = node
        self._holder = f"{node}/{instance}"
        self._failing = False

    def supersede(self) -> None:
        """Take away what an earlier life of this node left unreleased.

        There is one node of a name, so whoever held a lease under it is gone; should
        it only have been cut off, its writes are fenced from now on.

        :raises StorageError: storage is away.
        """

        def work(tx: Transaction) -> int:
            mine = [r for r in tx.leases.list(PREFIX) if node_of(r.owner) == self._node]
            return sum(tx.leases.release(record.resource, record.owner) for record in mine)

        if taken := self._storage.run(work):
            LOG.info("%d leases of an earlier life of this node are taken over", taken)

    def acquire(self, names: Sequence[str]) -> dict[str, Tenure]:
        """Become the owner of those datasources that nobody owns, in one transaction.

        :raises StorageError: storage is away.
        """
        owners = {name: f"{self._holder}/{next(_NUMBERS)}" for name in names}
        began, ttl = self._clock.monotonic(), self._ttl()

        def work(tx: Transaction) -> dict[str, LeaseRecord | None]:
            return {
                name: tx.leases.acquire(PREFIX + name, owner, ttl) for name, owner in owners.items()
            }

        return {
            name: Tenure(PREFIX + name, owners[name], record.epoch, began + ttl, self._clock)
            for name, record in self._storage.run(work).items()
            if record is not None
        }

    def owners(self) -> Mapping[str, str]:
        """The node that owns each datasource that has an owner.

        :raises StorageError: storage is away.
        """
        records = self._storage.read(lambda tx: tx.leases.list(PREFIX))
        return {r.resource.removeprefix(PREFIX): node_of(r.owner) for r in records if r.owner}

    def renew(self, tenures: Sequence[Tenure]) -> list[Tenure]:
        """Renew all of them in one transaction; those that are lost."""
        if not tenures:
            return []
        began, ttl = self._clock.monotonic(), self._ttl()
        try:
            records = self._storage.run(
                lambda tx: [tx.leases.acquire(t.resource, t.owner, ttl) for t in tenures]
            )
        except StorageError as error:
            if not self._failing:
                LOG.warning("leases cannot be renewed: %s", error)
            self._failing = True
            return [tenure for tenure in tenures if not tenure.held()]
        self._failing = False
        return [
            tenure
            for tenure, record in zip(tenures, records, strict=True)
            if not _renewed(tenure, record, began + ttl)
        ]

    def release(self, tenure: Tenure) -> None:
        """Give it up, so that the next owner need not wait for it to expire."""
        tenure.lost = True
        try:
            self._storage.run(lambda tx: tx.leases.release(tenure.resource, tenure.owner))
        except StorageError as error:
            LOG.warning("the lease of %s was not given back: %s", tenure.resource, error)


def node_of(owner: str) -> str:
    """The node in an owner's name."""
    return owner.rsplit("/", 2)[0]


def _renewed(tenure: Tenure, record: LeaseRecord | None, expires: float) -> bool:
    """Take note of storage's answer: the same epoch means that nobody came between."""
    if record is None or record.epoch != tenure.epoch:
        return False
    tenure.expires = expires
    return True
