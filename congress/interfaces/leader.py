"""Leader strategies: whose desired actions a datasource obeys.

May import the standard library and ``congress.model`` only. Namespace
``congress.leader.strategies``.

Each datasource has a strategy of its own and asks it locally; policy engines do
not know who leads. A strategy is a passive automaton: it is told what happened
and answers questions, always on one thread, with the time given by the caller
(monotonic seconds). It must not block, except that a strategy with the feature
``leases`` may use ``ctx.leases``.

Losing the leader must never need more than ``timeout`` seconds of silence to be
noticed. Any answer is safe: actions are claimed in the ledger, so a wrong or
changing leader costs time, never a doubled action.
"""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from congress.interfaces.plugin import OptionValue, Plugin
from congress.interfaces.runtime import Clock
from congress.model.status import Health


@dataclass(frozen=True, slots=True)
class Heard:
    """A heartbeat of a healthy policy engine arrived."""

    node: str
    instance: str


@dataclass(frozen=True, slots=True)
class Requested:
    """A policy engine published a complete set of desired actions."""

    node: str
    instance: str


@dataclass(frozen=True, slots=True)
class Left:
    """A node said goodbye, expired, or came back as another instance."""

    node: str
    instance: str


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A node is there but its policy engine is not, or says it is not well."""

    node: str
    instance: str
    health: Health


LeaderEvent: TypeAlias = Heard | Requested | Left | Unhealthy


@dataclass(frozen=True, slots=True)
class Leadership:
    """Who leads, since when (monotonic), and as the how-manieth choice of this strategy."""

    node: str
    instance: str
    epoch: int
    since: float


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """What a strategy may ask of storage: record, renew or withdraw a choice.

    ``acquire(resource, holder, ttl)`` returns the epoch, or ``None`` if another
    holder has it; ``release(resource, holder)`` whether that holder had it;
    ``holder(resource)`` who had it last, though it may have run out, or ``""``. All
    raise ``StorageError`` if storage is away; those that write also if the datasource
    is another node's by now.
    """

    acquire: Callable[[str, str, float], int | None]
    release: Callable[[str, str], bool]
    holder: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class LeaderContext:
    """What a strategy gets. ``timeout`` is a callable because it can be reloaded."""

    clock: Clock
    own_node: str
    datasource: str
    timeout: Callable[[], float]
    leases: LeaseTerms | None = None


class LeaderStrategy(Plugin):
    """A strategy. Constructed once per datasource."""

    interface_version: ClassVar[str] = "1.0"

    def __init__(self, config: dict[str, OptionValue], ctx: LeaderContext) -> None:
        self.config = config
        self.ctx = ctx

    @abc.abstractmethod
    def observe(self, event: LeaderEvent, now: float) -> None:
        """Take note of an event. Events may repeat; they arrive in the order seen."""

    @abc.abstractmethod
    def leader(self, now: float) -> Leadership | None:
        """Whom to obey now. The same answer until something changed."""
