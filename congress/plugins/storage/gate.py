"""What a transaction lets its stores do: read, write, or nothing any more.

May import the standard library and ``congress.interfaces``.

Invariant: a transaction in which something collided or failed never commits, even
if the exception was caught on the way.
"""

from congress.interfaces.storage import Conflict, StorageError


class Gate:
    """The state of one transaction, shared by its stores."""

    def __init__(self, *, write: bool) -> None:
        self.write = write
        self.open = True
        self.failure: StorageError | None = None

    def reading(self) -> None:
        """:raises RuntimeError: if the transaction has ended."""
        if not self.open:
            raise RuntimeError("the transaction has ended")

    def writing(self) -> None:
        """:raises RuntimeError: if the transaction has ended or was for reading only."""
        self.reading()
        if not self.write:
            raise RuntimeError("a change in a transaction for reading")

    def spoil(self, failure: StorageError) -> None:
        """Let the transaction not commit any more."""
        self.failure = self.failure or failure

    def collision(self, reason: str) -> Conflict:
        """The conflict to raise; the transaction cannot commit any more."""
        conflict = Conflict(reason)
        self.spoil(conflict)
        return conflict

    def check(self) -> None:
        """To be called before the commit.

        :raises StorageError: what spoilt the transaction."""
        if self.failure is not None:
            raise self.failure
