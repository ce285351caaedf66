"""A node of a transport's test, reduced to noting what it is brought.

May import ``congress.interfaces``.
"""

from collections.abc import Callable

from congress.interfaces.bus import BusTransport, Channel

#: What stations greet each other with, until they do; not counted as received.
HELLO = b'"hello"'

#: (channel, sender, payload) of a message.
Received = tuple[Channel, str, bytes]


class Station:
    """An open transport, and what it brought."""

    def __init__(self, transport: BusTransport, bus_id: str, node: str, instance: str) -> None:
        self.transport = transport
        self.bus_id = bus_id
        self.node = node
        self.instance = instance
        self.received: list[Received] = []
        self.asked: list[tuple[str, bytes]] = []
        #: (channel, sender) of greetings.
        self.greetings: list[tuple[Channel, str]] = []
        #: What to do with a message and a request, besides noting them.
        self.on_message: Callable[[Received], object] = lambda received: None
        self.answer: Callable[[str, bytes], bytes] = lambda sender, payload: payload

    def open(self) -> None:
        """Connect."""
        self.transport.open(
            self.bus_id, self.node, self.instance, self._take_message, self._take_request
        )

    def payloads(self, channel: Channel) -> list[bytes]:
        """What came on a channel."""
        return [payload for seen, _, payload in list(self.received) if seen is channel]

    def _take_message(self, channel: Channel, sender: str, payload: bytes) -> None:
        if payload == HELLO:
            self.greetings.append((channel, sender))
            return
        received = (channel, sender, payload)
        self.received.append(received)
        self.on_message(received)

    def _take_request(self, sender: str, payload: bytes) -> bytes:
        if payload == HELLO:
            return payload
        self.asked.append((sender, payload))
        return self.answer(sender, payload)
