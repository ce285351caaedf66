"""Who wants which tables: the subscriptions of this node and what peers say of theirs.

May import the standard library only.

Invariants: of what a peer said the newest counts, however messages overtake
each other (its version grows with every change); a peer that left wants nothing.
Any thread may ask or tell.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Wants:
    """What a peer wants, as of ``version``; of ``newer`` sources as of a later one."""

    instance: str
    version: int
    tables: dict[str, frozenset[str]] = field(default_factory=dict)
    newer: dict[str, int] = field(default_factory=dict)


class Interest:
    """``on_change(sources)`` is told, on the teller's thread, whose interest may have changed."""

    def __init__(self, on_change: Callable[[Collection[str]], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._local: dict[str, dict[int, frozenset[str]]] = {}
        self._remote: dict[str, _Wants] = {}
        self._version = 0

    def set_local(self, source: str, subscription: int, tables: Iterable[str] | None) -> None:
        """A subscription of this node wants exactly these tables; ``None``: it ended."""
        with self._lock:
            self._version += 1
            wants = self._local.setdefault(source, {})
            if tables is None:
                wants.pop(subscription, None)
                if not wants:
                    del self._local[source]
            else:
                wants[subscription] = frozenset(tables)
        self._on_change([source])

    def local(self) -> tuple[int, dict[str, list[str]]]:
        """What this node wants, and the version of that."""
        with self._lock:
            return self._version, {
                source: sorted(frozenset().union(*wants.values()))
                for source, wants in self._local.items()
            }

    def local_of(self, source: str) -> tuple[int, list[str]]:
        """What this node wants of a source, and the version of all it wants."""
        with self._lock:
            wants = self._local.get(source, {})
            return self._version, sorted(frozenset().union(*wants.values()))

    def hear(
        self, node: str, instance: str, version: int, wants: Mapping[str, Iterable[str]]
    ) -> None:
        """All that a peer wants, as of a version."""
        with self._lock:
            known = self._remote.get(node)
            if known is None or known.instance != instance:
                known = _Wants(instance, -1)
            if known.version > version:
                return
            newer = {s: v for s, v in known.newer.items() if v > version}
            new = {source: frozenset(tables) for source, tables in wants.items()}
            new |= {source: known.tables[source] for source in newer}
            before = self._remote[node].tables if node in self._remote else {}
            self._remote[node] = _Wants(instance, version, new, newer)
            changed = _changed(before, new)
        if changed:
            self._on_change(changed)

    def hear_one(
        self, node: str, instance: str, version: int, source: str, tables: Iterable[str]
    ) -> None:
        """What a peer wants of one source, as of a version."""
        with self._lock:
            known = self._remote.get(node)
            if known is None or known.instance != instance:
                known = self._remote[node] = _Wants(instance, -1)
            if max(known.version, known.newer.get(source, -1)) > version:
                return
            before = known.tables.get(source, frozenset())
            known.tables[source] = frozenset(tables)
            known.newer[source] = version
            changed = before != known.tables[source]
        if changed:
            self._on_change([source])

    def forget(self, node: str, instance: str | None = None) -> None:
        """A peer left (that instance of it, if one is named)."""
        with self._lock:
            known = self._remote.get(node)
            if known is None or (instance is not None and known.instance != instance):
                return
            del self._remote[node]
        self._on_change(sorted(known.tables))

    def nodes(self) -> list[str]:
        """The peers that are known to want anything."""
        with self._lock:
            return sorted(self._remote)

    def of(self, source: str) -> frozenset[str]:
        """The tables of a source that anybody wants."""
        with self._lock:
            local = self._local.get(source, {}).values()
            remote = [w.tables[source] for w in self._remote.values() if source in w.tables]
            return frozenset().union(*local, *remote)

    def elsewhere(self, source: str) -> tuple[list[str], frozenset[str]]:
        """The peers that want something of a source, and what they want altogether."""
        with self._lock:
            nodes = [n for n, wants in self._remote.items() if wants.tables.get(source)]
            tables = [self._remote[node].tables[source] for node in nodes]
            return sorted(nodes), frozenset().union(*tables)


def _changed(old: Mapping[str, frozenset[str]], new: Mapping[str, frozenset[str]]) -> list[str]:
    """The sources of which two peers' wants differ."""
    sources = dict.fromkeys([*old, *new])
    return [s for s in sources if old.get(s, frozenset()) != new.get(s, frozenset())]
