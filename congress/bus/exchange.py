"""Table data between sources and subscriptions, on this node and between nodes.

May import ``congress.model``, ``congress.interfaces`` and this package.

Invariant: feeds, claims and transfers are touched on the data loop only, so they
need no lock; whoever publishes, subscribes or hears posts there.
"""

import itertools
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from congress.bus.claims import Claims
from congress.bus.counters import Counters
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
)
from congress.bus.options import BusOptions
from congress.bus.outgoing import OnWanted, Outgoing
from congress.bus.port import Provider
from congress.bus.publication import Publication, from_wire
from congress.bus.publisher import SourcePublisher
from congress.bus.subscription import Means, SourceSubscription
from congress.bus.sync import Ask, answer_locally
from congress.bus.versions import Negotiation
from congress.interfaces.bus import BusTransport
from congress.interfaces.role import Arrival, Epoch, Peer, Position
from congress.interfaces.runtime import Clock, Loop, Pool
from congress.model.schema import Schema


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
        negotiation: Negotiation,
        rng: random.Random,
        *,
        peers: Callable[[], Sequence[Peer]],
        later: Callable[[Callable[[], object]], None],
        changed: Callable[[], None],
    ) -> None:
        self._node, self._instance = identity
        self._clock = clock
        self._options = options
        self._counters = counters
        self._negotiation = negotiation
        self._changed = changed
        self._loop: Loop | None = None
        self._pool: Pool | None = None
        self._numbers = itertools.count(1)
        self._subscriptions: dict[str, SourceSubscription] = {}
        self._claims = Claims()
        self.interest = Interest(self._on_interest)
        self._outgoing = Outgoing(
            transport,
            self.interest,
            _piece_bytes(transport, options),
            clock.monotonic,
            counters,
            negotiation,
            peers=peers,
            later=later,
        )
        self._means = Means(
            clock=clock,
            options=options,
            counters=counters,
            rng=rng,
            post=self._post,
            submit=self._submit,
            ask=self._ask,
            ask_more=self._outgoing.send,
            changed=self._on_subscription,
        )

    # Any thread

    def start(self, loop: Loop, pool: Pool) -> None:
        """Begin; what was published and subscribed before takes effect."""
        self._loop, self._pool = loop, pool
        for source in self._outgoing.positions():
            loop.post(lambda source=source: self._own_source(source))  # type: ignore[misc]
        for subscription in list(self._subscriptions.values()):
            self._refresh(subscription)
        loop.every(lambda: self._options.heartbeat_interval() / 2, self._tick)
        loop.every(self._options.peer_timeout, self._outgoing.forget_strangers)

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
        publisher = SourcePublisher(
            source,
            epoch,
            send=lambda publication: self._post(lambda: self._distribute(publication)),
            wanted=lambda: self.interest.of(source),
            now=self._clock.time,
            on_close=self._on_publisher_closed,
            schema=schema,
        )
        self._outgoing.add(publisher, on_wanted)
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
        return self._outgoing.positions()

    def published(self, source: str) -> SourcePublisher | None:
        """The publisher of a source, if it is here."""
        return self._outgoing.get(source)

    def stats(self) -> dict[str, Any]:
        """For status."""
        subscriptions = [s.stats() for s in list(self._subscriptions.values())]
        return {"subscriptions": subscriptions, "publishers": self._outgoing.stats()}

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
            self._take(sender, decode(payload, self._negotiation.own))
        except ForeignVersion:
            self._counters.count("messages.foreign_version")
        except ValueError:
            self._counters.count("messages.unreadable")

    def _take(self, sender: str, message: Message) -> None:
        if isinstance(message, WirePublication):
            if subscriptions := self._of(message.source):
                self._deliver(from_wire(message), subscriptions)
        elif isinstance(message, SyncRequest):
            self._outgoing.supply(sender, message)
        elif isinstance(message, SyncMore):
            self._outgoing.supply_more(sender, message)
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
        self._counters.count("publications")
        self._deliver(publication, self._of(publication.source))
        self._outgoing.distribute(publication)

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
            publisher = self._outgoing.get(ask.source)
            if publisher is not None:
                answer = answer_locally(publisher, ask)
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
        self._outgoing.send(provider.node, request)

    def _claim(self, event: str, peer: Peer) -> None:
        """Bring the feeds up to date with what a peer publishes."""
        if event == "left":
            self.interest.forget(peer.node, peer.instance)
        sources = peer.sources if event == "heard" else {}
        for source in self._claims.tell(peer.node, sources):
            self._provide(self._of(source))

    def _own_source(self, source: str) -> None:
        """A source of this node came or went."""
        publisher = self._outgoing.get(source)
        self._claims.tell_one(self._node, source, publisher.position if publisher else None)
        self._provide(self._of(source))
        self._outgoing.tell_wanted([source])

    def _provide(self, subscriptions: Iterable[SourceSubscription]) -> None:
        now = self._clock.monotonic()
        for subscription in subscriptions:
            subscription.feed.provider(self._claims.provider(subscription.source), now)

    def _update(self, subscription: SourceSubscription, tables: frozenset[str]) -> None:
        """A subscription's tables changed, or it ended."""
        if not subscription.closed:
            subscription.refresh(tables)
            self._provide([subscription])

    def _tick(self) -> None:
        for subscription in list(self._subscriptions.values()):
            subscription.tick()

    # Plumbing

    def _post(self, job: Callable[[], object]) -> None:
        if self._loop is not None:
            self._loop.post(job)

    def _submit(self, job: Callable[[], None]) -> bool:
        return self._pool is not None and self._pool.submit(job)

    def _on_interest(self, sources: Collection[str]) -> None:
        self._post(lambda: self._outgoing.tell_wanted(sources))

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
        self._outgoing.remove(publisher)
        self._post(lambda: self._own_source(publisher.source))
        self._changed()


def _piece_bytes(transport: BusTransport, options: BusOptions) -> Callable[[], int]:
    """How much table data to put into one piece, by the options and the transport's limit.

    Sizes are estimates and a publication may be several pieces, so there is a wide margin.
    """
    limit = int(transport.describe().features.get("max_message", 0))
    if not limit:
        return options.message_bytes
    return lambda: min(options.message_bytes(), limit // 16)
