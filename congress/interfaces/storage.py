"""Storage backends: what must survive a restart.

May import the standard library and ``congress.model`` only. Namespace
``congress.storage.backends``.

Everything happens in a transaction. A write transaction is atomic and
serialisable in effect: either all of it is stored or none, and two that collide
do not both succeed. There are no table locks; collisions are found by unique
constraints and by compare-and-swap, and surface as ``Conflict`` or
``Duplicate``. ``StorageBackend.run`` repeats a transaction that ended in
``Conflict``.

Ledger, leases and their epochs belong to one ``bus_id``; the rest is shared by
all who use the database. Objects handed in and out are immutable values.

Names and ids have 1 to 255 characters and no control characters; a store refuses
another one with ``Refused`` (``invalid`` or ``too-large``). Texts of any length
and content come back as they were; so do JSON values.

Known features: ``persistent`` (survives the process), ``shared`` (usable by
several nodes at once), ``migrations`` (has a schema that ``congress-db-manage``
keeps).
"""

import abc
import enum
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeVar

from congress.interfaces.plugin import OptionValue, Plugin
from congress.interfaces.runtime import Clock
from congress.model.action import ActionState, DesiredAction, Promise
from congress.model.policy import PolicyDef, RuleDef
from congress.model.values import Row

T = TypeVar("T")


class StorageError(Exception):
    """The backend cannot be used now; trying again later may help."""


class Conflict(StorageError):  # noqa: N818 - the usual word
    """Somebody else changed what this transaction relied on; repeat it."""


class Duplicate(StorageError):  # noqa: N818 - the usual word
    """A thing with that name or identity exists already."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} {name!r} exists already")
        self.kind = kind
        self.name = name


class Fenced(StorageError):  # noqa: N818 - the usual word
    """The lease that the transaction was made under is no longer held."""


class SchemaState(enum.StrEnum):
    """How the stored schema compares with what the program needs."""

    CURRENT = "current"
    EMPTY = "empty"
    OLD = "old"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DatasourceRecord:
    """A configured datasource. Secret options in ``config`` are sealed.

    ``sealed`` names them. ``generation`` grows with every change.
    """

    id: str
    name: str
    driver: str
    config: Mapping[str, OptionValue] = field(default_factory=dict)
    description: str | None = None
    enabled: bool = True
    sealed: tuple[str, ...] = ()
    generation: int = 1


@dataclass(frozen=True, slots=True)
class LibraryRecord:
    """A policy of the library. ``digest`` is that of the file it came from, if any."""

    id: str
    name: str
    kind: str
    abbreviation: str
    description: str
    rules: tuple[Mapping[str, object], ...]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One change of policy, as others apply it.

    ``op`` is ``create delete update``; ``kind`` is ``policy rule datasource
    library``; ``payload`` is a JSON object with what is needed to apply it.
    """

    op: str
    kind: str
    object_id: str
    payload: Mapping[str, object]
    revision: int = 0


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Where an action stands.

    ``generation`` counts the rises of the key; ``fence`` is the epoch of the
    datasource lease under which it was claimed; times are seconds since the
    epoch. ``manual`` entries come from a person and are never active.
    """

    key: str
    desired: DesiredAction
    generation: int
    active: bool
    state: ActionState
    promise: Promise = Promise.AT_MOST_ONCE
    fence: int = 0
    attempts: int = 0
    manual: bool = False
    result: object = None
    message: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """Who owns a resource. ``epoch`` grows by one with every change of owner."""

    resource: str
    owner: str
    epoch: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class Fence:
    """A promise to hold a lease in that epoch, checked when the transaction ends."""

    resource: str
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who did what, when, and how it ended."""

    at: float
    actor: str
    verb: str
    target: str
    outcome: str
    request_id: str = ""
    revision: int = 0
    details: Mapping[str, object] = field(default_factory=dict)
    id: int = 0


class PolicyStore(Protocol):
    """Policies by id and by name; names are unique."""

    def add(self, policy: PolicyDef) -> None:
        """:raises Duplicate: name or id is taken."""

    def get(self, id_or_name: str) -> PolicyDef | None:
        """By name first, then by id."""

    def list(self) -> Sequence[PolicyDef]:
        """All, by name."""

    def replace(self, policy: PolicyDef) -> bool:
        """Store a changed policy under its id; ``False`` if there is none.

        :raises Duplicate: the new name is taken."""

    def remove(self, policy_id: str) -> bool:
        """Remove it and its rules; ``False`` if there is none."""


class RuleStore(Protocol):
    """Rules by id. ``RuleDef.policy`` is the policy's *name* at the time of reading.

    ``fingerprint`` is a text that is equal for equivalent rules; it is unique
    within a policy, so two nodes cannot both store the same rule.
    """

    def add(self, rule: RuleDef, fingerprint: str) -> None:
        """:raises Duplicate: id taken, or an equivalent rule present.
        :raises KeyError: no such policy."""

    def get(self, rule_id: str) -> RuleDef | None:
        """The rule of that id."""

    def list(self, policy: str | None = None) -> Sequence[RuleDef]:
        """Those of one policy (by name), or all, in the order they were added."""

    def replace(self, rule: RuleDef, fingerprint: str) -> bool:
        """Store a changed rule under its id; ``False`` if there is none."""

    def remove(self, rule_id: str) -> bool:
        """Remove it; ``False`` if there is none."""


class DatasourceStore(Protocol):
    """Datasources by id and by name; names are unique."""

    def add(self, datasource: DatasourceRecord) -> None:
        """:raises Duplicate: name or id is taken."""

    def get(self, id_or_name: str) -> DatasourceRecord | None:
        """By name first, then by id."""

    def list(self) -> Sequence[DatasourceRecord]:
        """All, by name."""

    def replace(self, datasource: DatasourceRecord) -> bool:
        """Store a changed record under its id; ``False`` if there is none."""

    def remove(self, datasource_id: str) -> bool:
        """Remove it, its pushed rows and nothing else; ``False`` if there is none."""


class LibraryStore(Protocol):
    """Library policies by id and by name; names are unique."""

    def add(self, record: LibraryRecord) -> None:
        """:raises Duplicate: name or id is taken."""

    def get(self, id_or_name: str) -> LibraryRecord | None:
        """By id first, then by name."""

    def list(self) -> Sequence[LibraryRecord]:
        """All, by name."""

    def replace(self, record: LibraryRecord) -> bool:
        """Store a changed record under its id; ``False`` if there is none."""

    def remove(self, record_id: str) -> bool:
        """Remove it; ``False`` if there is none."""


class PushedRowStore(Protocol):
    """Rows given to a datasource from outside, by datasource id and table."""

    def tables(self, datasource_id: str) -> Mapping[str, frozenset[Row]]:
        """All stored tables, those that were emptied included."""

    def apply(
        self,
        datasource_id: str,
        table: str,
        *,
        add: Sequence[Row] = (),
        remove: Sequence[Row] = (),
        clear: bool = False,
    ) -> None:
        """Clear the table if asked, remove rows, then add rows.

        Removing an absent row or adding a present one is no error. Values keep their
        types; rows that differ only in 1 and 1.0 are one, and the first stays.

        :raises KeyError: no such datasource."""

    def seen(self, datasource_id: str, idempotency_key: str) -> bool:
        """Take note of a key; ``True`` if it had been noted before.

        Keys are remembered for a day at least. :raises KeyError: no such datasource."""


class LedgerStore(Protocol):
    """The execution log of this bus, one entry per key."""

    def get(self, key: str) -> LedgerEntry | None:
        """The entry of that key."""

    def list(
        self,
        datasource: str | None = None,
        *,
        states: Sequence[ActionState] = (),
        active: bool | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Sequence[LedgerEntry]:
        """Entries that match all that is given, by ``updated_at`` and key."""

    def put(self, entry: LedgerEntry, expected: LedgerEntry | None) -> None:
        """Store an entry in place of the expected one (``None``: there is none).

        Compared are key, generation, active and state.

        :raises Conflict: another one is stored."""

    def forget(self, before: float) -> int:
        """Drop entries that are final, inactive and older; tell how many."""


class LeaseStore(Protocol):
    """Leases of this bus, timed by the backend's own clock."""

    def acquire(self, resource: str, owner: str, ttl: float) -> LeaseRecord | None:
        """Take or renew a lease for ``ttl`` seconds.

        The owner keeps its epoch, also if it is late and nobody came in between; a new
        owner of a free or expired lease gets the next one. ``None`` if somebody else
        holds it."""

    def release(self, resource: str, owner: str) -> bool:
        """Give it up at once; the lease then has the owner ``""``, and whoever takes it
        next, this owner included, gets the next epoch. ``False`` if it had none."""

    def get(self, resource: str) -> LeaseRecord | None:
        """The lease as it stands, expired or not."""

    def list(self, prefix: str = "") -> Sequence[LeaseRecord]:
        """All whose resource begins so, by resource."""


class ChangeStore(Protocol):
    """The revision of policy and the changes that led to it."""

    def revision(self) -> int:
        """The current revision; 0 at first."""

    def advance(self, expected: int, changes: Sequence[ChangeRecord]) -> int:
        """Go from the expected revision to the next, and log the changes under it.

        :raises Conflict: the revision is another one by now."""

    def since(self, revision: int, limit: int = 1000) -> Sequence[ChangeRecord] | None:
        """The changes after a revision, oldest first; ``None`` if they are no longer kept.

        No revision is told in part: if the limit falls within one, the rest of it follows."""

    def trim(self, keep: int) -> int:
        """Keep the newest ``keep`` revisions' changes; tell how many records went."""


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which records are asked for: those that match all that is given.

    :param since: those at that time or later, seconds since the epoch.
    :param until: those before that time.
    """

    actor: str | None = None
    verb: str | None = None
    target: str | None = None
    outcome: str | None = None
    request_id: str | None = None
    since: float | None = None
    until: float | None = None


class AuditStore(Protocol):
    """The audit trail; ids grow."""

    def add(self, record: AuditRecord) -> None:
        """Append a record; its id is given by the store."""

    def list(
        self, query: AuditQuery | None = None, *, before_id: int | None = None, limit: int = 1000
    ) -> Sequence[AuditRecord]:
        """The newest records that match, the newest first; with ``before_id``, older ones."""

    def forget(self, before: float) -> int:
        """Drop records of an earlier time; tell how many."""


class FactStore(Protocol):
    """A few named texts about the installation itself (key fingerprint, instance id)."""

    def get(self, name: str) -> str | None:
        """The text of that name."""

    def set(self, name: str, value: str, expected: str | None) -> None:
        """Store it in place of the expected one. :raises Conflict: another one is stored."""


class Transaction(Protocol):
    """The stores, all within one transaction. Invalid once the transaction ended."""

    policies: PolicyStore
    rules: RuleStore
    datasources: DatasourceStore
    library: LibraryStore
    pushed: PushedRowStore
    ledger: LedgerStore
    leases: LeaseStore
    changes: ChangeStore
    audit: AuditStore
    facts: FactStore


@dataclass(frozen=True, slots=True)
class StorageContext:
    """What a backend gets besides its configuration.

    ``hub`` is an object shared by the nodes of one process, if there are several;
    ``memory`` keeps its contents there so that nodes can share them.
    ``conf`` is the node's whole configuration object, for oslo.db.
    """

    bus_id: str
    clock: Clock
    conf: object = None
    hub: object = None


class StorageBackend(Plugin):
    """A backend. Constructed without I/O. Methods may be called from any thread."""

    interface_version: ClassVar[str] = "1.0"

    def __init__(self, config: dict[str, OptionValue], ctx: StorageContext) -> None:
        self.config = config
        self.ctx = ctx

    @abc.abstractmethod
    def open(self) -> None:
        """Connect. Creates and migrates what belongs to this process alone (an SQLite file).

        :raises Refused: ``schema-version`` if the schema is old and not ours to migrate.
        :raises StorageError: the database cannot be reached."""

    @abc.abstractmethod
    def close(self) -> None:
        """Disconnect. Idempotent."""

    @abc.abstractmethod
    def schema_state(self) -> SchemaState:
        """How the stored schema compares with what this program needs."""

    @abc.abstractmethod
    def transaction(
        self, *, write: bool = False, fence: Fence | None = None
    ) -> AbstractContextManager[Transaction]:
        """A transaction; it ends with the ``with`` block, rolled back by an exception.

        :param write: whether anything will be changed.
        :param fence: the lease that must still be held, and not expired, at the end of
            a write.
        :raises Conflict: at the end, or from a store; nothing was stored.
        :raises Fenced: the fence was lost; nothing was stored.
        :raises StorageError: the database is away; nothing was stored, unless the
            connection was lost in the very moment of the commit."""

    def run(
        self, work: Callable[[Transaction], T], *, fence: Fence | None = None, attempts: int = 10
    ) -> T:
        """Do a piece of work in a write transaction, again if it collides.

        ``work`` may run several times, so it must have no other effects.

        :raises Conflict: after the last attempt."""
        for left in range(attempts - 1, -1, -1):
            try:
                with self.transaction(write=True, fence=fence) as tx:
                    return work(tx)
            except Conflict:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Do a piece of work in a read transaction."""
        with self.transaction() as tx:
            return work(tx)
