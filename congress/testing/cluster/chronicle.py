"""The trace of a simulated run: what happened, when and where, and a digest of it.

May import the standard library only.

Invariant: two runs with equal digests did the same things at the same times.
"""

import hashlib
from collections import Counter


class Chronicle:
    """Everything that crosses the edge of a simulated process is noted here.

    :param keep: keep the lines for people, not only their digest.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.lines: list[str] = []
        #: How often each kind of event was noted.
        self.counts: Counter[str] = Counter()
        self._keep = keep
        self._hash = hashlib.sha256()

    def note(self, at: float, who: str, kind: str, detail: str = "") -> None:
        """Something happened. ``at`` is in simulated seconds since the beginning."""
        self.counts[kind] += 1
        line = f"{at:9.3f} {who} {kind} {detail}"
        self._hash.update(line.encode("utf-8", "surrogatepass"))
        if self._keep:
            self.lines.append(line.rstrip())

    def digest(self) -> str:
        """A text that is equal for equal runs."""
        return self._hash.hexdigest()
