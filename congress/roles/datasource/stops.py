"""A stop token for a driver that has no thread of its own.

Imports the standard library only.
"""

import threading


class StopFlag:
    """See ``interfaces.runtime.Stop``."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask to end."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether it was asked."""
        return self._event.is_set()

    def wait(self, timeout: float) -> bool:
        """Wait until it is asked, ``timeout`` seconds at most; tell whether it was."""
        return self._event.wait(timeout)
