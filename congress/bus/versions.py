"""Which versions of the protocol nodes speak, and which one to speak with whom.

May import the standard library and this package.

Nodes tell their range in every heartbeat, and talk in the highest version that both
know. So a cluster is upgraded node by node, as long as each release speaks the version
of the one before it.

Invariant: a node whose range has nothing in common with ours never becomes a peer.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from congress.bus.strangers import Grounds, Strangers


@dataclass(frozen=True, slots=True)
class Versions:
    """A range of protocol versions."""

    oldest: int
    newest: int

    def __contains__(self, version: int) -> bool:
        return self.oldest <= version <= self.newest

    def __str__(self) -> str:
        if self.oldest == self.newest:
            return f"version {self.newest}"
        return f"versions {self.oldest} to {self.newest}"

    def common(self, other: "Versions") -> int | None:
        """The highest version that both know."""
        highest = min(self.newest, other.newest)
        return highest if highest >= max(self.oldest, other.oldest) else None


#: What this release speaks. ``newest`` grows when an older node would misunderstand a
#: message; ``oldest`` follows one release later.
SPOKEN = Versions(1, 1)


class Negotiation:
    """What was agreed upon with whom. Any thread may ask; the heart tells."""

    def __init__(self, own: Versions, strangers: Strangers) -> None:
        self.own = own
        self._strangers = strangers
        self._agreed: dict[str, int] = {}

    def agree(self, node: str, theirs: Versions) -> bool:
        """A node told its range; whether there is a way to talk."""
        version = self.own.common(theirs)
        if version is None:
            self._agreed.pop(node, None)
            self._strangers.note(node, _foreign(self.own, theirs))
            return False
        self._agreed[node] = version
        return True

    def forget(self, node: str) -> None:
        """A node is gone."""
        self._agreed.pop(node, None)

    def version(self, node: str) -> int:
        """What to speak with a node; the newest if nothing was heard of it."""
        return self._agreed.get(node, self.own.newest)

    def broadcast_version(self) -> int:
        """What most can follow: the lowest that was agreed upon with anybody."""
        return min(self._agreed.copy().values(), default=self.own.newest)

    def groups(self, nodes: Iterable[str]) -> dict[int, list[str]]:
        """Nodes by the version to speak with them."""
        found: dict[int, list[str]] = {}
        for node in nodes:
            found.setdefault(self.version(node), []).append(node)
        return found

    def report(self) -> dict[str, object]:
        """For status."""
        return {
            "speaks": [self.own.oldest, self.own.newest],
            "agreed": dict(sorted(self._agreed.copy().items())),
        }


def _foreign(own: Versions, theirs: Versions) -> Grounds:
    if theirs.newest < own.oldest:
        hint = "upgrade that node, or run a release in between here until it is upgraded"
    else:
        hint = "upgrade this node, or run a release in between there until it is upgraded"
    words = f"speaks {theirs} of the bus's protocol, and this node {own}"
    return Grounds("protocol", words, hint)
