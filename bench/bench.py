"""The engines of one run, filled with one cloud.

May import this folder only.

Invariant: engines of one group hold the same rows and rules; who cannot take part is
named with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.engines.duck import DuckDB
from bench.engines.opa import OPA
from bench.engines.original import Original
from bench.engines.ours import Ours
from bench.engines.protocol import Contender, Unavailable
from bench.engines.sqlite import SQLite
from bench.figures import Figures
from bench.inventory import Inventory
from bench.measure import tell
from bench.policies import FULL, NONRECURSIVE

PEERS: dict[str, type[Contender]] = {kind.name: kind for kind in (SQLite, DuckDB, OPA, Original)}


@dataclass(slots=True)
class Group:
    """Engines with the same rules.

    :param suffix: what tells its figures from those of another group.
    """

    text: str
    suffix: str
    ours: Ours
    peers: list[Contender]

    def __iter__(self) -> Iterator[Contender]:
        yield self.ours
        yield from self.peers


@dataclass(slots=True)
class Bench:
    """One run with one number of servers."""

    servers: int
    wanted: tuple[str, ...] = tuple(PEERS)
    cloud: Inventory = field(init=False)
    figures: Figures = field(init=False)
    absent: dict[str, str] = field(init=False, default_factory=dict)
    groups: list[Group] = field(init=False)

    def __post_init__(self) -> None:
        tell(f"making a cloud of {self.servers} servers")
        self.cloud = Inventory(self.servers)
        self.figures = Figures(self.servers)
        peers = list(self._peers())
        self.groups = [Group(FULL, "", Ours(FULL), [peer for peer in peers if peer.recursive])]
        if limited := [peer for peer in peers if not peer.recursive]:
            suffix = ", not recursive"
            self.groups.append(Group(NONRECURSIVE, suffix, Ours(NONRECURSIVE), limited))

    def _peers(self) -> Iterator[Contender]:
        for name in self.wanted:
            kind = PEERS[name]
            try:
                peer = kind(FULL if kind.recursive else NONRECURSIVE)
            except Unavailable as reason:
                self.absent[name] = str(reason)
                continue
            if self.servers <= peer.largest:
                yield peer
            else:
                peer.close()
                self.absent[name] = f"takes too long, or all memory, beyond {peer.largest} servers"

    @property
    def ours(self) -> Ours:
        """Our engine with all rules."""
        return self.groups[0].ours

    @property
    def peers(self) -> list[Contender]:
        """All peers that take part."""
        return [peer for group in self.groups for peer in group.peers]

    def peer(self, name: str) -> Contender | None:
        """A peer, if it takes part."""
        return next((peer for peer in self.peers if peer.name == name), None)

    def close(self) -> None:
        """Give back what the peers hold."""
        for peer in self.peers:
            peer.close()
