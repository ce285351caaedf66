"""What the transport needs of the messaging library: ``broker.Broker``, or a stand-in.

May import this transport's wire and ``congress.interfaces``.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from congress.interfaces.bus import Channel
from congress.plugins.bus.oslo.frame import Address

#: Ends listening; waits for handlers that run.
Silence: TypeAlias = Callable[[], None]


class Link(Protocol):
    """A connection to the broker. All methods may block; see ``broker.Broker``."""

    def cast(self, address: Address, text: str) -> None:
        """Send an envelope. :raises Exception: of any kind, if it may not have left."""

    def listen(self, channel: Channel, take: Callable[[object], None]) -> Silence:
        """Have what arrives on a channel taken; returns once the broker delivers.

        :raises Exception: of any kind, if it does not.
        """

    def close(self) -> None:
        """Disconnect."""
