"""What every engine that is measured can do.

May import the standard library and this folder only.

Invariant: engines are told the same rows and rules, and each is driven as its own
documentation says it is fast.
"""

import time
from typing import Protocol

from bench.inventory import Rows


class Contender(Protocol):
    """An engine with one policy.

    :ivar name: what its figures are filed under.
    :ivar largest: the number of servers beyond which it would take hours, or all memory.
    :ivar recursive: whether it can evaluate recursive rules.
    """

    name: str
    largest: int
    recursive: bool

    def __init__(self, text: str) -> None:
        """Take the rules of a policy.

        :raises Unavailable: if the engine is not installed.
        """

    def clock(self) -> float:
        """The processor seconds its process has used, all threads added up."""

    def load(self, tables: dict[str, Rows]) -> None:
        """Fill the base tables, all of them at once."""

    def evaluate(self) -> None:
        """Evaluate every derived table in full."""

    def counts(self) -> dict[str, int]:
        """The number of rows of each derived table."""

    def update(self, table: str, added: Rows, removed: Rows) -> object:
        """Change base rows, and whatever follows from them."""

    def lookup(self, table: str, first: str) -> list[tuple[object, ...]]:
        """The rows of a table that begin with a value."""

    def close(self) -> None:
        """Give back what it holds."""


class Unavailable(Exception):  # noqa: N818 - it is no error
    """A peer is not installed here; the message says why."""


class InProcess:
    """An engine that runs in this process."""

    def clock(self) -> float:
        """See ``Contender.clock``."""
        return time.process_time()

    def close(self) -> None:
        """See ``Contender.close``."""
