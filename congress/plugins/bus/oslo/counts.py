"""What went wrong how often, told in the log without filling it.

May import the standard library only.
"""

import logging
import threading
from collections import Counter
from collections.abc import Mapping

LOG = logging.getLogger(__name__)


class Counts:
    """Counts by reason. The first, second, fourth, eighth... of each is logged."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, reason: str, number: int = 1) -> None:
        """Something was dropped for a reason. May be called from any thread."""
        with self._lock:
            before = self._counts[reason]
            now = self._counts[reason] = before + number
        if now.bit_length() > before.bit_length():
            LOG.warning("messages dropped: %s (%d up to now)", reason, now)

    def all(self) -> Mapping[str, int]:
        """All counts up to now."""
        with self._lock:
            return dict(self._counts)
