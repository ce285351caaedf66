"""Who says that he publishes which source.

May import ``congress.interfaces`` and this package.

Invariant: of several claims to a source the greatest epoch number wins; between
equals the one that won before keeps it while it is made.
"""

from collections.abc import Mapping

from congress.bus.port import Provider
from congress.interfaces.role import Position


class Claims:
    """The claims of all nodes, this one included."""

    def __init__(self) -> None:
        self._claims: dict[str, dict[str, Position]] = {}
        self._winners: dict[str, str] = {}
        self._by_node: dict[str, set[str]] = {}

    def tell(self, node: str, sources: Mapping[str, Position]) -> list[str]:
        """All that a node claims; the sources it speaks of, or no longer speaks of."""
        gone = sorted(self._by_node.get(node, set()) - set(sources))
        for source in gone:
            self.tell_one(node, source, None)
        for source, position in sources.items():
            self.tell_one(node, source, position)
        return [*gone, *sources]

    def tell_one(self, node: str, source: str, position: Position | None) -> None:
        """A node claims a source, or does so no longer."""
        claims = self._claims.setdefault(source, {})
        if position is not None:
            claims[node] = position
            self._by_node.setdefault(node, set()).add(source)
            return
        claims.pop(node, None)
        self._by_node.get(node, set()).discard(source)
        if not claims:
            del self._claims[source]

    def provider(self, source: str) -> Provider | None:
        """The node to get a source from."""
        claims = self._claims.get(source)
        if not claims:
            self._winners.pop(source, None)
            return None
        best = max(position.epoch.number for position in claims.values())
        equals = sorted(n for n, position in claims.items() if position.epoch.number == best)
        winner = self._winners.get(source)
        if winner not in equals:
            winner = equals[0]
            self._winners[source] = winner
        assert winner is not None
        return Provider(winner, claims[winner])
