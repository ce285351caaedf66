"""A broker in memory, as much of one as the oslo transport needs."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable

from congress.interfaces.bus import BusContext, Channel
from congress.interfaces.runtime import Loop, Threads
from congress.plugins.bus.oslo.frame import Address
from congress.plugins.bus.oslo.link import Link, Silence
from congress.plugins.bus.oslo.outbox import Way
from congress.plugins.bus.oslo.transport import OsloTransport

Take = Callable[[object], None]
Queue = tuple[str, Channel, str]


class FakeBroker:
    """Queues of nodes outlive their consumers; consumers of one queue take turns."""

    def __init__(self, threads: Threads) -> None:
        self.threads = threads
        self.lock = threading.Lock()
        self.consumers: dict[Queue, deque[tuple[Loop, Take]]] = defaultdict(deque)
        self.kept: dict[Queue, list[str]] = defaultdict(list)
        #: Every text that was sent.
        self.sent: list[str] = []
        #: What ``cast`` raises, while it is set.
        self.fault: Exception | None = None
        #: Held up while it is cleared; ``held`` is set as soon as a request or an answer is.
        self.flows = threading.Event()
        self.flows.set()
        self.held = threading.Event()
        #: How often each envelope is delivered.
        self.copies = 1

    def cast(self, bus: str, address: Address, text: str) -> None:
        self._pass()
        if self.fault is not None:
            raise self.fault
        self.sent.append(text)
        with self.lock:
            for queue in self._queues(bus, address):
                for _ in range(self.copies):
                    self._put(queue, text)

    def listen(self, queue: Queue, loop: Loop, take: Take) -> None:
        self._pass()
        if self.fault is not None:
            raise self.fault
        with self.lock:
            self.consumers[queue].append((loop, take))
            kept, self.kept[queue] = self.kept[queue], []
            for text in kept:
                self._put(queue, text)

    def silence(self, queue: Queue, loop: Loop) -> None:
        with self.lock:
            self.consumers[queue] = deque(
                one for one in self.consumers[queue] if one[0] is not loop
            )

    def strike_dumb(self, node: str, channel: Channel) -> None:
        """Let consumers believe that they are served, and serve them no more."""
        with self.lock:
            for queue in [one for one in self.consumers if one[1:] == (channel, node)]:
                self.consumers[queue].clear()

    def is_heard(self, node: str, channel: Channel) -> bool:
        """Whether somebody takes what is for a node."""
        with self.lock:
            return any(
                takers for queue, takers in self.consumers.items() if queue[1:] == (channel, node)
            )

    def _pass(self) -> None:
        if not self.flows.is_set():
            if threading.current_thread().name == f"oslo-{Way.CALLS}":
                self.held.set()
            self.flows.wait(10)

    def _queues(self, bus: str, address: Address) -> list[Queue]:
        if address.node:
            return [(bus, address.channel, address.node)]
        known = {*self.consumers, *self.kept}
        return [queue for queue in known if queue[:2] == (bus, address.channel)]

    def _put(self, queue: Queue, text: str) -> None:
        consumers = self.consumers[queue]
        if not consumers:
            self.kept[queue].append(text)
            return
        consumers.rotate(-1)
        loop, take = consumers[-1]
        loop.post(lambda: take(text))


class FakeLink:
    """See ``link.Link``."""

    def __init__(self, broker: FakeBroker, bus: str, node: str) -> None:
        self._broker = broker
        self._bus = bus
        self._node = node

    def cast(self, address: Address, text: str) -> None:
        self._broker.cast(self._bus, address, text)

    def listen(self, channel: Channel, take: Take) -> Silence:
        queue = (self._bus, channel, self._node)
        loop = self._broker.threads.loop(f"fake-{channel}")
        self._broker.listen(queue, loop, take)

        def silence() -> None:
            self._broker.silence(queue, loop)
            loop.close(1.0)

        return silence

    def close(self) -> None:
        pass


class FakedTransport(OsloTransport):
    """The transport on such a broker."""

    def __init__(self, ctx: BusContext, broker: FakeBroker) -> None:
        super().__init__({}, ctx)
        self.broker = broker

    def connect(self, bus_id: str, node: str) -> Link:
        return FakeLink(self.broker, bus_id, node)
