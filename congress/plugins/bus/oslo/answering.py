"""Requests of other nodes: handled in threads of their own, and answered.

May import this transport's parts and ``congress.interfaces``.

Invariant: whoever brings a request does not wait for its handling; a request that
nobody waits for any more, because it lay about too long, is not handled.
"""

import logging

from congress.interfaces.bus import OnRequest
from congress.interfaces.runtime import Clock, Pool
from congress.plugins.bus.oslo.counts import Counts
from congress.plugins.bus.oslo.frame import Kind, Piece
from congress.plugins.bus.oslo.outbox import Outbox
from congress.plugins.bus.oslo.reception import Sender

LOG = logging.getLogger(__name__)


class Answering:
    """``take`` may be called from any thread."""

    def __init__(
        self, on_request: OnRequest, pool: Pool, outbox: Outbox, clock: Clock, counts: Counts
    ) -> None:
        self._on_request = on_request
        self._pool = pool
        self._outbox = outbox
        self._clock = clock
        self._counts = counts

    def take(self, sender: Sender, request: Piece, payload: bytes) -> None:
        """Handle a request soon, or refuse it."""
        expires = self._clock.monotonic() + request.patience
        to = (sender.node, sender.instance)

        def handle() -> None:
            if self._clock.monotonic() > expires:
                self._counts.add("requests too late")
                return
            try:
                kind, answer = Kind.ANSWER, self._on_request(sender.node, payload)
            except Exception:
                LOG.exception("a request of node %s could not be handled", sender.node)
                kind, answer = Kind.LOST, b""
            self._outbox.answer(kind, to, request.number, answer, expires)

        if not self._pool.submit(handle):
            self._counts.add("requests too many")
            self._outbox.answer(Kind.BUSY, to, request.number, b"", expires)
