"""The ``inproc`` transport: the nodes of one process, connected through a hub.

May import ``congress.interfaces`` and ``congress.model`` only.

Invariants: what is delivered are bytes, on threads of the receiver; requests have
workers of their own, so neither data nor a slow request delays a heartbeat; a
caller never waits past its deadline. There is no state but in hubs, and nodes
of different hubs or bus ids never meet.
"""

import threading
from collections import deque
from collections.abc import Callable, MutableMapping

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
from congress.interfaces.runtime import Loop
from congress.model.status import Health, State

#: Where the hub is in an object that holds things of other plugins too.
HUB_KEY = "inproc"
#: Requests that one node handles at a time.
WORKERS = 32


class InprocHub:
    """What connects transports: who is there, by bus and node, the oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: list[InprocTransport] = []

    def join(self, transport: "InprocTransport") -> None:
        """Let a transport be reached."""
        with self._lock:
            self._members.append(transport)

    def leave(self, transport: "InprocTransport") -> None:
        """Let it be reached no more."""
        with self._lock:
            self._members = [member for member in self._members if member is not transport]

    def others(
        self, transport: "InprocTransport", node: str | None = None
    ) -> list["InprocTransport"]:
        """The other transports on the same bus, those of one node if it is named."""
        return [
            member
            for member in self._members
            if member is not transport
            and member.bus_id == transport.bus_id
            and (node is None or member.node == node)
        ]


class InprocTransport(BusTransport):
    """Delivers within the process.

    ``ctx.hub`` is an ``InprocHub``, or a mutable mapping or an object with
    attributes that gets one as ``inproc``; without a hub the node is alone.
    """

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            name="inproc",
            summary="Connects the nodes of one process; needs no broker.",
            features={"distributed": False, "ordered": True, "max_message": 0},
        )

    @classmethod
    def configured(cls, conf: object) -> bool:
        """It needs no configuration, so there is none to tell it by."""
        return False

    def __init__(self, config: dict[str, OptionValue], ctx: BusContext) -> None:
        super().__init__(config, ctx)
        self.bus_id = ""
        self.node = ""
        self._hub = hub_in(ctx.hub)
        self._open = False
        self._loops: dict[Channel, Loop] = {}
        self._workers: _Workers | None = None
        self._on_message: OnMessage | None = None
        self._on_request: OnRequest | None = None

    def open(
        self, bus_id: str, node: str, instance: str, on_message: OnMessage, on_request: OnRequest
    ) -> None:
        self.bus_id, self.node = bus_id, node
        self._on_message, self._on_request = on_message, on_request
        threads = self.ctx.threads
        self._loops = {channel: threads.loop(f"inproc-{channel}") for channel in Channel}
        self._workers = _Workers(lambda number: threads.loop(f"inproc-request-{number}"))
        self._open = True
        self._hub.join(self)

    def close(self, drain: float) -> None:
        self._hub.leave(self)
        self._open = False
        for loop in self._loops.values():
            loop.close(drain)
        if self._workers is not None:
            self._workers.close(drain)

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        if self._open:
            for other in self._hub.others(self):
                other.deliver(channel, self.node, payload)

    def send(self, node: str, payload: bytes) -> None:
        if self._open:
            for other in self._hub.others(self, node):
                other.deliver(Channel.DATA, self.node, payload)

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        if not self._open:
            raise Unreachable("this node is not connected")
        for other in self._hub.others(self, node)[-1:]:
            return other.handle(self.node, payload, deadline - self.ctx.clock.monotonic())
        raise Unreachable(f"there is no node {node!r} in this process")

    def health(self) -> Health:
        return Health() if self._open else Health(State.NOT_READY, "not connected")

    def deliver(self, channel: Channel, sender: str, payload: bytes) -> None:
        """Take a message from another transport."""
        on_message = self._on_message
        if self._open and on_message is not None:
            copy = bytes(payload)
            self._loops[channel].post(lambda: on_message(channel, sender, copy))

    def handle(self, sender: str, payload: bytes, timeout: float) -> bytes:
        """Take a request from another transport; the answer."""
        on_request, workers = self._on_request, self._workers
        if not self._open or on_request is None or workers is None:
            raise Unreachable(f"node {self.node!r} is leaving")
        copy = bytes(payload)
        try:
            return workers.run(lambda: on_request(sender, copy), timeout)
        except TimeoutError:
            raise TimedOut(f"node {self.node!r} did not answer in time") from None


class _Workers:
    """Loops that run requests: a free one each, a new one if none is free, and when
    there are enough of them the one that was given work longest ago."""

    def __init__(self, make: Callable[[int], Loop]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._loops: list[Loop] = []
        self._free: list[Loop] = []
        self._busy: deque[Loop] = deque()

    def run(self, job: Callable[[], bytes], timeout: float) -> bytes:
        """The result of a job. :raises TimeoutError: none in time."""
        if timeout <= 0:
            raise TimeoutError
        loop = self._take()

        def run() -> bytes:
            try:
                return job()
            finally:
                self._give_back(loop)

        return loop.call(run, timeout)

    def close(self, timeout: float) -> None:
        """Let them all end."""
        for loop in list(self._loops):
            loop.close(timeout)

    def _take(self) -> Loop:
        with self._lock:
            if self._free:
                loop = self._free.pop()
            elif len(self._loops) < WORKERS:
                loop = self._make(len(self._loops))
                self._loops.append(loop)
            else:
                loop = self._busy.popleft()
            self._busy.append(loop)
            return loop

    def _give_back(self, loop: Loop) -> None:
        with self._lock:
            if loop in self._busy:
                self._busy.remove(loop)
            if loop not in self._busy and loop not in self._free:
                self._free.append(loop)


def hub_in(hub: object) -> InprocHub:
    """The hub that belongs to an object shared by nodes."""
    if hub is None:
        return InprocHub()
    if isinstance(hub, InprocHub):
        return hub
    place = hub if isinstance(hub, MutableMapping) else vars(hub)
    found = place.setdefault(HUB_KEY, InprocHub())
    if not isinstance(found, InprocHub):
        raise TypeError(f"the hub's {HUB_KEY!r} is not an InprocHub")
    return found
