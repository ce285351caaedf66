"""Everything a node sends: numbered, put into the right lane, sealed.

May import this transport's wire and lanes and ``congress.interfaces``.

Invariant: heartbeats, calls and data have a lane each, so that none waits for another.
"""

import enum
import itertools
from collections.abc import Callable, Sequence

from congress.interfaces.bus import Channel
from congress.interfaces.runtime import Clock, Threads
from congress.plugins.bus.oslo.counts import Counts
from congress.plugins.bus.oslo.frame import (
    MAX_MESSAGE,
    VERSION,
    Address,
    Envelope,
    Identity,
    Kind,
    Piece,
    seal,
)
from congress.plugins.bus.oslo.lane import Lane, Means, Outgoing


class Way(enum.StrEnum):
    """The lanes."""

    CONTROL = "control"
    CALLS = "calls"
    DATA = "data"


#: The messages that may wait in each lane, and their bytes.
ROOM = {Way.CONTROL: (256, 16 << 20), Way.CALLS: (2048, 256 << 20), Way.DATA: (20_000, 256 << 20)}

#: Seconds after which a message that could not be sent is not worth sending.
LIFE = {Way.CONTROL: 3.0, Way.CALLS: 30.0, Way.DATA: 30.0}

_NEVER = float("inf")


class Outbox:
    """All methods but ``close`` may be called from any thread and do not block."""

    def __init__(
        self,
        identity: Identity,
        cast: Callable[[Address, str], None],
        threads: Threads,
        clock: Clock,
        counts: Counts,
        changed: Callable[[], None],
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._counts = counts
        self._told = changed
        self._numbers = itertools.count(1)
        probe = Address(Channel.CONTROL, identity.node)
        means = Means(cast, self._seal, probe, self._changed, counts.add)
        self._lanes = {
            way: Lane(threads.loop(f"oslo-{way}"), means, clock, *ROOM[way]) for way in Way
        }

    def number(self) -> int:
        """A number for a message."""
        return next(self._numbers)

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        """A message for all other nodes."""
        way = Way.CONTROL if channel is Channel.CONTROL else Way.DATA
        self._put(way, Address(channel), Kind.BROADCAST, payload)

    def send(self, node: str, instance: str, payload: bytes) -> None:
        """Data for one node."""
        self._put(Way.DATA, Address(Channel.DATA, node), Kind.SEND, payload, instance)

    def signs(self, channel: Channel) -> list[Outgoing]:
        """Signs for this node itself, for a broadcast and for its own queue; see ``ear``."""
        own = Address(channel, self._identity.node)
        return [
            Outgoing(Address(channel), _NEVER, Piece(Kind.MARKER, self.number())),
            Outgoing(own, _NEVER, Piece(Kind.SIGN, self.number()), self._identity.instance),
        ]

    def put(self, item: Outgoing) -> None:
        """Send a sign."""
        way = Way.CONTROL if item.address.channel is Channel.CONTROL else Way.DATA
        self._lanes[way].put(item)

    def probe(self) -> None:
        """Nothing, to see whether it can be sent."""
        address = Address(Channel.CONTROL, self._identity.node)
        expires = self._clock.monotonic() + LIFE[Way.CONTROL]
        self._lanes[Way.CONTROL].put(Outgoing(address, expires, text=self._seal("", ())))

    def request(
        self, number: int, node: str, instance: str, payload: bytes, deadline: float
    ) -> Outgoing | None:
        """A request; nothing if there is no room for it."""
        patience = deadline - self._clock.monotonic()
        piece = Piece(Kind.REQUEST, number, payload, patience=patience)
        item = Outgoing(Address(Channel.CONTROL, node), deadline, piece, instance)
        return item if self._lanes[Way.CALLS].put(item) else None

    def withdraw(self, item: Outgoing) -> bool:
        """Do not send a request; ``False`` if it may have been sent."""
        return self._lanes[Way.CALLS].withdraw(item)

    def answer(
        self, kind: Kind, to: tuple[str, str], about: int, payload: bytes, expires: float
    ) -> None:
        """An answer for a node's instance."""
        if len(payload) > MAX_MESSAGE:
            self._counts.add("too large")
            kind, payload = Kind.LOST, b""
        piece = Piece(kind, self.number(), payload, about=about)
        node, instance = to
        item = Outgoing(Address(Channel.CONTROL, node), expires, piece, instance)
        if not self._lanes[Way.CALLS].put(item):
            self._counts.add("no room")

    def put_back(self, channel: Channel, envelope: Envelope) -> None:
        """An envelope that was for another process of this node."""
        way = Way.CALLS if channel is Channel.CONTROL else Way.DATA
        expires = self._clock.monotonic() + LIFE[way]
        address = Address(channel, self._identity.node)
        self._lanes[way].put(Outgoing(address, expires, text=seal(envelope)))

    def away_for(self) -> float:
        """Seconds for which the broker has been away, as far as calls are concerned."""
        return max(self._lanes[way].away_for() for way in (Way.CONTROL, Way.CALLS))

    def is_away(self) -> bool:
        """Whether a lane could not send last time."""
        return any(lane.is_away() for lane in self._lanes.values())

    def close(self, drain: float) -> None:
        """Send what waits, for so many seconds at most in all."""
        deadline = self._clock.monotonic() + drain
        for lane in self._lanes.values():
            lane.close(max(0.0, deadline - self._clock.monotonic()))

    def _changed(self) -> None:
        """A lane found the broker away, or there again."""
        if self.is_away():
            for lane in self._lanes.values():
                lane.doubt()
        self._told()

    def _put(self, way: Way, address: Address, kind: Kind, payload: bytes, to: str = "") -> None:
        if len(payload) > MAX_MESSAGE:
            self._counts.add("too large")
            return
        expires = self._clock.monotonic() + LIFE[way]
        piece = Piece(kind, self.number(), bytes(payload))
        if not self._lanes[way].put(Outgoing(address, expires, piece, to)):
            self._counts.add("no room")

    def _seal(self, to: str, pieces: Sequence[Piece]) -> str:
        bus, node, instance = self._identity.bus, self._identity.node, self._identity.instance
        return seal(Envelope(VERSION, bus, node, instance, to, 0, pieces))
