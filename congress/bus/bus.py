"""The bus of a node: everything a role uses to reach others.

May import ``congress.model``, ``congress.interfaces`` and this package.

A bus has three loops, so that none of the three holds up another: *control*
(heartbeats, membership), *data* (publications, subscriptions), *events*
(callbacks of roles, which may block); and a few delivery threads for arrivals.
"""

import contextlib
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from congress.bus.calls import Calls
from congress.bus.counters import Counters
from congress.bus.doubles import OWN_SERVICE, Doubles
from congress.bus.exchange import Exchange
from congress.bus.heart import Ears, Heart, Pulse
from congress.bus.membership import Membership
from congress.bus.options import BusOptions
from congress.bus.publisher import SourcePublisher
from congress.bus.seal import Seal
from congress.bus.sealed import SealedTransport
from congress.bus.services import Services
from congress.bus.strangers import Strangers
from congress.bus.subscription import SourceSubscription
from congress.bus.versions import SPOKEN, Negotiation, Versions
from congress.interfaces.bus import BusTransport, Channel
from congress.interfaces.role import Arrival, Epoch, Method, Peer
from congress.interfaces.runtime import Clock, Loop, Pool, Threads
from congress.model.diagnostic import refuse
from congress.model.schema import Schema, schema_from_plain, schema_to_plain
from congress.model.status import Health, State, worst

LOG = logging.getLogger(__name__)

#: Subscriptions that may wait for a delivery thread.
DELIVERY_QUEUE = 100_000
#: Seconds of the time for stopping that the transport may spend on sending the rest.
DRAIN = 2.0
#: Seconds for which the status tells whose messages were refused.
REFUSED_SHOWN = 600.0


class Bus:
    """See ``interfaces.role.Bus``. It is a service too: started first, stopped last.

    What is published, served and subscribed before ``start`` takes effect then.

    :param instance: a text that no other process ever used or will use.
    :param rng: where jitter comes from; made from ``instance`` if not given.
    """

    name = "bus"

    def __init__(
        self,
        transport: BusTransport,
        *,
        bus_id: str,
        node: str,
        instance: str,
        clock: Clock,
        threads: Threads,
        options: BusOptions | None = None,
        rng: random.Random | None = None,
        versions: Versions = SPOKEN,
    ) -> None:
        self.node = node
        self.instance = instance
        self._bus_id = bus_id
        self._clock = clock
        self._threads = threads
        self._options = options or BusOptions()
        self._counters = Counters()
        self._strangers = Strangers(clock, self._counters)
        self._negotiation = Negotiation(versions, self._strangers)
        signing = self._options.signing_keys, self._options.signing_required
        seal = Seal(bus_id, node, instance, *signing, clock.time)
        self._transport: BusTransport = SealedTransport(transport, seal, self._strangers)
        self._running = False
        self._control: Loop | None = None
        self._data: Loop | None = None
        self._events: Loop | None = None
        self._pool: Pool | None = None
        self._facts: dict[str, Callable[[], Any]] = {}
        self._peer_handlers: list[Callable[[str, Peer], None]] = []
        self._notice_handlers: dict[str, list[Callable[[str, Mapping[str, Any]], None]]] = {}
        self._membership = Membership(node, instance, clock.time())
        self._services = Services(self._counters)
        answers: dict[str, Method] = {
            "probe": self._probed,
            "schema": self._schema,
            "stats": self.stats,
        }
        self._services.add(OWN_SERVICE, answers, None)
        self._calls = Calls(
            self._transport,
            self._services,
            self._membership.peers,
            clock,
            self._counters,
            self._negotiation,
        )
        self._doubles = Doubles(
            (node, instance), self._calls, self._membership, clock, self._options
        )
        self._exchange = self._make_exchange(rng or random.Random(instance))  # noqa: S311 - jitter
        self._heart = self._make_heart()

    def _make_exchange(self, rng: random.Random) -> Exchange:
        return Exchange(
            self._transport,
            (self.node, self.instance),
            self._clock,
            self._options,
            self._counters,
            self._negotiation,
            rng,
            peers=self._membership.peers,
            later=self._run_event,
            changed=lambda: self._heart.beat_soon(),
        )

    def _make_heart(self) -> Heart:
        exchange, services = self._exchange, self._services
        return Heart(
            self._transport,
            self._membership,
            (self.node, self.instance),
            Pulse(services.healths, exchange.sources, exchange.interest, self._facts),
            Ears(self._on_peer, exchange.on_wants, self._on_notice),
            self._clock,
            self._options,
            self._counters,
            self._negotiation,
        )

    # Service

    def start(self) -> None:
        """Connect, and begin to be heard.

        :raises Refused: code ``duplicate`` if another running node has this id.
        """
        self._control = self._threads.loop("bus-control")
        self._data = self._threads.loop("bus-data")
        self._events = self._threads.loop("bus-events")
        self._pool = self._threads.pool(
            "bus-delivery", self._options.delivery_threads(), DELIVERY_QUEUE
        )
        self._running = True
        try:
            self._transport.open(
                self._bus_id, self.node, self.instance, self._on_message, self._on_request
            )
            self._doubles.refuse()
        except BaseException:
            self._close(0.0)
            raise
        self._exchange.start(self._data, self._pool)
        self._heart.start(self._control)

    def stop(self, timeout: float) -> None:
        """Say goodbye and disconnect."""
        if not self._running:
            return
        if self._control is not None:
            with contextlib.suppress(TimeoutError):
                self._control.call(self._heart.stop, timeout / 4)
        self._exchange.stop()
        self._close(timeout)

    def health(self) -> Health:
        """How the bus and its transport are."""
        if not self._running:
            return Health(State.NOT_READY, "the bus is not running")
        return worst([self._doubles.health(), self._strangers_health(), self._transport.health()])

    def _close(self, timeout: float) -> None:
        self._running = False
        deadline = self._clock.monotonic() + timeout

        def left() -> float:
            return max(0.0, deadline - self._clock.monotonic())

        for loop in (self._control, self._data):
            if loop is not None:
                loop.close(left() / 2)
        self._transport.close(min(DRAIN, left() / 2))
        if self._pool is not None:
            self._pool.close(left())
        if self._events is not None:
            self._events.close(left())

    # Services and calls

    def serve(
        self,
        service: str,
        methods: Mapping[str, Method],
        health: Callable[[], Health] | None = None,
    ) -> None:
        """Answer calls of exactly these methods. :raises ValueError: the name is taken."""
        self._services.add(service, methods, health)
        self._heart.beat_soon()

    def withdraw(self, service: str) -> None:
        """Answer no more."""
        self._services.remove(service)
        self._heart.beat_soon()

    def call(
        self,
        service: str,
        method: str,
        args: Mapping[str, Any] | None = None,
        *,
        timeout: float,
        node: str | None = None,
    ) -> Any:
        """Call a method; see ``interfaces.role.Bus.call``."""
        given = args or {}
        if node == self.node or (node is None and service in self._services):
            return self._services.dispatch(service, method, given)
        if not self._running:
            raise refuse("unavailable", "the bus is not running")
        return self._calls.call(service, method, given, timeout, node)

    # Table data

    def publisher(
        self,
        source: str,
        epoch: Epoch,
        *,
        schema: Callable[[], Schema] | None = None,
        on_wanted: Callable[[frozenset[str]], None] | None = None,
    ) -> SourcePublisher:
        """Begin to publish as a source. :raises ValueError: this node does already."""
        return self._exchange.publisher(source, epoch, schema, on_wanted)

    def subscribe(
        self,
        source: str,
        tables: Iterable[str],
        on_arrival: Callable[[Arrival], None],
        on_state: Callable[[str, str], None] | None = None,
    ) -> SourceSubscription:
        """Receive tables of a source, whether or not it exists yet."""
        return self._exchange.subscribe(source, tables, on_arrival, on_state)

    def schema_of(self, source: str, timeout: float) -> Schema | None:
        """The tables of a source; ``None`` if it has no schema.

        :raises Refused: ``unavailable`` if nobody publishes it now, or ``timeout``.
        """
        if (publisher := self._exchange.published(source)) is not None:
            return publisher.schema() if publisher.schema else None
        claims = [p for p in self._membership.peers() if source in p.sources]
        if not claims:
            raise refuse("unavailable", f"nobody publishes {source!r} at the moment")
        node = max(claims, key=lambda peer: peer.sources[source].epoch).node
        plain = self.call(OWN_SERVICE, "schema", {"source": source}, timeout=timeout, node=node)
        return schema_from_plain(plain) if plain is not None else None

    # Notices, peers, facts

    def notify(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Tell all nodes, this one included, something small that may get lost."""
        if self._running:
            self._heart.notify(topic, payload)
            self._on_notice(self.node, topic, payload)

    def on_notice(self, topic: str, handler: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Hear what is told: ``handler(node, payload)``, on the events loop."""
        self._notice_handlers.setdefault(topic, []).append(handler)

    def peers(self) -> Sequence[Peer]:
        """The nodes alive now, this one first."""
        return [self._heart.own(), *self._membership.peers()]

    def on_peers(self, handler: Callable[[str, Peer], None]) -> None:
        """Hear of peers at every heartbeat, this node's own included: ``handler(event, peer)``,
        event ``heard`` or ``left``, on the events loop."""
        self._peer_handlers.append(handler)

    def announce(self, name: str, fact: Callable[[], Any]) -> None:
        """Put a fact into this node's heartbeats. It must be quick, and a JSON value."""
        self._facts[name] = fact
        self._heart.beat_soon()

    def stats(self) -> dict[str, Any]:
        """Counts, subscriptions with states and lag, publishers; a JSON object."""
        return {
            "counters": self._counters.counts(),
            "peers": [peer.node for peer in self._membership.peers()],
            "protocol": self._negotiation.report(),
            "refused": self._strangers.recent(REFUSED_SHOWN),
            **self._exchange.stats(),
        }

    # What the transport brings; any thread

    def _on_message(self, channel: Channel, sender: str, payload: bytes) -> None:
        self._counters.count(f"messages.{channel}")
        if channel is Channel.DATA:
            self._exchange.on_payload(sender, payload)
        elif self._control is not None:
            now = self._clock.monotonic()
            self._control.post(lambda: self._heart.hear(sender, payload, now))

    def _on_request(self, sender: str, payload: bytes) -> bytes:
        return self._calls.answer(payload)

    def _on_peer(self, event: str, peer: Peer) -> None:
        self._exchange.on_peer(event, peer)
        if event == "left":
            self._transport.give_up(peer.node)
        for handler in list(self._peer_handlers):
            self._run_event(lambda handler=handler: handler(event, peer))  # type: ignore[misc]

    def _on_notice(self, node: str, topic: str, payload: Mapping[str, Any]) -> None:
        for handler in list(self._notice_handlers.get(topic, ())):
            self._run_event(lambda handler=handler: handler(node, payload))  # type: ignore[misc]

    def _run_event(self, job: Callable[[], object]) -> None:
        if self._events is not None:
            self._events.post(job)

    # What buses ask each other

    def _probed(self) -> dict[str, str]:
        return {"instance": self.instance}

    def _schema(self, source: str) -> dict[str, object] | None:
        publisher = self._exchange.published(source)
        if publisher is None:
            raise refuse("unavailable", f"{source!r} is not published here (any more)")
        return schema_to_plain(publisher.schema()) if publisher.schema else None

    def _strangers_health(self) -> Health:
        """A fault if messages had to be refused lately."""
        refused = self._strangers.recent(self._options.peer_timeout() * 3)
        if refused:
            words = "; ".join(f"{one['node']} {one['message']}" for one in refused[:3])
            return Health(State.DEGRADED, f"messages of other nodes are refused: {words}")
        return Health()


def make_bus(
    transport: BusTransport,
    *,
    bus_id: str,
    node: str,
    instance: str,
    clock: Clock,
    threads: Threads,
    options: Any,
) -> Bus:
    """The bus of a node, which follows the options of ``[dse]`` as they change."""
    return Bus(
        transport,
        bus_id=bus_id,
        node=node,
        instance=instance,
        clock=clock,
        threads=threads,
        options=BusOptions.following(options),
    )
