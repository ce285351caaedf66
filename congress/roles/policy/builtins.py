"""The builtins of this engine, and whether the other engines have the same.

Imports the interfaces and the model.

Engines with different builtins may give different answers to the same rules. So
each announces a digest of its set, and engines that differ do not act.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence

from congress.interfaces.role import Peer, Plugins
from congress.model.builtin import Builtin

FACT = "builtins"


def load_builtins(plugins: Plugins) -> list[Builtin]:
    """The builtins of all usable sets, in an order that depends on their names alone."""
    sets = [plugins.load("builtin", name) for name in sorted(plugins.names("builtin"))]
    return [builtin for one in sets for builtin in one]


def builtins_digest(builtins: Iterable[Builtin]) -> str:
    """A text that differs between engines with different builtins."""
    seen = sorted((b.name, b.inputs, b.outputs, b.deterministic, b.grows) for b in builtins)
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def differing(peers: Sequence[Peer], digest: str) -> list[str]:
    """The nodes whose engines announce another set of builtins."""
    return sorted(peer.node for peer in peers if peer.info.get(FACT, digest) != digest)
