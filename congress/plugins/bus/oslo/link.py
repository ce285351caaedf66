"""What the transport needs of the messaging library: ``broker.Broker``, or a stand-in.

May import this transport's wire and ``congress.interfaces``.
"""

from collections.abc import Callable
from typing import Protocol

from congress.interfaces.bus import Channel
from congress.plugins.bus.oslo.frame import Address


class Link(Protocol):
    """A connection to the broker. All methods may block; see ``broker.Broker``."""

    def cast(self, address: Address, text: str) -> None:
        """Send an envelope. :raises Exception: of any kind, if it may not have left."""

    def listen(self, channel: Channel, take: Callable[[object], None]) -> None:
        """Have what arrives on a channel taken; returns once the broker delivers."""

    def silence(self, channel: Channel) -> None:
        """Listen on a channel no more."""

    def close(self) -> None:
        """Disconnect."""
