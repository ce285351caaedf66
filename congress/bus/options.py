"""The settings of a bus.

May import the standard library only.

Each is a callable, asked whenever it is needed, so that a reload of the
configuration takes effect at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BusOptions:
    """Times are in seconds.

    :param heartbeat_interval: between two heartbeats of this node.
    :param peer_timeout: silence after which a peer counts as gone.
    :param max_inbox_rows: rows that may wait for one slow subscriber behind the first
        arrival; over that all that waits is put into one.
    :param safety_resync_period: between two comparisons of a live subscription
        with its publisher; 0 for never.
    :param probe_timeout: how long to wait for another node with the same id.
    :param message_bytes: rough size over which table data go in several messages.
    :param signing_keys: with the first this node signs what it sends, and with each of
        them others may; none: nothing is signed.
    :param signing_required: whether only nodes are heard that sign as this one does.
    :param delivery_threads: threads that hand arrivals to subscribers.
    """

    heartbeat_interval: Callable[[], float] = lambda: 0.5
    peer_timeout: Callable[[], float] = lambda: 3.0
    max_inbox_rows: Callable[[], int] = lambda: 1_000_000
    safety_resync_period: Callable[[], float] = lambda: 60.0
    probe_timeout: Callable[[], float] = lambda: 1.0
    message_bytes: Callable[[], int] = lambda: 256 * 1024
    signing_keys: Callable[[], Sequence[str]] = tuple
    signing_required: Callable[[], bool] = lambda: True
    delivery_threads: Callable[[], int] = lambda: 4

    @classmethod
    def following(cls, options: Any) -> "BusOptions":
        """Those of a configuration's group ``[dse]``, current at every look."""
        return cls(
            heartbeat_interval=lambda: float(options.heartbeat_interval),
            peer_timeout=lambda: float(options.peer_timeout),
            max_inbox_rows=lambda: int(options.max_inbox_rows),
            safety_resync_period=lambda: float(options.safety_resync_period),
            signing_keys=lambda: tuple(options.signing_keys),
            signing_required=lambda: bool(options.signing_required),
        )
