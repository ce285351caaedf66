"""Heartbeats: telling the others that this node is there, and hearing them.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariants: nothing but heartbeats and notices runs on the heart's loop, and it
calls nobody who may block; a fact or a service that fails to tell its state
does not stop the heart.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from congress.bus.counters import Counters
from congress.bus.interest import Interest
from congress.bus.membership import Membership, PeerEvent
from congress.bus.messages import (
    ForeignVersion,
    Goodbye,
    Heartbeat,
    Message,
    Notice,
    decode,
    encode,
)
from congress.bus.options import BusOptions
from congress.bus.versions import Negotiation, Versions
from congress.interfaces.bus import BusTransport, Channel
from congress.interfaces.role import Peer, Position
from congress.interfaces.runtime import Clock, Loop, Timer
from congress.model.status import Health

LOG = logging.getLogger(__name__)

#: A beat out of turn waits this long, so that several reasons make one beat.
SOON = 0.02
#: Every so many heartbeats one holds all that this node wants of others.
FULL_EVERY = 10
#: So many heartbeats after a change do so too.
FULL_AFTER_CHANGE = 3


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a heart tells of its node; all callables are quick."""

    services: Callable[[], Mapping[str, Health]]
    sources: Callable[[], Mapping[str, Position]]
    interest: Interest
    facts: Mapping[str, Callable[[], Any]]


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told what a heart hears, on its loop; none may block."""

    on_peer: Callable[[str, Peer], None]
    on_wants: Callable[[str, Heartbeat], None]
    on_notice: Callable[[str, str, Mapping[str, Any]], None]


class Heart:
    """Sends heartbeats and keeps the membership."""

    def __init__(
        self,
        transport: BusTransport,
        membership: Membership,
        identity: tuple[str, str],
        pulse: Pulse,
        ears: Ears,
        clock: Clock,
        options: BusOptions,
        counters: Counters,
        negotiation: Negotiation,
    ) -> None:
        self._transport = transport
        self._membership = membership
        self._node, self._instance = identity
        self._pulse = pulse
        self._ears = ears
        self._clock = clock
        self._options = options
        self._counters = counters
        self._negotiation = negotiation
        self._loop: Loop | None = None
        self._timers: list[Timer] = []
        self._number = 0
        self._wants_version = -1
        self._full_left = 0
        self._soon = False

    def start(self, loop: Loop) -> None:
        """Beat, and go on beating."""
        self._loop = loop
        loop.post(lambda: self._beat(hello=True))
        self._timers = [
            loop.every(self._options.heartbeat_interval, self._beat),
            loop.every(self._options.heartbeat_interval, self._expire),
        ]

    def stop(self) -> None:
        """Say goodbye. Called on the heart's loop."""
        for timer in self._timers:
            timer.cancel()
        self._loop = None
        self._broadcast(Goodbye(self._instance))

    def beat_soon(self) -> None:
        """Something changed that the others should know. Any thread."""
        loop = self._loop
        if loop is not None and not self._soon:
            self._soon = True
            loop.later(SOON, self._beat)

    def notify(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Tell all others something. Any thread."""
        self._broadcast(Notice(topic, dict(payload)))

    def own(self) -> Peer:
        """This node as the others see it. Any thread."""
        return Peer(
            self._node,
            self._instance,
            self._pulse.services(),
            self._pulse.sources(),
            self._facts(),
        )

    def hear(self, sender: str, payload: bytes, now: float) -> None:
        """A control message arrived at ``now``. Called on the heart's loop."""
        try:
            message = decode(payload, self._negotiation.own)
        except ForeignVersion:
            self._counters.count("messages.foreign_version")
        except ValueError:
            self._counters.count("messages.unreadable")
        else:
            self._take(sender, message, now)

    def _take(self, sender: str, message: Message, now: float) -> None:
        if isinstance(message, Heartbeat):
            if not self._negotiation.agree(sender, Versions(*message.speaks)):
                return
            events = self._membership.hear(sender, message, now)
            self._tell(events)
            if events:
                self._ears.on_wants(sender, message)
            if message.hello:
                self._full_left = max(1, self._full_left)
                self.beat_soon()
        elif isinstance(message, Goodbye):
            self._lose(self._membership.goodbye(sender, message.instance))
        elif isinstance(message, Notice):
            self._ears.on_notice(sender, message.topic, message.payload)
        else:
            self._counters.count("messages.misplaced")

    def _beat(self, hello: bool = False) -> None:
        self._soon = False
        if self._loop is None:
            return
        own = self.own()
        self._number += 1
        self._broadcast(self._heartbeat(own, hello))
        self._tell([("heard", own)])

    def _heartbeat(self, own: Peer, hello: bool) -> Heartbeat:
        version, wants = self._pulse.interest.local()
        if version != self._wants_version:
            self._wants_version = version
            self._full_left = FULL_AFTER_CHANGE
        full = hello or self._full_left > 0 or self._number % FULL_EVERY == 0
        self._full_left -= 1
        return Heartbeat(
            instance=self._instance,
            started=self._membership.started,
            number=self._number,
            services={n: (str(h.state), h.message, h.since) for n, h in own.services.items()},
            sources={s: (p.epoch.number, p.epoch.instance, p.seq) for s, p in own.sources.items()},
            wants=wants if full else None,
            wants_version=version,
            info=dict(own.info),
            hello=hello,
            speaks=(self._negotiation.own.oldest, self._negotiation.own.newest),
        )

    def _expire(self) -> None:
        interval = self._options.heartbeat_interval()
        timeout = self._options.peer_timeout()
        self._lose(self._membership.expire(self._clock.monotonic(), timeout, interval))

    def _lose(self, events: list[PeerEvent]) -> None:
        for _, peer in events:
            self._negotiation.forget(peer.node)
        self._tell(events)

    def _tell(self, events: list[PeerEvent]) -> None:
        for event, peer in events:
            self._ears.on_peer(event, peer)

    def _broadcast(self, message: Message) -> None:
        try:
            version = self._negotiation.broadcast_version()
            self._transport.broadcast(Channel.CONTROL, encode(message, version))
        except Exception:
            self._counters.count("messages.unsent")
            LOG.exception("a control message could not be sent")

    def _facts(self) -> dict[str, Any]:
        """The facts that can be told; one that cannot is left out."""
        facts = {}
        for name, fact in list(self._pulse.facts.items()):
            try:
                value = fact()
                encode(Notice(name, {"value": value}))
            except Exception:
                self._counters.count("facts.failed")
                LOG.exception("the fact %r cannot be told", name)
            else:
                facts[name] = value
        return facts
