"""A subscription: a feed, its inbox, and what they need of the node.

May import ``congress.interfaces`` and this package.

Invariant: the feed is touched on the data loop only.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from congress.bus.counters import Counters
from congress.bus.feed import Feed
from congress.bus.inbox import Inbox
from congress.bus.messages import SyncMore, SyncPart
from congress.bus.options import BusOptions
from congress.bus.port import Provider
from congress.bus.sync import Ask, Collector
from congress.interfaces.role import Arrival
from congress.interfaces.runtime import Clock
from congress.model.delta import Snapshot


@dataclass(frozen=True, slots=True)
class Means:
    """What subscriptions need of their node.

    ``post`` runs a job on the data loop, ``submit`` on a delivery thread;
    ``ask`` and ``ask_more`` send to a node; ``changed(subscription)`` is told when
    tables change, also for the last time.
    """

    clock: Clock
    options: BusOptions
    counters: Counters
    rng: random.Random
    post: Callable[[Callable[[], object]], None]
    submit: Callable[[Callable[[], None]], bool]
    ask: Callable[["SourceSubscription", Provider, Ask], None]
    ask_more: Callable[[str, SyncMore], None]
    changed: Callable[["SourceSubscription"], None]


class SourceSubscription:
    """See ``interfaces.role.Subscription``. ``name`` is unique over all nodes."""

    def __init__(
        self,
        number: int,
        name: str,
        source: str,
        tables: Iterable[str],
        handlers: tuple[Callable[[Arrival], None], Callable[[str, str], None] | None],
        means: Means,
    ) -> None:
        self.number = number
        self.name = name
        self.source = source
        self.tables = frozenset(tables)
        self.closed = False
        #: Since when (monotonic) not all that is known to exist has been handed over.
        self._behind_since: float | None = None
        #: Tables that were added and have had no snapshot since: what is on its way
        #: of them may be from before they were removed, and means nothing.
        self._awaited = set(self.tables)
        self._means = means
        self._on_arrival, on_state = handlers
        self.feed = Feed(source, name, self, means.options, means.rng, means.counters)
        self.collector = Collector(source, means.ask_more)
        self.inbox = Inbox(
            self._deliver,
            on_state,
            submit=means.submit,
            max_rows=means.options.max_inbox_rows,
            on_lost=lambda: means.post(self.feed.lost),
            on_drained=lambda: means.post(self._resume),
            on_conflated=lambda: means.counters.count("conflated"),
        )

    # For the subscriber

    def set_tables(self, tables: Iterable[str]) -> None:
        """Subscribe to exactly these tables."""
        wanted = frozenset(tables)
        if wanted != self.tables and not self.closed:
            self._awaited |= wanted - self.tables
            self.tables = wanted
            self._means.changed(self)

    def states(self) -> Mapping[str, str]:
        """``pending syncing live stale`` per table."""
        states = self.feed.states()
        return {table: states.get(table, "pending") for table in sorted(self.tables)}

    def close(self) -> None:
        """Receive no more."""
        if not self.closed:
            self.closed = True
            self.inbox.close()
            self._means.changed(self)

    # For the node, on the data loop

    def refresh(self, tables: Iterable[str]) -> None:
        """Tell the feed which tables are wanted."""
        self.feed.set_tables(tables, self._means.clock.monotonic())

    def take(self, part: SyncPart) -> None:
        """A piece of an answer arrived."""
        now = self._means.clock.monotonic()
        try:
            answer = self.collector.take(part)
        except ValueError:
            self._means.counters.count("messages.unreadable")
            self.collector.expect("", "")
            return
        if answer is not None:
            self.feed.answered(answer, now)
        else:
            self.feed.progress(now)

    def tick(self) -> None:
        """Time has passed."""
        now = self._means.clock.monotonic()
        self.feed.tick(now)
        self.inbox.kick()
        if not self._is_behind():
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now

    def stats(self) -> dict[str, Any]:
        """For status."""
        position = self.feed.position
        return {
            "source": self.source,
            "tables": dict(self.states()),
            "epoch": position.epoch.number if position else None,
            "seq": position.seq if position else None,
            "lag": self.feed.lag(),
            "lag_seconds": self._behind_for(),
            "inbox_rows": self.inbox.rows,
        }

    def _is_behind(self) -> bool:
        live = all(state == "live" for state in self.states().values())
        return bool(self.feed.lag() or self.inbox.rows or not live)

    def _behind_for(self) -> float:
        since = self._behind_since
        return 0.0 if since is None else self._means.clock.monotonic() - since

    # For the feed

    def ask(self, provider: Provider, ask: Ask) -> None:
        """Send a request."""
        self.collector.expect(provider.node, ask.token)
        self._means.ask(self, provider, ask)

    def nudge(self) -> bool:
        """Ask for the rest of an answer under way."""
        return self.collector.nudge()

    def emit(self, arrival: Arrival) -> None:
        """Hand an arrival on."""
        self._means.counters.count("arrivals")
        self.inbox.put(arrival)

    def tell(self, table: str, state: str) -> None:
        """Hand a state on."""
        self.inbox.tell(table, state)

    def _resume(self) -> None:
        """The subscriber has caught up after a loss, of which the feed was told before."""
        self.inbox.reopen()
        self.feed.resume(self._means.clock.monotonic())

    def _deliver(self, arrival: Arrival) -> None:
        """Give the subscriber what is of tables it still wants."""
        if self.closed:
            return
        for change in arrival.changes:
            if isinstance(change, Snapshot):
                self._awaited.discard(change.table)
        known = self.tables - self._awaited
        if any(change.table not in known for change in arrival.changes):
            changes = tuple(c for c in arrival.changes if c.table in known)
            arrival = replace(arrival, changes=changes)
        if any(table not in self.tables for table in arrival.coverage):
            coverage = {t: c for t, c in arrival.coverage.items() if t in self.tables}
            arrival = replace(arrival, coverage=coverage)
        if arrival.changes or arrival.coverage:
            self._on_arrival(arrival)
