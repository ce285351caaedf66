"""The ``oslo`` transport: nodes connected by RabbitMQ, through oslo.messaging.

May import ``congress.interfaces``, ``congress.model`` and this folder. The messaging
library is imported when the transport is opened, so that a node that does not use it
does not pay for it.

Calls are not the library's, which block while the broker is away: a request and its
answer are messages like others, and whoever calls waits for nothing but the answer.

Invariants: no method blocks but ``call``, up to its deadline, and ``open`` and
``close``, for a few seconds; a request that was not begun by its deadline is never
sent.
"""

import threading
from collections import Counter

from oslo_config import cfg

from congress.interfaces.bus import (
    BusContext,
    BusTransport,
    Channel,
    OnMessage,
    OnRequest,
    TimedOut,
    Unreachable,
)
from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.interfaces.runtime import Loop, Pool
from congress.model.diagnostic import refuse
from congress.model.status import Health, State
from congress.plugins.bus.oslo.answering import Answering
from congress.plugins.bus.oslo.counts import Counts
from congress.plugins.bus.oslo.ear import Ear, Surroundings
from congress.plugins.bus.oslo.frame import MAX_MESSAGE, Identity, Kind, Piece
from congress.plugins.bus.oslo.link import Link
from congress.plugins.bus.oslo.outbox import Outbox
from congress.plugins.bus.oslo.questions import Questions
from congress.plugins.bus.oslo.reception import Receivers, Reception
from congress.plugins.bus.oslo.settings import is_url_set

#: Requests that are handled at a time, and that may wait for it.
WORKERS = 32
WAITING_REQUESTS = 512
#: Seconds that ``open`` waits until the node can be reached, if the broker is there.
OPEN_PATIENCE = 5.0
#: Seconds that ``close`` waits for the broker, besides sending what is left.
CLOSE_PATIENCE = 2.0
#: Seconds for which a broker that is away may come back before calls fail at once.
AWAY_PATIENCE = 3.0
#: The same for calls that wait for an answer.
ANSWER_PATIENCE = 10.0
#: Seconds between two looks whether what arrives is heard.
LOOK_INTERVAL = 2.0


class OsloTransport(BusTransport):
    """See ``interfaces.bus.BusTransport``. ``ctx.conf`` is an oslo.config object."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            name="oslo",
            summary="Connects nodes through RabbitMQ; set transport_url.",
            features={"distributed": True, "ordered": False, "max_message": MAX_MESSAGE},
        )

    @classmethod
    def configured(cls, conf: object) -> bool:
        """Whether ``transport_url`` is set."""
        return isinstance(conf, cfg.ConfigOpts) and is_url_set(conf)

    def __init__(self, config: dict[str, OptionValue], ctx: BusContext) -> None:
        super().__init__(config, ctx)
        self.counts = Counts()
        self._open = False
        self._settled = threading.Event()
        self._questions = Questions(ctx.clock)
        #: How often each node was given up.
        self._departures: Counter[str] = Counter()
        self._link: Link | None = None
        self._outbox: Outbox | None = None
        self._reception: Reception | None = None
        self._pool: Pool | None = None
        self._ears: dict[Channel, Ear] = {}
        self._loops: list[Loop] = []

    def connect(self, bus_id: str, node: str) -> Link:
        """The connection to the broker, not used yet. Tests put another one here."""
        if not self.configured(self.ctx.conf):
            raise refuse(
                "not-configured",
                "the oslo transport is chosen, and transport_url is not set",
                hint="set transport_url, as in rabbit://user:password@host:5672/",
                where="[DEFAULT] transport_url",
            )
        from congress.plugins.bus.oslo.broker import Broker

        return Broker(self.ctx.conf, bus_id, node)

    def open(
        self, bus_id: str, node: str, instance: str, on_message: OnMessage, on_request: OnRequest
    ) -> None:
        clock, threads = self.ctx.clock, self.ctx.threads
        link = self._link = self.connect(bus_id, node)
        self._settled.clear()
        identity = Identity(bus_id, node, instance)
        outbox = Outbox(identity, link.cast, threads, clock, self.counts, self._settled.set)
        self._pool = threads.pool("oslo-requests", WORKERS, WAITING_REQUESTS)
        answering = Answering(on_request, self._pool, outbox, clock, self.counts)
        receivers = Receivers(
            message=on_message,
            request=answering.take,
            answer=self._take_answer,
            back=outbox.put_back,
            alone=self._note_alone,
            echo=lambda channel, number: self._ears[channel].heard(number),
            fresh=self._note_fresh,
        )
        takers = {channel: threads.loop(f"oslo-take-{channel}") for channel in Channel}
        reception = Reception(identity, receivers, takers, clock, self.counts)
        self._outbox, self._reception = outbox, reception
        given = Surroundings(
            link=link,
            threads=threads,
            clock=clock,
            take=self._take,
            began=reception.listening,
            signs=outbox.signs,
            put=outbox.put,
            away=outbox.is_away,
        )
        self._ears = {channel: Ear(channel, given) for channel in Channel}
        watch = threads.loop("oslo-watch")
        self._loops = [watch, *takers.values()]
        self._open = True
        outbox.probe()
        for ear in self._ears.values():
            ear.listen()
            watch.every(LOOK_INTERVAL, ear.look)
        self._settled.wait(OPEN_PATIENCE)

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        if self._open and self._outbox is not None:
            self._outbox.broadcast(channel, payload)

    def send(self, node: str, payload: bytes) -> None:
        if self._open and self._outbox is not None and self._reception is not None:
            self._outbox.send(node, self._reception.instance_of(node), payload)

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        outbox, reception = self._outbox, self._reception
        if not self._open or outbox is None or reception is None:
            raise Unreachable("this node is not connected")
        if len(payload) > MAX_MESSAGE:
            raise Unreachable("the request is too large for the bus")
        if self.ctx.clock.monotonic() >= deadline:
            raise Unreachable("the deadline has passed")
        if outbox.away_for() > AWAY_PATIENCE:
            raise Unreachable("the message broker cannot be reached")
        departures = self._departures[node]

        def hopeless() -> bool:
            return self._is_hopeless() or self._departures[node] > departures

        number = outbox.number()
        answer = self._questions.begin(number)
        item = outbox.request(number, node, reception.instance_of(node), payload, deadline)
        if item is None:
            self._questions.end(number)
            raise Unreachable("too many requests wait for the message broker")
        try:
            return self._questions.wait(number, answer, deadline, hopeless)
        except TimedOut:
            if outbox.withdraw(item):
                raise Unreachable("the message broker cannot be reached") from None
            raise TimedOut(f"node {node!r} did not answer in time") from None

    def give_up(self, node: str) -> None:
        self._departures[node] += 1

    def close(self, drain: float) -> None:
        if not self._open:
            return
        self._open = False
        self._questions.fail_all(TimedOut("this node disconnects"))
        if self._outbox is not None:
            self._outbox.close(drain)
        if self._pool is not None:
            self._pool.close(0.0)
        self._disconnect(self.ctx.clock.monotonic() + CLOSE_PATIENCE)

    def health(self) -> Health:
        if not self._open or self._outbox is None or self._reception is None:
            return Health(State.NOT_READY, "not connected")
        if self._outbox.is_away():
            return Health(State.DEGRADED, "the message broker cannot be reached")
        if self._outbox.away_for() > AWAY_PATIENCE:
            return Health(State.DEGRADED, "the message broker does not answer")
        if not self._reception.is_ready() or not all(
            ear.is_listening() for ear in self._ears.values()
        ):
            return Health(State.NOT_READY, "connecting to the message broker")
        if any(ear.is_deaf() for ear in self._ears.values()):
            return Health(State.DEGRADED, "the message broker does not deliver")
        return Health()

    def _is_hopeless(self) -> bool:
        """Whether the broker has been away for so long that calls should not wait for it."""
        return self._outbox is not None and self._outbox.away_for() > ANSWER_PATIENCE

    def _disconnect(self, deadline: float) -> None:
        """Leave the broker, or give it up if that takes too long."""
        link, threads, clock = self._link, self.ctx.threads, self.ctx.clock
        assert link is not None
        for task in [task for ear in self._ears.values() for task in ear.close()]:
            task.stop(max(0.0, deadline - clock.monotonic()))
        for loop in self._loops:
            loop.close(max(0.0, deadline - clock.monotonic()))
        leave = threads.task("oslo-close", lambda stop: link.close())
        leave.stop(max(0.0, deadline - clock.monotonic()))

    def _take(self, channel: Channel, text: object) -> None:
        if self._open and self._reception is not None:
            self._reception.take(channel, text)

    def _take_answer(self, answer: Piece, payload: bytes) -> None:
        if answer.kind is Kind.ANSWER:
            self._questions.answer(answer.about, payload)
        elif answer.kind is Kind.BUSY:
            self._questions.fail(answer.about, Unreachable("the node has too much to do"))
        else:
            self._questions.fail(answer.about, TimedOut("the node could not answer"))

    def _note_alone(self, request: Piece) -> None:
        self._questions.fail(request.number, Unreachable("this node is the only one of its id"))

    def _note_fresh(self) -> None:
        if self._reception is not None and self._reception.is_ready():
            self._settled.set()
