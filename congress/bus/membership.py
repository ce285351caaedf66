"""Which nodes are alive, and what they said last.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariants: silence is measured on the monotonic clock; of one instance the
newest heartbeat counts; an instance that said goodbye, or that a later one of
the same node replaced, is not taken back while the other lives.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from congress.bus.messages import Heartbeat
from congress.interfaces.role import Epoch, Peer, Position
from congress.model.status import Health, State

#: How many instances that said goodbye are remembered.
REMEMBERED = 256

#: ("heard" or "left", the peer).
PeerEvent = tuple[str, Peer]


@dataclass(slots=True)
class _Member:
    peer: Peer
    started: float
    number: int
    heard_at: float


class Membership:
    """The peers of a node. Any thread may read; one tells what it hears.

    :param started: when this instance began, by the wall clock.
    """

    def __init__(self, node: str, instance: str, started: float) -> None:
        self._node = node
        self._instance = instance
        self.started = started
        self._lock = threading.Lock()
        self._members: dict[str, _Member] = {}
        self._departed: OrderedDict[str, None] = OrderedDict()
        self._looked_at: float | None = None
        #: When another instance was last heard under this node's id.
        self.double_heard_at: float | None = None
        #: Whether one of them began later, and so takes this one's place.
        self.replaced = False

    def peers(self) -> list[Peer]:
        """The peers alive, by node."""
        with self._lock:
            return [self._members[node].peer for node in sorted(self._members)]

    def get(self, node: str) -> Peer | None:
        """A peer, if it is alive."""
        with self._lock:
            member = self._members.get(node)
            return member.peer if member else None

    def hear(self, node: str, beat: Heartbeat, now: float) -> list[PeerEvent]:
        """A heartbeat arrived at ``now``; nothing if it is old news."""
        if node == self._node:
            if beat.instance != self._instance:
                self.double_heard_at = now
                later = (beat.started, beat.instance) > (self.started, self._instance)
                self.replaced = self.replaced or later
            return []
        with self._lock:
            if beat.instance in self._departed:
                return []
            events: list[PeerEvent] = []
            known = self._members.get(node)
            if known and known.peer.instance != beat.instance:
                if (beat.started, beat.instance) < (known.started, known.peer.instance):
                    return []
                events.append(("left", known.peer))
            elif known and beat.number <= known.number:
                return []
            peer = _peer(node, beat)
            self._members[node] = _Member(peer, beat.started, beat.number, now)
            return [*events, ("heard", peer)]

    def goodbye(self, node: str, instance: str) -> list[PeerEvent]:
        """An instance said that it leaves."""
        with self._lock:
            self._departed[instance] = None
            while len(self._departed) > REMEMBERED:
                self._departed.popitem(last=False)
            known = self._members.get(node)
            if known is None or known.peer.instance != instance:
                return []
            del self._members[node]
            return [("left", known.peer)]

    def expire(self, now: float, timeout: float, interval: float) -> list[PeerEvent]:
        """Peers that were silent for too long.

        Called every ``interval`` seconds. If the calls themselves come late, this
        node was held up and could not hear: that time does not count as silence.
        """
        with self._lock:
            late = now - (self._looked_at or now) - interval
            self._looked_at = now
            if late > interval:
                for member in self._members.values():
                    member.heard_at = min(now, member.heard_at + late)
            silent = [n for n, m in self._members.items() if now - m.heard_at > timeout]
            return [("left", self._members.pop(node).peer) for node in sorted(silent)]


def _peer(node: str, beat: Heartbeat) -> Peer:
    services = {
        name: Health(_state(state), message, since)
        for name, (state, message, since) in beat.services.items()
    }
    sources = {
        source: Position(Epoch(number, instance), seq)
        for source, (number, instance, seq) in beat.sources.items()
    }
    return Peer(node, beat.instance, services, sources, beat.info)


def _state(text: str) -> State:
    """A state; one that this version does not know is no good."""
    try:
        return State(text)
    except ValueError:
        return State.FAILED
