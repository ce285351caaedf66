"""Whose desired actions are obeyed now, and what they ask for.

Imports the interfaces and the model only. Jobs of the action loop.

Invariants: nothing is concluded from a copy that is not complete or lags behind its
engine, nor from there being none; what rules that are not armed want or no longer
want has no effect; a leader's edges count only after its whole copy has been compared
with the ledger.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from congress.interfaces.leader import Leadership
from congress.interfaces.role import Arrival, Bus, Subscription
from congress.interfaces.runtime import Clock, Loop, Timer
from congress.interfaces.storage import LedgerEntry
from congress.model.action import DesiredAction
from congress.model.basis import Basis
from congress.roles.datasource.copies import (
    BASIS_TABLE,
    SOURCE_PREFIX,
    Copy,
    Edge,
    Turn,
    rule_of,
)
from congress.roles.datasource.electorate import Electorate, Sightings
from congress.roles.datasource.settings import Settings
from congress.roles.datasource.takeover import Known, Past, plan

LOG = logging.getLogger(__name__)


#: Seconds after which a moment is surely over.
SOON = 0.01


@dataclass(frozen=True, slots=True)
class _Watched:
    copy: Copy
    subscription: Subscription


class Follower:
    """Follows one leader at a time. ``sink`` gets the edges to record, in order."""

    def __init__(
        self,
        datasource: str,
        bus: Bus,
        loop: Loop,
        clock: Clock,
        settings: Settings,
        electorate: Electorate,
        sightings: Sightings,
        sink: Callable[[Sequence[Edge]], None],
    ) -> None:
        self._datasource = datasource
        self._bus = bus
        self._loop = loop
        self._clock = clock
        self._settings = settings
        self._electorate = electorate
        self._sightings = sightings
        self._sink = sink
        self._watched: dict[str, _Watched] = {}
        self._active: dict[str, DesiredAction] = {}
        self._past = Past()
        self._settling: dict[str, float] = {}
        self._obeyed: Copy | None = None
        #: Since when, monotonic.
        self._turned = 0.0
        self._begun = False
        self._confirmed = False
        self._malformed = False
        self._timer: Timer | None = None
        self._leadership: Leadership | None = None

    def begin(self, entries: Iterable[LedgerEntry], basis: Basis | None) -> None:
        """Start from what the ledger holds, and look around from now on.

        :param basis: what all of it follows from, if that is known.
        """
        now, wall = self._clock.monotonic(), self._clock.time()
        for entry in entries:
            if entry.active:
                self._active[entry.key] = entry.desired
            if not entry.manual:
                self._past.known[entry.key] = Known(rule_of(entry.desired), basis)
                self._past.touched[entry.key] = now - max(0.0, wall - entry.updated_at)
                self._past.rises[entry.key] = [now - max(0.0, wall - entry.created_at)]
        self._past.forget(now - self._memory())
        self._begun = True
        self.look()
        self._timer = self._loop.every(lambda: self._settings.heartbeat_interval, self.look)

    def close(self) -> None:
        """Follow nobody any more."""
        self._begun = False
        if self._timer:
            self._timer.cancel()
        for node in list(self._watched):
            self._drop(node)
        self._obeyed = None

    def leadership(self) -> Leadership | None:
        """Whom the strategy names. Any thread."""
        return self._leadership

    def confirmed(self) -> bool:
        """Whether a complete copy has been compared with the ledger."""
        return self._confirmed

    def following(self) -> bool:
        """Whether a copy is obeyed now."""
        return self._obeyed is not None

    def held(self, desired: DesiredAction) -> bool:
        """Whether the copy obeyed says that an action's rule is not armed."""
        return self._obeyed is not None and self._obeyed.held(desired)

    def copies(self) -> Mapping[str, bool]:
        """The engines watched, and whether their copy is whole. Any thread."""
        return {node: watched.copy.whole for node, watched in list(self._watched.items())}

    def look(self) -> None:
        """Take note of who came and went, and follow whoever leads."""
        if not self._begun:
            return
        now = self._clock.monotonic()
        before = now - self._memory()
        self._past.forget(before)
        for watched in self._watched.values():
            watched.copy.forget(before)
        self._follow(now)
        self._look_when_silent(now)

    def _look_when_silent(self, now: float) -> None:
        """Look again at the moment from which a leader is silent for too long, if that comes
        before the next look."""
        if self._leadership is not None:
            heard = self._electorate.last_heard(self._leadership.node)
            left = heard + self._settings.leader_timeout - now
            if 0 <= left < self._settings.heartbeat_interval:
                self._loop.later(left + SOON, self.look)

    def _sight(self, now: float) -> None:
        """Tell the strategy who was heard, however long ago this loop last came to it."""
        seen = self._sightings.all()
        gone, come = self._electorate.look(seen, now)
        for node in sorted(gone):
            self._drop(node)
        for node in sorted(come):
            self._watch(node, seen[node].instance)
        for node, watched in self._watched.items():
            # An engine that was not well when it published may be so by now.
            if watched.copy.whole:
                self._electorate.requested(node, seen[node].at)

    def _memory(self) -> float:
        return self._settings.park_window + self._settle_time()

    def _watch(self, node: str, instance: str) -> None:
        copy = Copy(self._datasource, node, instance)

        def arrived(arrival: Arrival) -> None:
            at = self._clock.monotonic()
            self._loop.post(lambda: self._take(copy, arrival, at))

        def changed(table: str, state: str) -> None:
            if table == copy.table:
                self._loop.post(lambda: self._change_state(copy, state == "live"))

        tables = [copy.table, BASIS_TABLE]
        subscription = self._bus.subscribe(SOURCE_PREFIX + node, tables, arrived, changed)
        self._watched[node] = _Watched(copy, subscription)

    def _drop(self, node: str) -> None:
        watched = self._watched.pop(node, None)
        if watched is not None:
            watched.subscription.close()
            if watched.copy is self._obeyed:
                self._obeyed = None

    def _is_watched(self, copy: Copy) -> bool:
        watched = self._watched.get(copy.node)
        return watched is not None and watched.copy is copy

    def _change_state(self, copy: Copy, live: bool) -> None:
        """A copy fell behind its engine, or caught up."""
        if self._is_watched(copy):
            copy.live = live
            now = self._clock.monotonic()
            if copy.whole:
                self._electorate.requested(copy.node, now)
            self._follow(now)

    def _take(self, copy: Copy, arrival: Arrival, at: float) -> None:
        if not self._is_watched(copy):
            return
        turn = copy.take(arrival, at)
        if turn.malformed and not self._malformed:
            self._malformed = True
            LOG.error("node %s publishes actions that cannot be read", copy.node)
        obeyed = copy is self._obeyed
        if copy.whole:
            self._electorate.requested(copy.node, at)
        self._follow(self._clock.monotonic())
        if obeyed and copy is self._obeyed:
            self._obey(copy, turn)

    def _follow(self, now: float) -> None:
        """Turn to the leader's copy if it is there and whole."""
        self._sight(now)
        leader = self._electorate.leader(now)
        if leader != self._leadership:
            self._leadership = leader
            if leader is not None:
                LOG.info("datasource %s obeys node %s", self._datasource, leader.node)
        watched = self._watched.get(leader.node) if leader else None
        copy = watched.copy if watched else None
        if copy is None or not leader or copy.instance != leader.instance or not copy.whole:
            self._obeyed = None
        elif copy is not self._obeyed:
            self._obeyed, self._turned = copy, now
            self._compare(copy, now)

    def _compare(self, copy: Copy, now: float) -> None:
        """Hold a whole copy against the ledger."""
        self._settling = {}
        self._confirmed = True
        self._carry_out(copy, now, None)

    def _carry_out(self, copy: Copy, now: float, only: Sequence[str] | None) -> None:
        """Record what keys (all, if not told which) need now, and leave the rest to settle."""
        made = plan(
            copy,
            self._active,
            self._past,
            now,
            turned=self._turned,
            settle=self._settle_time(),
            window=self._settings.park_window,
            only=only,
        )
        self._settling.update(made.settling)
        for due in sorted(set(made.settling.values())):
            self._loop.later(max(0.0, due - now), self._settle)
        self._emit(made.edges)

    def _settle(self) -> None:
        """Compare what was left to settle."""
        now = self._clock.monotonic()
        if self._obeyed is not None:
            keys = [key for key, due in sorted(self._settling.items()) if due <= now]
            for key in keys:
                del self._settling[key]
            self._carry_out(self._obeyed, now, keys)

    def _settle_time(self) -> float:
        """How far one engine may lag behind another: it takes its sources for present until
        they have been silent for so long, and so does this datasource with its leader. A
        leader that fell silent has told nothing for part of that, so what is left to settle
        after a failure is little."""
        return self._settings.peer_timeout + self._settings.leader_timeout

    def _obey(self, copy: Copy, turn: Turn) -> None:
        """Work in what one arrival of the leader changed."""
        now = self._clock.monotonic()
        settled = [k for k in sorted(self._settling) if self._past.outdated(k, copy)]
        for key in settled:
            del self._settling[key]
        edges: list[Edge] = []
        level = {edge.key: edge.key in self._active for edge in turn.edges}
        skipped = self._settling.keys() | settled
        for edge in turn.edges:
            if edge.key in skipped or copy.held(edge.desired):
                continue
            if level[edge.key] != edge.rise:
                level[edge.key] = edge.rise
                edges.append(edge)
        self._emit(edges)
        if settled:
            self._carry_out(copy, now, settled)
        if turn.armed:
            known = {**self._active, **copy.wants}
            keys = [k for k, d in sorted(known.items()) if rule_of(d) in turn.armed]
            self._level(copy, keys, now)

    def _level(self, copy: Copy, keys: Iterable[str], now: float) -> None:
        """Bring keys to where the copy has them."""
        edges: list[Edge] = []
        for key in keys:
            desired = copy.wants.get(key) or self._active.get(key)
            wanted = key in copy.wants
            if desired is None or key in self._settling or copy.held(desired):
                continue
            if wanted != (key in self._active):
                edges.append(Edge(desired, wanted, now, copy.basis(rule_of(desired))))
        self._emit(edges)

    def _emit(self, edges: Sequence[Edge]) -> None:
        for edge in edges:
            self._past.note(edge)
            if edge.rise:
                self._active[edge.key] = edge.desired
            else:
                self._active.pop(edge.key, None)
        if edges:
            self._sink(edges)
