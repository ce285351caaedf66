"""Publications that arrived before their turn.

May import this package only.

Invariant: no more than a bounded number of rows waits, unless a single
publication has more.
"""

from collections.abc import Callable

from congress.bus.publication import Publication


class Backlog:
    """Publications of one epoch by sequence number; they are taken in that order."""

    def __init__(self, max_rows: Callable[[], int]) -> None:
        self._max_rows = max_rows
        self._waiting: dict[int, Publication] = {}
        self._rows = 0
        self._newest = 0

    def __contains__(self, seq: int) -> bool:
        return seq in self._waiting

    @property
    def newest(self) -> int:
        """The greatest number that waits; 0 if none does."""
        return self._newest if self._waiting else 0

    def put(self, publication: Publication) -> bool:
        """Keep a publication; ``False`` if all the others had to be dropped for it."""
        rows = publication.rows
        fits = not self._waiting or self._rows + rows <= self._max_rows()
        if not fits:
            self.clear()
        seq = publication.position.seq
        self._newest = max(self.newest, seq)
        self._waiting[seq] = publication
        self._rows += rows
        return fits

    def take(self, seq: int) -> Publication | None:
        """Take out the publication of that number."""
        publication = self._waiting.pop(seq, None)
        if publication is not None:
            self._rows -= publication.rows
        return publication

    def drop_until(self, seq: int) -> None:
        """Drop what is of no use once the publication of that number took effect."""
        for old in [number for number in self._waiting if number <= seq]:
            self.take(old)

    def clear(self) -> None:
        """Drop everything."""
        self._waiting.clear()
        self._rows = 0
