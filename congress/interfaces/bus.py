"""Bus transports: they carry bytes between the nodes of one Congress.

May import the standard library and ``congress.model`` only. Namespace
``congress.bus.transports``.

The promise is small on purpose. A transport may lose, repeat and reorder
messages, and may deliver late; ``congress.bus`` puts order and recovery on top.
It must not corrupt or truncate a message, must not deliver across ``bus_id``s,
and must never block a caller past its deadline, least of all when the broker is
away. Handlers may be called from several threads at once.

Known features: ``distributed`` (reaches other processes), ``ordered``,
``max_message`` (bytes; 0 for no limit).
"""

import abc
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from congress.interfaces.plugin import OptionValue, Plugin
from congress.interfaces.runtime import Clock, Threads

OnMessage: TypeAlias = Callable[["Channel", str, bytes], None]
OnRequest: TypeAlias = Callable[[str, bytes], bytes]


class Channel(enum.StrEnum):
    """Heartbeats and notices go on ``CONTROL``, table data on ``DATA``, so that
    a burst of data never delays a heartbeat."""

    CONTROL = "control"
    DATA = "data"


class Unreachable(Exception):  # noqa: N818 - named for what it says of the node
    """No such node, or no way to it at the moment. The request was not handled."""


class TimedOut(Exception):  # noqa: N818 - named for what happened
    """No answer by the deadline. The request may have been handled."""


@dataclass(frozen=True, slots=True)
class BusContext:
    """What a transport gets besides its configuration.

    ``hub`` is an object shared by the nodes of one process, if there are several
    (tests, the simulator); ``inproc`` connects through it.
    ``conf`` is the node's whole configuration object, for libraries that want it.
    """

    clock: Clock
    threads: Threads
    hub: object = None
    conf: object = None


class BusTransport(Plugin):
    """A transport. Constructed without I/O; connected by ``open``."""

    interface_version: ClassVar[str] = "1.0"

    def __init__(self, config: dict[str, OptionValue], ctx: BusContext) -> None:
        self.config = config
        self.ctx = ctx

    @classmethod
    @abc.abstractmethod
    def configured(cls, conf: object) -> bool:
        """Whether the node's configuration asks for this transport (say, a URL is set)."""

    @abc.abstractmethod
    def open(
        self, bus_id: str, node: str, instance: str, on_message: OnMessage, on_request: OnRequest
    ) -> None:
        """Connect and begin to deliver.

        ``on_message(channel, sender, payload)`` gets every broadcast and every
        ``send``, the node's own broadcasts excepted. ``on_request(sender, payload)``
        returns the answer. Returns once this node can be reached, or at once if the
        broker is away; then it connects by itself later.
        """

    @abc.abstractmethod
    def broadcast(self, channel: Channel, payload: bytes) -> None:
        """Hand a message for all other nodes to the transport. Never blocks for long:
        when it cannot be sent it is dropped and counted."""

    @abc.abstractmethod
    def send(self, node: str, payload: bytes) -> None:
        """Hand a data message for one node to the transport; as ``broadcast``."""

    @abc.abstractmethod
    def call(self, node: str, payload: bytes, deadline: float) -> bytes:
        """Ask a node and wait for its answer.

        :param deadline: monotonic time.
        :raises Unreachable: the node did not get the request.
        :raises TimedOut: no answer by the deadline.
        """

    def give_up(self, node: str) -> None:
        """Take note that a node is gone: calls that wait for its answer may end with
        ``TimedOut`` before their deadline. Must not block. Where calls notice by
        themselves that the other process has ended, there is nothing to do."""
        return

    @abc.abstractmethod
    def close(self, drain: float) -> None:
        """Send what was handed over, ``drain`` seconds at most, and disconnect."""
