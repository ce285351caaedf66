"""Things with an id and a unique name: policies, datasources, library policies.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Invariant: within one kind no two things have the same id or the same name.
"""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from congress.interfaces.storage import DatasourceRecord, Duplicate, LibraryRecord
from congress.model.policy import PolicyDef
from congress.plugins.storage.limits import checked_name
from congress.plugins.storage.memory.contents import Draft, Drafts
from congress.plugins.storage.records import settled_datasource, settled_library

V = TypeVar("V")


class Named(Protocol):
    """What the store needs to know of a thing."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


class NamedStore(Generic[N]):
    """Things of one kind. ``settle`` makes a record independent of its giver."""

    def __init__(self, kind: str, draft: Draft[str, N], settle: Callable[[N], N]) -> None:
        self._kind = kind
        self._draft = draft
        self._settle = settle

    def add(self, thing: N) -> None:
        checked_name(self._kind, thing.id)
        self._check_name(thing)
        if thing.id in self._draft.rows:
            raise Duplicate(self._kind, thing.id)
        self._draft.edit()[thing.id] = self._settle(thing)

    def get(self, id_or_name: str) -> N | None:
        return self.by_name(id_or_name) or self._draft.rows.get(id_or_name)

    def by_name(self, name: str) -> N | None:
        """The thing of that name."""
        return next((thing for thing in self._draft.rows.values() if thing.name == name), None)

    def list(self) -> Sequence[N]:
        return sorted(self._draft.rows.values(), key=lambda thing: thing.name)

    def replace(self, thing: N) -> bool:
        if thing.id not in self._draft.rows:
            return False
        self._check_name(thing)
        self._draft.edit()[thing.id] = self._settle(thing)
        return True

    def remove(self, thing_id: str) -> bool:
        if thing_id not in self._draft.rows:
            return False
        del self._draft.edit()[thing_id]
        return True

    def _check_name(self, thing: N) -> None:
        """:raises Duplicate: if another thing has the name."""
        other = self.by_name(checked_name(self._kind, thing.name))
        if other is not None and other.id != thing.id:
            raise Duplicate(self._kind, thing.name)


class MemoryPolicies(NamedStore[PolicyDef]):
    """See ``PolicyStore``."""

    def __init__(self, drafts: Drafts) -> None:
        super().__init__("policy", drafts.policies, lambda policy: policy)
        self._rules = drafts.rules

    def remove(self, policy_id: str) -> bool:
        if not super().remove(policy_id):
            return False
        gone = [key for key, stored in self._rules.rows.items() if stored.rule.policy == policy_id]
        for key in gone:
            del self._rules.edit()[key]
        return True


class MemoryDatasources(NamedStore[DatasourceRecord]):
    """See ``DatasourceStore``."""

    def __init__(self, drafts: Drafts) -> None:
        super().__init__("datasource", drafts.datasources, settled_datasource)
        self._drafts = drafts

    def remove(self, datasource_id: str) -> bool:
        if not super().remove(datasource_id):
            return False
        drop_datasource(self._drafts.pushed, datasource_id)
        drop_datasource(self._drafts.push_keys, datasource_id)
        return True


def drop_datasource(draft: Draft[tuple[str, str], V], datasource_id: str) -> None:
    """Drop what is kept for a datasource."""
    for key in [key for key in draft.rows if key[0] == datasource_id]:
        del draft.edit()[key]


class MemoryLibrary(NamedStore[LibraryRecord]):
    """See ``LibraryStore``."""

    def __init__(self, drafts: Drafts) -> None:
        super().__init__("library policy", drafts.library, settled_library)

    def get(self, id_or_name: str) -> LibraryRecord | None:
        return self._draft.rows.get(id_or_name) or self.by_name(id_or_name)
