"""The leader strategy ``lease``: the choice is a lease in the database, with its epoch.

May import ``congress.interfaces``, ``congress.model`` and its own folder.

Of the engines that have published their complete actions, the one on the own node is
chosen first, else the first one heard; it keeps the office as long as it is heard. Who
runs the data source next chooses the same one if it is there, and goes on with the epochs.

Invariant: an engine leads only while the lease names it, by this node's clock no
longer than the database could go on naming it. The lease runs out when the leader
may be silent no longer, so an abandoned choice delays the next one by no more.
"""

import contextlib

from congress.interfaces.leader import (
    LeaderContext,
    LeaderEvent,
    Leadership,
    LeaderStrategy,
)
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.interfaces.storage import StorageError
from congress.model.diagnostic import refuse
from congress.plugins.leader.electorate import Electorate, Engine

#: The database is asked so many times within the length of a lease.
TRIES = 3


class LeaseStrategy(LeaderStrategy):
    """One choice for a data source, whichever node runs it."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "lease",
            "As auto at an election; the choice is kept in the database and outlives the node.",
            features={"leases": True},
        )

    def __init__(self, config: dict[str, OptionValue], ctx: LeaderContext) -> None:
        super().__init__(config, ctx)
        if ctx.leases is None:
            raise refuse("unsupported", "the leader strategy lease needs leases of the storage")
        self._leases = ctx.leases
        self._resource = f"leader/{ctx.datasource}"
        self._electorate = Electorate()
        self._leader: Leadership | None = None
        self._until = 0.0
        self._asked: list[tuple[str, bool]] = []
        self._next = 0.0

    def observe(self, event: LeaderEvent, now: float) -> None:
        self._electorate.observe(event, now)

    def leader(self, now: float) -> Leadership | None:
        timeout = self.ctx.timeout()
        standing = self._electorate.standing(now, timeout)
        incumbent = self._electorate.incumbent(standing)
        if self._leader is not None and incumbent is None:
            self._give_back(self._leader, now)
        candidates = [incumbent] if incumbent else standing
        asked = [(_holder(one), one.complete) for one in candidates]
        if asked != self._asked or now >= self._next:
            self._asked, self._next = asked, now + timeout / TRIES
            self._ask(incumbent, standing, now)
        elif now >= self._until:
            self._leader = self._electorate.install(None, now)
        return self._leader

    def _ask(self, incumbent: Engine | None, standing: list[Engine], now: float) -> None:
        """Renew the lease, or take it for the first one that can have it."""
        ttl = self.ctx.timeout()
        try:
            for engine in [incumbent] if incumbent else self._by_preference(standing):
                epoch = self._leases.acquire(self._resource, _holder(engine), ttl)
                if epoch is not None:
                    self._until = now + ttl
                    self._leader = self._electorate.install(engine, now, epoch)
                    return
        except StorageError:
            if now < self._until:
                return
        self._leader = self._electorate.install(None, now)

    def _by_preference(self, standing: list[Engine]) -> list[Engine]:
        """Those whose actions are complete; the one that the lease names, or named last,
        was chosen for that."""
        last = self._leases.holder(self._resource) if standing else ""
        for engine in standing:
            engine.complete = engine.complete or _holder(engine) == last
        return sorted(
            (one for one in standing if one.complete),
            key=lambda one: (_holder(one) != last, one.node != self.ctx.own_node),
        )

    def _give_back(self, leader: Leadership, now: float) -> None:
        """Let another one have the lease; should that fail, it runs out by itself."""
        with contextlib.suppress(StorageError):
            self._leases.release(self._resource, _holder(leader))
        self._leader = self._electorate.install(None, now)
        self._until = 0.0


def _holder(engine: Engine | Leadership) -> str:
    return f"{engine.node}/{engine.instance}"
