"""The sources of this node, and how their publications and snapshots get to others.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariant: a peer is counted among those who want a source before a snapshot for
it is taken, so every publication after that snapshot is sent to it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from congress.bus.counters import Counters
from congress.bus.interest import Interest
from congress.bus.messages import Message, SyncMore, SyncRefused, SyncRequest, encode
from congress.bus.publication import Publication, to_wire
from congress.bus.publisher import SourcePublisher
from congress.bus.sync import Supplier
from congress.bus.versions import Negotiation
from congress.interfaces.bus import BusTransport, Channel
from congress.interfaces.role import Peer, Position

#: A publication with more rows than fit so many pieces is fetched by those who want it.
PIECES_PER_PUBLICATION = 4

OnWanted = Callable[[frozenset[str]], None]


@dataclass(slots=True)
class _Sender:
    publisher: SourcePublisher
    on_wanted: OnWanted | None
    told: frozenset[str] = frozenset()


class Outgoing:
    """``peers`` tells the live peers, ``later`` runs a callback where it may block."""

    def __init__(
        self,
        transport: BusTransport,
        interest: Interest,
        piece_bytes: Callable[[], int],
        now: Callable[[], float],
        counters: Counters,
        negotiation: Negotiation,
        *,
        peers: Callable[[], Sequence[Peer]],
        later: Callable[[Callable[[], object]], None],
    ) -> None:
        self._transport = transport
        self._interest = interest
        self._piece_bytes = piece_bytes
        self._counters = counters
        self._negotiation = negotiation
        self._peers = peers
        self._later = later
        self._senders: dict[str, _Sender] = {}
        self._supplier = Supplier(piece_bytes, now)
        self._strangers: set[str] = set()

    # Any thread

    def add(self, publisher: SourcePublisher, on_wanted: OnWanted | None) -> None:
        """Publish a source. :raises ValueError: it is published already."""
        if publisher.source in self._senders:
            raise ValueError(f"source {publisher.source!r} is published already")
        self._senders[publisher.source] = _Sender(publisher, on_wanted)

    def remove(self, publisher: SourcePublisher) -> None:
        """Publish it no more."""
        own = self._senders.get(publisher.source)
        if own is not None and own.publisher is publisher:
            del self._senders[publisher.source]

    def get(self, source: str) -> SourcePublisher | None:
        """The publisher of a source, if it is here."""
        own = self._senders.get(source)
        return own.publisher if own else None

    def positions(self) -> dict[str, Position]:
        """The position of every source."""
        return {name: s.publisher.position for name, s in list(self._senders.items())}

    def stats(self) -> dict[str, Any]:
        """For status."""
        return {
            name: {
                "epoch": sender.publisher.position.epoch.number,
                "seq": sender.publisher.position.seq,
                "rows": sender.publisher.counts(),
                "wanted": sorted(sender.publisher.wanted()),
                "subscribers": self._interest.elsewhere(name)[0],
            }
            for name, sender in list(self._senders.items())
        }

    # On the data loop

    def distribute(self, publication: Publication) -> None:
        """Send a publication to the peers that want something of its source."""
        nodes, tables = self._interest.elsewhere(publication.source)
        if not nodes:
            return
        most = self._piece_bytes() * PIECES_PER_PUBLICATION
        message = to_wire(publication, tables, most)
        groups = self._negotiation.groups(nodes)
        for version, group in groups.items():
            payload = encode(message, version)
            if len(groups) == 1 and len(group) > 2 and 2 * len(group) > len(self._peers()):
                self._transport.broadcast(Channel.DATA, payload)
            else:
                for node in group:
                    self._transport.send(node, payload)

    def supply(self, sender: str, request: SyncRequest) -> None:
        """Answer a request for tables."""
        publisher = self.get(request.source)
        if publisher is None:
            self.send(sender, SyncRefused(request.source, request.token))
            return
        self._counters.count("snapshots.served")
        self._interest.hear_one(
            sender, request.instance, request.wants_version, request.source, request.wants
        )
        publisher.keep_digests(True)
        self.send(sender, self._supplier.begin(sender, request, publisher))

    def supply_more(self, sender: str, request: SyncMore) -> None:
        """Answer a request for a further piece."""
        self.send(sender, self._supplier.more(sender, request))

    def tell_wanted(self, sources: Iterable[str]) -> None:
        """Tell publishers what is wanted of them, if that changed."""
        for source in sources:
            own = self._senders.get(source)
            if own is None:
                continue
            own.publisher.keep_digests(bool(self._interest.elsewhere(source)[0]))
            wanted = self._interest.of(source)
            if wanted != own.told:
                own.told = wanted
                if (tell := own.on_wanted) is not None:
                    self._later(lambda tell=tell, wanted=wanted: tell(wanted))  # type: ignore[misc]

    def forget_strangers(self) -> None:
        """Forget the wishes of nodes that asked, but were not heard for a while."""
        known = {peer.node for peer in self._peers()}
        strangers = {node for node in self._interest.nodes() if node not in known}
        for node in sorted(strangers & self._strangers):
            self._interest.forget(node)
        self._strangers = strangers - self._strangers

    def send(self, node: str, message: Message) -> None:
        """Send a data message."""
        self._transport.send(node, encode(message, self._negotiation.version(node)))
