"""Table data between sources and subscriptions, on this node and between nodes.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariant: feeds, claims and transfers are touched on the data loop only, so they
need no lock; whoever publishes, subscribes or hears posts there.
"""

import itertools
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from congress.bus.claims import Claims
from congress.bus.counters import Counters
from congress.bus.feed import Provider
from congress.bus.interest import Interest
from congress.bus.messages import (
    ForeignVersion,
    Heartbeat,
    Message,
    SyncMore,
    SyncPart,
    SyncRefused,
    SyncRequest,
    WirePublication,
    decode,
    encode,
)
from congress.bus.options import BusOptions
from congress.bus.publication import Publication, from_wire, to_wire
from congress.bus.publisher import SourcePublisher
from congress.bus.subscription import Means, SourceSubscription
from congress.bus.sync import Ask, Supplier, answer_locally
from congress.interfaces.bus import BusTransport, Channel
from congress.interfaces.role import Arrival, Epoch, Peer, Position
from congress.interfaces.runtime import Clock, Loop, Pool
from congress.model.schema import Schema

#: A publication with more rows than fit so many pieces is fetched by those who want it.
PIECES_PER_PUBLICATION = 4

OnWanted = Callable[[frozenset[str]], None]


@dataclass(slots=True)
class _Sender:
    publisher: SourcePublisher
    on_wanted: OnWanted | None
    told: frozenset[str] = frozenset()


class Exchange:
    """``peers`` tells the live peers, ``later`` runs a callback where it may block,
    ``changed`` is told that heartbeats should tell something new."""

    def __init__(
        self,
        transport: BusTransport,
        identity: tuple[str, str],
        clock: Clock,
        options: BusOptions,
        counters: Counters,
        rng: random.Random,
        *,
        peers: Callable[[], Sequence[Peer]],
        later: Callable[[Callable[[], object]], None],
        changed: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._node, self._instance = identity
        self._clock = clock
        self._options = options
        self._counters = counters
        self._peers = peers
        self._later = later
        self._changed = changed
        self._loop: Loop | None = None
        self._pool: Pool | None = None
        self._numbers = itertools.count(1)
        self._senders: dict[str, _Sender] = {}
        self._subscriptions: dict[str, SourceSubscription] = {}
        self._claims = Claims()
        self._supplier = Supplier(options.message_bytes, clock.monotonic)
        self._strangers: set[str] = set()
        self.interest = Interest(self._on_interest)
        self._means = Means(
            clock=clock,
            options=options,
            counters=counters,
            rng=rng,
            post=self._post,
            submit=self._submit,
            ask=self._ask,
            ask_more=lambda node, more: self._send(node, more),
            changed=self._on_subscription,
        )

    # Any thread

    def start(self, loop: Loop, pool: Pool) -> None:
        """Begin; what was published and subscribed before takes effect."""
        self._loop, self._pool = loop, pool
        for source in list(self._senders):
            loop.post(lambda source=source: self._own_source(source))  # type: ignore[misc]
        for subscription in list(self._subscriptions.values()):
            self._refresh(subscription)
        loop.every(lambda: self._options.heartbeat_interval() / 2, self._tick)
        loop.every(self._options.peer_timeout, self._forget_strangers)

    def stop(self) -> None:
        """Hand nothing more to subscribers."""
        for subscription in list(self._subscriptions.values()):
            subscription.inbox.close()

    def publisher(
        self,
        source: str,
        epoch: Epoch,
        schema: Callable[[], Schema] | None,
        on_wanted: OnWanted | None,
    ) -> SourcePublisher:
        """See ``interfaces.role.Bus.publisher``. :raises ValueError: the source has one."""
        if source in self._senders:
            raise ValueError(f"source {source!r} is published already")
        publisher = SourcePublisher(
            source,
            epoch,
            send=lambda publication: self._post(lambda: self._distribute(publication)),
            wanted=lambda: self.interest.of(source),
            now=self._clock.time,
            on_close=self._on_publisher_closed,
            schema=schema,
        )
        self._senders[source] = _Sender(publisher, on_wanted)
        self._post(lambda: self._own_source(source))
        self._changed()
        return publisher

    def subscribe(
        self,
        source: str,
        tables: Iterable[str],
        on_arrival: Callable[[Arrival], None],
        on_state: Callable[[str, str], None] | None,
    ) -> SourceSubscription:
        """See ``interfaces.role.Bus.subscribe``."""
        number = next(self._numbers)
        name = f"{self._instance}/{number}"
        handlers = (on_arrival, on_state)
        subscription = SourceSubscription(number, name, source, tables, handlers, self._means)
        self._subscriptions[name] = subscription
        self._on_subscription(subscription)
        return subscription

    def sources(self) -> dict[str, Position]:
        """The position of every source published here."""
        return {name: s.publisher.position for name, s in list(self._senders.items())}

    def schema(self, source: str) -> Schema | None:
        """The schema of a source published here. :raises KeyError: it is not."""
        make = self._senders[source].publisher.schema
        return make() if make else None

    def publishes(self, source: str) -> bool:
        """Whether a source is published here."""
        return source in self._senders

    def stats(self) -> dict[str, Any]:
        """For status."""
        subscriptions = [s.stats() for s in list(self._subscriptions.values())]
        publishers = {
            name: {
                "epoch": sender.publisher.position.epoch.number,
                "seq": sender.publisher.position.seq,
                "rows": sender.publisher.counts(),
                "wanted": sorted(sender.publisher.wanted()),
                "subscribers": self.interest.elsewhere(name)[0],
            }
            for name, sender in list(self._senders.items())
        }
        return {"subscriptions": subscriptions, "publishers": publishers}

    # What the node hears; any thread

    def on_payload(self, sender: str, payload: bytes) -> None:
        """A data message arrived."""
        self._post(lambda: self._hear(sender, payload))

    def on_peer(self, event: str, peer: Peer) -> None:
        """A peer was heard or left."""
        if peer.node != self._node:
            self._post(lambda: self._claim(event, peer))

    def on_wants(self, node: str, beat: Heartbeat) -> None:
        """A heartbeat told what a peer wants."""
        wants = beat.wants
        if wants is not None:
            version = beat.wants_version
            self._post(lambda: self.interest.hear(node, beat.instance, version, wants))

    # On the data loop

    def _hear(self, sender: str, payload: bytes) -> None:
        try:
            self._take(sender, decode(payload))
        except ForeignVersion:
            self._counters.count("messages.foreign_version")
        except ValueError:
            self._counters.count("messages.unreadable")

    def _take(self, sender: str, message: Message) -> None:
        if isinstance(message, WirePublication):
            if subscriptions := self._of(message.source):
                self._deliver(from_wire(message), subscriptions)
        elif isinstance(message, SyncRequest):
            self._supply(sender, message)
        elif isinstance(message, SyncMore):
            self._send(sender, self._supplier.more(sender, message))
        elif isinstance(message, SyncPart | SyncRefused):
            self._receive(message)
        else:
            self._counters.count("messages.misplaced")

    def _of(self, source: str) -> list[SourceSubscription]:
        return [s for s in self._subscriptions.values() if s.source == source and not s.closed]

    def _deliver(
        self, publication: Publication, subscriptions: Sequence[SourceSubscription]
    ) -> None:
        now = self._clock.monotonic()
        for subscription in subscriptions:
            subscription.feed.hear(publication, now)

    def _distribute(self, publication: Publication) -> None:
        """Pass a publication of this node to whoever wants it."""
        source = publication.source
        self._counters.count("publications")
        self._deliver(publication, self._of(source))
        nodes, tables = self.interest.elsewhere(source)
        if not nodes:
            return
        most = self._options.message_bytes() * PIECES_PER_PUBLICATION
        payload = encode(to_wire(publication, tables, most))
        if len(nodes) > 2 and 2 * len(nodes) > len(self._peers()):
            self._transport.broadcast(Channel.DATA, payload)
        else:
            for node in nodes:
                self._transport.send(node, payload)

    def _supply(self, sender: str, request: SyncRequest) -> None:
        own = self._senders.get(request.source)
        if own is None:
            self._send(sender, SyncRefused(request.source, request.token))
            return
        self._counters.count("snapshots.served")
        self.interest.hear_one(
            sender, request.instance, request.wants_version, request.source, request.wants
        )
        own.publisher.keep_digests(True)
        self._send(sender, self._supplier.begin(sender, request, own.publisher))

    def _receive(self, message: SyncPart | SyncRefused) -> None:
        subscription = self._subscriptions.get(message.token.rpartition(".")[0])
        if subscription is None or subscription.closed:
            return
        if isinstance(message, SyncPart):
            subscription.take(message)
        else:
            subscription.collector.refused(message.token)

    def _ask(self, subscription: SourceSubscription, provider: Provider, ask: Ask) -> None:
        if provider.node == self._node:
            own = self._senders.get(ask.source)
            if own is not None:
                answer = answer_locally(own.publisher, ask)
                self._post(lambda: subscription.feed.answered(answer, self._clock.monotonic()))
            return
        version, wants = self.interest.local_of(ask.source)
        epoch = (ask.epoch.number, ask.epoch.instance) if ask.epoch else None
        request = SyncRequest(
            source=ask.source,
            token=ask.token,
            instance=self._instance,
            tables=list(ask.tables),
            wants=wants,
            wants_version=version,
            epoch=epoch,
            have=dict(ask.have),
            check=ask.check,
        )
        self._send(provider.node, request)

    def _send(self, node: str, message: Message) -> None:
        self._transport.send(node, encode(message))

    def _claim(self, event: str, peer: Peer) -> None:
        """Bring the feeds up to date with what a peer publishes."""
        if event == "left":
            self.interest.forget(peer.node, peer.instance)
        sources = peer.sources if event == "heard" else {}
        for source in self._claims.tell(peer.node, sources):
            self._provide(self._of(source))

    def _own_source(self, source: str) -> None:
        """A source of this node came or went."""
        own = self._senders.get(source)
        self._claims.tell_one(self._node, source, own.publisher.position if own else None)
        self._provide(self._of(source))
        self._interested([source])

    def _provide(self, subscriptions: Iterable[SourceSubscription]) -> None:
        now = self._clock.monotonic()
        for subscription in subscriptions:
            subscription.feed.provider(self._claims.provider(subscription.source), now)

    def _interested(self, sources: Iterable[str]) -> None:
        """Tell publishers of this node what is wanted of them."""
        for source in sources:
            own = self._senders.get(source)
            if own is None:
                continue
            own.publisher.keep_digests(bool(self.interest.elsewhere(source)[0]))
            wanted = self.interest.of(source)
            if wanted != own.told:
                own.told = wanted
                if (tell := own.on_wanted) is not None:
                    self._later(lambda tell=tell, wanted=wanted: tell(wanted))  # type: ignore[misc]

    def _update(self, subscription: SourceSubscription, tables: frozenset[str]) -> None:
        """A subscription's tables changed, or it ended."""
        if not subscription.closed:
            subscription.refresh(tables)
            self._provide([subscription])

    def _tick(self) -> None:
        for subscription in list(self._subscriptions.values()):
            subscription.tick()

    def _forget_strangers(self) -> None:
        """Forget the wishes of nodes that asked, but were not heard for a while."""
        known = {peer.node for peer in self._peers()}
        strangers = {node for node in self.interest.nodes() if node not in known}
        for node in sorted(strangers & self._strangers):
            self.interest.forget(node)
        self._strangers = strangers - self._strangers

    # Plumbing

    def _post(self, job: Callable[[], object]) -> None:
        if self._loop is not None:
            self._loop.post(job)

    def _submit(self, job: Callable[[], None]) -> bool:
        return self._pool is not None and self._pool.submit(job)

    def _on_interest(self, sources: Collection[str]) -> None:
        self._post(lambda: self._interested(sources))

    def _on_subscription(self, subscription: SourceSubscription) -> None:
        if subscription.closed:
            self._subscriptions.pop(subscription.name, None)
        tables = None if subscription.closed else subscription.tables
        self.interest.set_local(subscription.source, subscription.number, tables)
        self._refresh(subscription)
        self._changed()

    def _refresh(self, subscription: SourceSubscription) -> None:
        # Every change is passed on, even one that undoes the one before: a table that
        # was removed and added begins with a snapshot.
        tables = subscription.tables
        self._post(lambda: self._update(subscription, tables))

    def _on_publisher_closed(self, publisher: SourcePublisher) -> None:
        own = self._senders.get(publisher.source)
        if own is not None and own.publisher is publisher:
            del self._senders[publisher.source]
        self._post(lambda: self._own_source(publisher.source))
        self._changed()
