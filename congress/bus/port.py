"""What a feed deals with: the node it asks, and its own surroundings.

May import ``congress.interfaces`` and this package.
"""

from dataclasses import dataclass
from typing import Protocol

from congress.bus.sync import Ask
from congress.interfaces.role import Arrival, Position


@dataclass(frozen=True, slots=True)
class Provider:
    """The node that publishes a source now, and how far it is."""

    node: str
    position: Position


class Port(Protocol):
    """What a feed needs of its surroundings."""

    def ask(self, provider: Provider, ask: Ask) -> None:
        """Send a request; the answer, if it ever comes, goes to ``answered``."""

    def nudge(self) -> bool:
        """Ask for the rest of an answer under way; ``False`` if there is none."""

    def emit(self, arrival: Arrival) -> None:
        """Hand an arrival on."""

    def tell(self, table: str, state: str) -> None:
        """A table became ``live`` or ``stale``."""
