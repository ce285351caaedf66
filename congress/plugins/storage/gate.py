"""What a transaction lets its stores do: read, write, or nothing any more.

May import the standard library and ``congress.interfaces``.

Invariant: a transaction in which a conflict arose never commits, even if the
conflict was caught on the way.
"""

from congress.interfaces.storage import Conflict


class Gate:
    """The state of one transaction, shared by its stores."""

    def __init__(self, *, write: bool) -> None:
        self.write = write
        self.open = True
        self.conflict: Conflict | None = None

    def reading(self) -> None:
        """:raises RuntimeError: if the transaction has ended."""
        if not self.open:
            raise RuntimeError("the transaction has ended")

    def writing(self) -> None:
        """:raises RuntimeError: if the transaction has ended or was for reading only."""
        self.reading()
        if not self.write:
            raise RuntimeError("a change in a transaction for reading")

    def collision(self, reason: str) -> Conflict:
        """The conflict to raise; the transaction cannot commit any more."""
        self.conflict = Conflict(reason)
        return self.conflict

    def check(self) -> None:
        """To be called before the commit.

        :raises Conflict: if one arose."""
        if self.conflict is not None:
            raise self.conflict
