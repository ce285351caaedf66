"""A transport that does to messages whatever a transport may do, from a seed.

May import ``congress.interfaces``, ``congress.model`` and the simulated runtime.

Invariant: equal seeds and equal use give equal faults. Messages are lost,
repeated, delayed and so reordered, cut off by partitions, never altered.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

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
from congress.testing.runtime import SimGroup, SimThreads


@dataclass(frozen=True, slots=True)
class Faults:
    """What happens to messages.

    :param loss: the share that is lost.
    :param repeat: the share that arrives twice.
    :param delay: the shortest and the longest way, in seconds.
    :param late: the share that takes up to ``lateness`` seconds instead.
    """

    loss: float = 0.0
    repeat: float = 0.0
    delay: tuple[float, float] = (0.0, 0.005)
    late: float = 0.0
    lateness: float = 2.0


#: A network as bad as the interface allows.
ROUGH = Faults(loss=0.2, repeat=0.2, delay=(0.0, 0.2), late=0.1)


class LossyNetwork:
    """What lossy transports connect through: give it as ``BusContext.hub``."""

    def __init__(self, threads: SimThreads, seed: int = 0, faults: Faults | None = None) -> None:
        self.threads = threads
        self.faults = faults or Faults()
        #: How many messages were lost and delivered.
        self.lost = 0
        self.delivered = 0
        self._random = random.Random(seed)
        self._members: list[LossyTransport] = []
        self._parts: dict[str, int] = {}
        self._blocked: set[tuple[str, str]] = set()
        self._away = False

    def partition(self, *parts: Iterable[str]) -> None:
        """Nodes of different parts do not reach each other; nodes in none are one more part."""
        self._parts = {node: n for n, part in enumerate(parts) for node in part}

    def block(self, sender: str, receiver: str) -> None:
        """Nothing comes from one node to another; the other way it does."""
        self._blocked.add((sender, receiver))

    def unblock(self, sender: str, receiver: str) -> None:
        """It does again."""
        self._blocked.discard((sender, receiver))

    def broker(self, *, away: bool) -> None:
        """Nobody reaches anybody, or does again."""
        self._away = away

    def heal(self, *, quiet: bool = True) -> None:
        """End partitions; if ``quiet``, all other faults too."""
        self._parts = {}
        self._blocked.clear()
        self._away = False
        if quiet:
            self.faults = Faults()

    def join(self, transport: "LossyTransport") -> None:
        """Let a transport be reached."""
        self._members.append(transport)

    def leave(self, transport: "LossyTransport") -> None:
        """Let it be reached no more."""
        self._members = [member for member in self._members if member is not transport]

    def others(
        self, transport: "LossyTransport", node: str | None = None
    ) -> list["LossyTransport"]:
        """The other live transports on the same bus, those of one node if it is named."""
        return [
            member
            for member in self._members
            if member is not transport
            and member.alive
            and member.bus_id == transport.bus_id
            and (node is None or member.node == node)
        ]

    def carry(self, sender: str, receiver: str, arrive: Callable[[float], object]) -> None:
        """Take a message on its way: ``arrive(delay)`` is called for each copy that gets there."""
        for _ in range(2 if self._random.random() < self.faults.repeat else 1):
            lost = self._random.random() < self.faults.loss
            if lost or self._cut(sender, receiver):
                self.lost += 1
            else:
                self.delivered += 1
                arrive(self._delay())

    def _cut(self, sender: str, receiver: str) -> bool:
        apart = self._parts.get(sender, -1) != self._parts.get(receiver, -1)
        return self._away or apart or (sender, receiver) in self._blocked

    def _delay(self) -> float:
        if self._random.random() < self.faults.late:
            return self._random.uniform(0.0, self.faults.lateness)
        return self._random.uniform(*self.faults.delay)


class LossyTransport(BusTransport):
    """A transport on a ``LossyNetwork``; its threads must be a group of the simulation."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            name="lossy",
            summary="Loses, repeats, delays and reorders messages, for tests.",
            features={"distributed": False, "ordered": False, "max_message": 0},
        )

    @classmethod
    def configured(cls, conf: object) -> bool:
        """Nobody can ask for it but tests."""
        return False

    def __init__(self, config: dict[str, OptionValue], ctx: BusContext) -> None:
        super().__init__(config, ctx)
        if not isinstance(ctx.hub, LossyNetwork) or not isinstance(ctx.threads, SimGroup):
            raise TypeError("a lossy transport needs a LossyNetwork and simulated threads")
        self.bus_id = ""
        self.node = ""
        self._network = ctx.hub
        self._group = ctx.threads
        self._open = False
        self._loops: dict[Channel, Loop] = {}
        self._pool: Pool | None = None
        self._on_message: OnMessage | None = None
        self._on_request: OnRequest | None = None

    @property
    def alive(self) -> bool:
        """Whether its node was not killed."""
        return self._group.alive

    def open(
        self, bus_id: str, node: str, instance: str, on_message: OnMessage, on_request: OnRequest
    ) -> None:
        self.bus_id, self.node = bus_id, node
        self._on_message, self._on_request = on_message, on_request
        self._loops = {channel: self._group.loop(f"lossy-{channel}") for channel in Channel}
        self._pool = self._group.pool("lossy-requests", 32, 32)
        self._open = True
        self._network.join(self)

    def close(self, drain: float) -> None:
        self._open = False
        self._network.leave(self)
        for loop in self._loops.values():
            loop.close(drain)
        if self._pool is not None:
            self._pool.close(drain)

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        if self._open:
            for other in self._network.others(self):
                self._dispatch(other, channel, payload)

    def send(self, node: str, payload: bytes) -> None:
        if self._open:
            for other in self._network.others(self, node):
                self._dispatch(other, Channel.DATA, payload)

    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        others = self._network.others(self, node)
        if not others or not self._open:
            raise Unreachable(f"there is no node {node!r}")
        other = others[-1]
        answers: list[bytes] = []

        def answered(answer: bytes) -> None:
            self._network.carry(
                other.node, self.node, lambda delay: self._after(delay, answers.append, answer)
            )

        self._network.carry(
            self.node,
            other.node,
            lambda delay: other.serve(delay, self.node, payload, answered),
        )
        if not self._network.threads.wait(lambda: bool(answers), deadline):
            raise TimedOut(f"node {node!r} did not answer in time")
        return answers[0]

    def serve(
        self, delay: float, sender: str, payload: bytes, answered: Callable[[bytes], None]
    ) -> None:
        """Handle a request that arrives after a while."""
        on_request, pool = self._on_request, self._pool
        assert on_request is not None
        assert pool is not None

        def handle() -> None:
            if self._open:
                answered(on_request(sender, payload))

        self._network.threads.after(delay, lambda: pool.submit(handle), self._group)

    def _after(self, delay: float, take: Callable[[bytes], None], answer: bytes) -> None:
        self._network.threads.after(delay, lambda: take(answer), self._group)

    def _dispatch(self, other: "LossyTransport", channel: Channel, payload: bytes) -> None:
        self._network.carry(
            self.node, other.node, lambda delay: other.deliver(delay, channel, self.node, payload)
        )

    def deliver(self, delay: float, channel: Channel, sender: str, payload: bytes) -> None:
        """Take a message that arrives after a while."""
        on_message = self._on_message
        assert on_message is not None

        def take() -> None:
            if self._open:
                on_message(channel, sender, payload)

        self._loops[channel].later(delay, take)
