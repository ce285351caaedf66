"""Who could lead: what the strategy is told of the policy engines around.

Imports the interfaces and the model only. Used on the action loop, but for
``Sightings``, which all datasources of a node share.

Invariant: a strategy that raises leads to no leader for the moment, never to an
action; it is told of each heartbeat with the time at which it was heard.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from congress.interfaces.leader import (
    Heard,
    LeaderEvent,
    Leadership,
    LeaderStrategy,
    Left,
    Requested,
    Unhealthy,
)
from congress.interfaces.role import Peer
from congress.interfaces.runtime import Clock
from congress.model.status import Health, State
from congress.roles.datasource.copies import SERVICE

LOG = logging.getLogger(__name__)

_ABSENT = Health(State.FAILED, "it runs no policy engine")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A node's last heartbeat: the state of its policy engine, and when (monotonic)."""

    node: str
    instance: str
    engine: Health | None
    at: float


class Sightings:
    """The nodes with a policy engine, as the bus sees them. Any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, Sighting] = {}

    def hear(self, event: str, peer: Peer) -> bool:
        """Take note of a peer; whether the set of engines changed or one fell ill."""
        engine = peer.services.get(SERVICE)
        with self._lock:
            old = self._seen.get(peer.node)
            if event == "left":
                if old is None or old.instance != peer.instance:
                    return False
                del self._seen[peer.node]
                return True
            if engine is None and old is None:
                return False
            new = Sighting(peer.node, peer.instance, engine, self._clock.monotonic())
            self._seen[peer.node] = new
        return old is None or (old.instance, old.engine and old.engine.state) != (
            new.instance,
            new.engine and new.engine.state,
        )

    def all(self) -> Mapping[str, Sighting]:
        """The nodes seen lately, by name."""
        with self._lock:
            return dict(self._seen)


def _well(engine: Health | None) -> bool:
    """Whether an engine can lead: one that lacks something still computes actions."""
    return engine is not None and engine.state in (State.OK, State.DEGRADED)


class Electorate:
    """One datasource's strategy, and what it has been told."""

    def __init__(self, datasource: str, strategy: LeaderStrategy) -> None:
        self._datasource = datasource
        self._strategy = strategy
        self._told: dict[str, Sighting] = {}
        self._last: dict[str, float] = {}
        self._broken = False

    def look(self, seen: Mapping[str, Sighting], now: float) -> tuple[set[str], set[str]]:
        """Tell the strategy what is new; the nodes that went and those that came.

        A node that came back as another instance is in both.
        """
        gone: set[str] = set()
        come: set[str] = set()
        for node, old in list(self._told.items()):
            new = seen.get(node)
            if new is None or new.instance != old.instance:
                del self._told[node]
                self._last.pop(node, None)
                gone.add(node)
                self._observe(Left(node, old.instance), now)
        for node, new in sorted(seen.items(), key=lambda item: (item[1].at, item[0])):
            known = self._told.get(node)
            if known is None:
                come.add(node)
            if known is None or known.at != new.at or known.engine != new.engine:
                self._told[node] = new
                self._tell(new)
        return gone, come

    def requested(self, node: str, now: float) -> None:
        """A complete set of desired actions arrived from a node; one that is not well
        does not stand for it."""
        told = self._told.get(node)
        if told is not None and _well(told.engine):
            self._heard(node, now)
            self._observe(Requested(node, told.instance), now)

    def last_heard(self, node: str) -> float:
        """When anything last came from a node that is there."""
        return self._last.get(node, 0.0)

    def leader(self, now: float) -> Leadership | None:
        """Whom to obey."""
        try:
            return self._strategy.leader(now)
        except Exception as error:
            self._complain(error)
            return None

    def _tell(self, sighting: Sighting) -> None:
        self._heard(sighting.node, sighting.at)
        event: LeaderEvent
        if _well(sighting.engine):
            event = Heard(sighting.node, sighting.instance)
        else:
            event = Unhealthy(sighting.node, sighting.instance, sighting.engine or _ABSENT)
        self._observe(event, sighting.at)

    def _heard(self, node: str, at: float) -> None:
        self._last[node] = max(at, self._last.get(node, 0.0))

    def _observe(self, event: LeaderEvent, now: float) -> None:
        try:
            self._strategy.observe(event, now)
        except Exception as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if not self._broken:
            self._broken = True
            name = self._datasource
            LOG.error("the leader strategy of datasource %s fails", name, exc_info=error)
