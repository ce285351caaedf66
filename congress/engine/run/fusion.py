"""Readers of one table made into one function, for changes of one row.

May import ``congress.engine`` below it and ``congress.model`` only.

Invariant: a fusion is right as long as the readers of its table and the generation
of the network stay; whoever changes either makes a new one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from congress.engine.plan.source import Fusible, fuse
from congress.engine.run.clause import function_of
from congress.engine.run.drafts import code_of

if TYPE_CHECKING:
    from congress.engine.run.node import Entry, EntryKey, Outlet
    from congress.engine.run.table import Key

#: After so many changes a function pays for its making.
_PAYS = 4
#: With more wanted constants than this, readers are found by what they want.
_FEW_KEYS = 4
_MOST_PARTS = 64

#: Takes the rows that came and went, the pending counts, ``schedule`` and the meter.
Fused: TypeAlias = Callable[..., None]


class Fusion:
    """What hands on a change of certain columns.

    :param outlets: the readers that look at any of these columns.
    :param rest: the outlets that ``function`` does not serve.
    """

    __slots__ = ("_uses", "function", "generation", "rest")

    def __init__(self, outlets: "Sequence[Outlet]", generation: int) -> None:
        self.generation = generation
        self.function: Fused | None = None
        self.rest = outlets
        self._uses = 0

    def use(self) -> Fused | None:
        """The function, if it has paid to make one."""
        self._uses += 1
        if self._uses == _PAYS:
            self._fuse()
        return self.function

    def _fuse(self) -> None:
        parts: list[Fusible] = []
        parameters: list[object] = []
        rest: list[Outlet] = []
        for outlet in self.rest:
            found = _parts(outlet[2], _MOST_PARTS - len(parts))
            if found is None:
                rest.append(outlet)
                continue
            for entry, part, own in found:
                parts.append(part)
                parameters += [entry.target, entry.clause.name, *own]
        if parts:
            self.function = function_of(code_of(fuse(tuple(parts))), tuple(parameters))
            self.rest = rest


def _parts(
    readers: "Mapping[Key, Mapping[EntryKey, Entry]]", most: int
) -> "list[tuple[Entry, Fusible, tuple[object, ...]]] | None":
    """What the readers of an outlet contribute; None if they are better found one by one."""
    entries = [entry for each in readers.values() for entry in each.values()]
    if len(readers) > _FEW_KEYS or len(entries) > most:
        return None
    found: list[tuple[Entry, Fusible, tuple[object, ...]]] = []
    for entry in entries:
        plain = entry.clause.live and not entry.later and entry.target.group is None
        made = entry.clause.fusible(entry.position) if plain else None
        if made is None:
            return None
        found.append((entry, Fusible(made[0], entry.negated), made[1]))
    return found
