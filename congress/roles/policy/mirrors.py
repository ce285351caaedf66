"""Which sources have a policy of their own in the engine.

Imports nothing but the standard library; no I/O.

A source is mirrored when it is configured as a datasource or when some node
announces it, and no stored policy bears its name. A datasource that was deleted
is not mirrored, although the node that ran it may announce it a little longer.
"""

from collections.abc import Iterable


class Mirrors:
    """The names to mirror, from what storage and the bus say."""

    def __init__(self) -> None:
        self._stored: frozenset[str] = frozenset()
        self._announced: frozenset[str] = frozenset()
        self._deleted: frozenset[str] = frozenset()

    def store(self, names: Iterable[str]) -> None:
        """Take note of the configured datasources."""
        stored = frozenset(names)
        self._deleted = (self._deleted | (self._stored - stored)) - stored
        self._stored = stored

    def announce(self, names: Iterable[str]) -> bool:
        """Take note of all sources that nodes announce; tell whether that is news."""
        announced = frozenset(names)
        if announced == self._announced:
            return False
        self._announced = announced
        self._deleted &= announced
        return True

    def wanted(self, policies: Iterable[str]) -> frozenset[str]:
        """The names to mirror beside stored policies of these names."""
        return (self._stored | (self._announced - self._deleted)) - frozenset(policies)
