"""What arrives: sorted, put together, and handed on.

May import this transport's wire and ``congress.interfaces``.

Queues of a node outlive its process, and two processes that have the same node id by
mistake share them. Hence two rules. A broadcast counts only once this process has
heard its own marker, which is behind everything older. An envelope that is for
another instance, or comes from this one, goes back into the queue a few times, so
that the other process gets it if there is one.

Invariant: nothing here blocks, but handlers of data may.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from congress.interfaces.bus import Channel, OnMessage
from congress.interfaces.runtime import Clock, Loop
from congress.plugins.bus.oslo.assembly import Assembly
from congress.plugins.bus.oslo.counts import Counts
from congress.plugins.bus.oslo.frame import Envelope, Identity, Kind, Piece, unseal

LOG = logging.getLogger(__name__)

#: How often an envelope is put back for another process.
HOPS = 4
#: Seconds of listening after which broadcasts count though the marker was not heard.
MARKER_PATIENCE = 10.0

_TO_ALL = {Kind.BROADCAST, Kind.MARKER}
_SIGNS = {Kind.MARKER, Kind.SIGN}
#: What comes back to its sender in the normal course of things.
_ECHOES = _TO_ALL | _SIGNS


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent something."""

    node: str
    instance: str


@dataclass(frozen=True, slots=True)
class Receivers:
    """Where things go. None but ``message`` may block."""

    message: OnMessage
    #: (sender, request, its payload).
    request: Callable[[Sender, Piece, bytes], None]
    #: (answer of any kind, its payload).
    answer: Callable[[Piece, bytes], None]
    #: Puts an envelope back: (channel, envelope).
    back: Callable[[Channel, Envelope], None]
    #: Nobody but this process takes this node's requests: (request).
    alone: Callable[[Piece], None]
    #: A sign of this process's own came back: (channel, its number).
    echo: Callable[[Channel, int], None]
    #: Broadcasts count from now on.
    fresh: Callable[[], None]


class Reception:
    """``take`` may be called from several threads; ``loops`` do the work, in order."""

    def __init__(
        self,
        identity: Identity,
        receivers: Receivers,
        loops: Mapping[Channel, Loop],
        clock: Clock,
        counts: Counts,
    ) -> None:
        self._bus, self.instance = identity.bus, identity.instance
        self._receivers = receivers
        self._loops = loops
        self._clock = clock
        self._counts = counts
        self._assemblies = {channel: Assembly(clock) for channel in Channel}
        self._fresh_from: dict[Channel, float] = {}
        self._fresh: set[Channel] = set()
        self._instances: dict[str, str] = {}

    def listening(self, channel: Channel) -> None:
        """The broker delivers from now on."""
        self._fresh_from.setdefault(channel, self._clock.monotonic() + MARKER_PATIENCE)

    def is_ready(self) -> bool:
        """Whether everything is heard that is sent."""
        return all(self._is_fresh(channel) for channel in Channel)

    def instance_of(self, node: str) -> str:
        """The instance that a node is, as far as is known."""
        return self._instances.get(node, "")

    def take(self, channel: Channel, text: object) -> None:
        """An envelope arrived."""
        try:
            envelope = unseal(text)
        except ValueError:
            self._counts.add("unreadable")
            return
        if envelope.bus != self._bus:
            self._counts.add("of another bus")
            return
        own = envelope.instance == self.instance
        kinds = {piece.kind for piece in envelope.pieces}
        if own:
            self._note_signs(channel, envelope.pieces)
        if kinds and not (own and kinds <= _ECHOES):
            self._loops[channel].post(lambda: self._take(channel, envelope))

    def _note_signs(self, channel: Channel, pieces: Sequence[Piece]) -> None:
        """Signs are noted at once, however busy the handlers are."""
        for piece in pieces:
            if piece.kind in _SIGNS:
                self._receivers.echo(channel, piece.number)
            if piece.kind is Kind.MARKER and channel not in self._fresh:
                self._loops[channel].post(lambda: self._freshen(channel))

    def _freshen(self, channel: Channel) -> None:
        """Everything older than the marker is dealt with."""
        self._fresh.add(channel)
        self._receivers.fresh()

    def _take(self, channel: Channel, envelope: Envelope) -> None:
        if envelope.pieces[0].kind in _TO_ALL:
            self._take_broadcast(channel, envelope)
        else:
            self._take_addressed(channel, envelope)

    def _take_broadcast(self, channel: Channel, envelope: Envelope) -> None:
        if self._is_fresh(channel):
            self._instances[envelope.node] = envelope.instance
            self._open(channel, envelope)

    def _take_addressed(self, channel: Channel, envelope: Envelope) -> None:
        if envelope.instance != self.instance and envelope.to in ("", self.instance):
            if envelope.to:
                self._instances[envelope.node] = envelope.instance
            self._open(channel, envelope)
        elif envelope.hops < HOPS:
            self._receivers.back(channel, replace(envelope, hops=envelope.hops + 1))
        elif envelope.instance == self.instance:
            for piece in envelope.pieces:
                self._receivers.alone(piece)
        else:
            self._counts.add("for another instance", len(envelope.pieces))

    def _is_fresh(self, channel: Channel) -> bool:
        if channel in self._fresh:
            return True
        since = self._fresh_from.get(channel)
        return since is not None and self._clock.monotonic() >= since

    def _open(self, channel: Channel, envelope: Envelope) -> None:
        sender = Sender(envelope.node, envelope.instance)
        for piece in envelope.pieces:
            try:
                payload = self._assemblies[channel].add(envelope.instance, piece)
            except ValueError:
                self._counts.add("damaged")
                continue
            if payload is not None:
                self._hand_on(channel, sender, piece, payload)

    def _hand_on(self, channel: Channel, sender: Sender, piece: Piece, payload: bytes) -> None:
        try:
            if piece.kind in (Kind.BROADCAST, Kind.SEND):
                self._receivers.message(channel, sender.node, payload)
            elif piece.kind is Kind.REQUEST:
                self._receivers.request(sender, piece, payload)
            elif piece.kind not in _SIGNS:
                self._receivers.answer(piece, payload)
        except Exception:
            LOG.exception("a message on %s could not be handled", channel)
