"""Transactions over contents in memory.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Invariant: write transactions of one hub follow one another, so none of them ever
sees or overwrites what another has half done; reading needs no lock.
"""

from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from congress.interfaces.plugin import OptionValue, PluginInfo
from congress.interfaces.storage import (
    AuditStore,
    ChangeStore,
    DatasourceStore,
    FactStore,
    Fence,
    Fenced,
    LeaseStore,
    LedgerStore,
    LibraryStore,
    PolicyStore,
    PushedRowStore,
    RuleStore,
    SchemaState,
    StorageBackend,
    StorageContext,
    Transaction,
)
from congress.plugins.storage.gate import Gate
from congress.plugins.storage.memory.contents import Drafts, MemoryHub
from congress.plugins.storage.memory.execution import (
    MemoryAudit,
    MemoryFacts,
    MemoryLeases,
    MemoryLedger,
)
from congress.plugins.storage.memory.named import MemoryDatasources, MemoryLibrary, MemoryPolicies
from congress.plugins.storage.memory.pushed import MemoryPushedRows
from congress.plugins.storage.memory.rules import MemoryChanges, MemoryRules

#: Where the contents are in a hub that holds things of other plugins too.
HUB_KEY = "storage"


class MemoryTransaction:
    """See ``Transaction``."""

    def __init__(self, drafts: Drafts, ctx: StorageContext) -> None:
        self.policies: PolicyStore = MemoryPolicies(drafts)
        self.rules: RuleStore = MemoryRules(drafts)
        self.datasources: DatasourceStore = MemoryDatasources(drafts)
        self.library: LibraryStore = MemoryLibrary(drafts)
        self.pushed: PushedRowStore = MemoryPushedRows(drafts, ctx.clock)
        self.ledger: LedgerStore = MemoryLedger(drafts, ctx.bus_id)
        self.leases: LeaseStore = MemoryLeases(drafts, ctx.bus_id, ctx.clock)
        self.changes: ChangeStore = MemoryChanges(drafts)
        self.audit: AuditStore = MemoryAudit(drafts)
        self.facts: FactStore = MemoryFacts(drafts)


class MemoryStorage(StorageBackend):
    """Keeps everything in a ``MemoryHub``.

    ``ctx.hub`` is one, or a mutable mapping or an object with attributes that
    gets one as ``storage``; without a hub the contents are this backend's own.
    """

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            name="memory",
            summary="Keeps everything in memory; a restart begins anew.",
            features={"persistent": False, "shared": False, "migrations": False},
        )

    def __init__(self, config: dict[str, OptionValue], ctx: StorageContext) -> None:
        super().__init__(config, ctx)
        self.hub = hub_in(ctx.hub)

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """The contents stay in the hub."""

    def schema_state(self) -> SchemaState:
        return SchemaState.CURRENT

    def transaction(
        self, *, write: bool = False, fence: Fence | None = None
    ) -> AbstractContextManager[Transaction]:
        return self._transaction(write, fence)

    @contextmanager
    def _transaction(self, write: bool, fence: Fence | None) -> Iterator[Transaction]:
        with self.hub.writer if write else nullcontext():
            gate = Gate(write=write)
            drafts = Drafts(self.hub.contents, gate)
            try:
                yield MemoryTransaction(drafts, self.ctx)
                gate.check()
                if write:
                    self._commit(drafts, fence)
            finally:
                gate.open = False

    def _commit(self, drafts: Drafts, fence: Fence | None) -> None:
        """:raises Fenced: the fence was lost."""
        leases = MemoryLeases(drafts, self.ctx.bus_id, self.ctx.clock)
        if fence is not None and not leases.holds(fence):
            raise Fenced(f"{fence.owner} does not hold {fence.resource} any more")
        self.hub.contents = drafts.result()


def hub_in(hub: object) -> MemoryHub:
    """The contents that belong to a hub."""
    if hub is None:
        return MemoryHub()
    if isinstance(hub, MemoryHub):
        return hub
    place = hub if isinstance(hub, MutableMapping) else vars(hub)
    contents = place.setdefault(HUB_KEY, MemoryHub())
    if not isinstance(contents, MemoryHub):
        raise TypeError(f"the hub's {HUB_KEY!r} is not a MemoryHub")
    return contents
