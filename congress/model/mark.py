"""A mark: a place in the transactions of one policy engine.

May import the standard library only.

Invariant: two engines, also two lives of one, never give the same mark.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """After a transaction.

    :param node: the node of the engine.
    :param engine: tells its life from all others.
    :param transaction: its number there; 0 is before the first.
    """

    node: str
    engine: str
    transaction: int

    def __str__(self) -> str:
        return f"{self.node}/{self.engine}-{self.transaction}"


def read_mark(text: str) -> Mark | None:
    """A mark from its text; ``None`` if it is none."""
    node, _, rest = text.rpartition("/")
    engine, _, number = rest.partition("-")
    if not (node and engine and number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return Mark(node, engine, int(number))
