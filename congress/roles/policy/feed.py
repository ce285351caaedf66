"""Data of sources into the engine: what rules need, as it arrives, in whole batches.

Imports the engine, the interfaces and the model. State is touched by jobs of the
engine loop only; schemas are asked for in a pool, so that a source that does not
answer holds up nobody but itself.

Invariant: every arrival is one transaction of the engine, together with what it
changes in ``_status:tables``. A table that no rule needs is not subscribed to and
holds no rows.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from congress.engine import Changes, Edit, ReplaceTables, SetSchema, UpdateTable
from congress.interfaces.role import Arrival, Bus, Epoch, Subscription
from congress.interfaces.runtime import Pool, Timer
from congress.model.delta import Change, Snapshot
from congress.model.diagnostic import Refused, Severity
from congress.model.schema import Schema
from congress.model.values import Row
from congress.roles.policy.mirrors import Mirrors
from congress.roles.policy.runtime import EngineRuntime
from congress.roles.policy.source import Extent, SourceState, TableState
from congress.roles.policy.standing import STATUS_SOURCE, STATUS_TABLE, status_report

LOG = logging.getLogger(__name__)

SCHEMA_TOPIC = "schema-changed"
SCHEMA_TIMEOUT = 5.0
LOOK_INTERVAL = 1.0
APPLY_TIMEOUT = 120.0
REPAIR_DELAY = 30.0


class Feed:
    """The subscriptions of this engine.

    :param refresh_mirrors: brings the engine's mirror policies in line with
        ``mirrors``; called on the engine loop.
    """

    def __init__(
        self,
        bus: Bus,
        runtime: EngineRuntime,
        pool: Pool,
        mirrors: Mirrors,
        refresh_mirrors: Callable[[], None],
    ) -> None:
        self._bus = bus
        self._runtime = runtime
        self._pool = pool
        self._mirrors = mirrors
        self._refresh_mirrors = refresh_mirrors
        self._states: dict[str, SourceState] = {}
        self._status: frozenset[Row] = frozenset()
        self._timer: Timer | None = None
        self.rejected: dict[str, int] = {}
        #: What the rows in the engine are of, by source and table; replaced, never changed.
        self.extents: Mapping[tuple[str, str], Extent] = {}
        runtime.listen(self._committed)

    def open(self) -> None:
        """Begin to look who is there; on the engine loop."""
        self._bus.on_notice(SCHEMA_TOPIC, self._on_schema_notice)
        self._timer = self._runtime.loop.every(LOOK_INTERVAL, self.look)
        self.look()

    def close(self) -> None:
        """Give up all subscriptions; on the engine loop."""
        if self._timer:
            self._timer.cancel()
        for state in self._states.values():
            if state.subscription:
                state.subscription.close()

    def usable(self, source: str, table: str) -> bool:
        """Whether an action may rely on a table; on the engine loop."""
        if source == STATUS_SOURCE:
            return True
        state = self._states.get(source)
        return state is not None and state.usable(table)

    def report(self) -> dict[str, Any]:
        """Each subscribed table, for people."""
        return status_report(self._status, self.rejected)

    def tables(self, source: str) -> list[str]:
        """The tables of a source that are subscribed to; any thread."""
        if source == STATUS_SOURCE:
            return [STATUS_TABLE]
        state = self._states.get(source)
        return sorted(state.tables) if state else []

    def look(self) -> None:
        """Find out who is there: new sources, new epochs, sources that went."""
        announced: dict[str, Epoch] = {}
        for peer in self._bus.peers():
            for name, position in peer.sources.items():
                if "/" not in name:
                    announced[name] = max(position.epoch, announced.get(name, position.epoch))
        if self._mirrors.announce(announced):
            self._refresh_mirrors()
        mirrored = self._mirrored()
        for name in sorted(announced.keys() & mirrored):
            state = self._state(name)
            state.hear(announced[name])
            if state.schema_epoch != state.epoch:
                self._fetch(state, state.epoch)
        for state in list(self._states.values()):
            self._advance(state)
        self._tell_status()

    def drop(self, names: Iterable[str]) -> None:
        """Forget sources whose mirror was dropped, whatever they still send."""
        for name in names:
            state = self._states.pop(name, None)
            if state and state.subscription:
                state.subscription.close()

    def sources(self) -> list[str]:
        """The sources that can be asked for their tables; on the engine loop."""
        return sorted(name for name in self._mirrored() if name != STATUS_SOURCE)

    def learn_now(self, name: str) -> bool:
        """Ask a source for its schema and wait for the answer; tell whether it is news.

        Not to be called on the engine loop.
        """
        schema = self._ask(name)
        if schema is None:
            return False

        def learn() -> bool:
            state = self._state(name)
            if schema == state.schema:
                return False
            self._learn(state, schema, state.schema_epoch)
            return True

        return self._runtime.loop.call(learn, SCHEMA_TIMEOUT)

    def _on_schema_notice(self, node: str, payload: Mapping[str, Any]) -> None:
        """A source has other tables than before."""

        def ask() -> None:
            state = self._states.get(str(payload.get("source")))
            if state and state.schema is not None:
                self._fetch(state, state.schema_epoch)

        self._runtime.loop.post(ask)

    def _committed(self, changes: Changes, structural: bool) -> None:
        for row in changes.rejected:
            name = f"{row.policy}:{row.table}"
            if name not in self.rejected:
                LOG.warning("a row of %s was left out: %s", name, row.reason)
            self.rejected[name] = self.rejected.get(name, 0) + 1
        for problem in changes.warnings:
            if problem.severity is Severity.ERROR:
                LOG.warning("a rule was switched off: %s", problem.render())
        if structural:
            self._runtime.loop.post(self._subscribe)

    def _mirrored(self) -> frozenset[str]:
        policies = self._runtime.read(lambda engine: dict(engine.policies()))
        return frozenset(name for name, kind in policies.items() if kind == "datasource")

    def _state(self, name: str) -> SourceState:
        return self._states.setdefault(name, SourceState(name))

    def _subscribe(self) -> None:
        """Subscribe to exactly what rules need now."""
        needed = dict(self._runtime.read(lambda engine: dict(engine.needed())))
        needed.pop(STATUS_SOURCE, None)
        edits: list[Edit] = []
        mirrored = self._mirrored()
        for name in sorted(needed.keys() | self._states.keys()):
            state = self._state(name)
            gone = self._adjust(state, frozenset(needed.get(name, ())))
            if gone and name in mirrored:
                edits.append(ReplaceTables(name, dict.fromkeys(gone, ())))
        self._transact(edits)

    def _adjust(self, state: SourceState, tables: frozenset[str]) -> list[str]:
        """Want these tables of a source; give back those wanted no longer."""
        gone = sorted(state.tables.keys() - tables)
        fresh = sorted(tables - state.tables.keys())
        for table in gone:
            del state.tables[table]
        for table in fresh:
            state.tables[table] = TableState(table)
        if state.subscription is None:
            if tables:
                state.subscription = self._open(state, tables)
        elif not tables:
            state.subscription.close()
            state.subscription, state.waiting = None, None
        elif gone or fresh:
            state.subscription.set_tables(tables)
        return gone

    def _open(self, state: SourceState, tables: Iterable[str]) -> Subscription:
        """Subscribe; what arrives is handled on the engine loop.

        The bus waits for that, so that what the engine cannot keep up with piles up
        in the bus, where it is bounded.
        """
        loop = self._runtime.loop

        def arrive(arrival: Arrival) -> None:
            loop.call(lambda: self._arrive(state, arrival), APPLY_TIMEOUT)

        def change_state(table: str, name: str) -> None:
            loop.post(lambda: self._change_state(state, table, name))

        return self._bus.subscribe(state.name, tables, arrive, change_state)

    def _current(self, state: SourceState) -> bool:
        return self._states.get(state.name) is state

    def _arrive(self, state: SourceState, arrival: Arrival) -> None:
        if self._current(state) and state.subscription:
            state.hear(arrival.position.epoch)
            state.waiting = state.waiting.then(arrival) if state.waiting else arrival
            self._advance(state)
            if state.waiting:
                self._tell_status()

    def _change_state(self, state: SourceState, table: str, name: str) -> None:
        known = state.tables.get(table)
        if known and self._current(state) and name in ("live", "stale"):
            known.lost = name == "stale"
            self._tell_status()

    def _advance(self, state: SourceState) -> None:
        """Use what arrived, once the source has a policy and a schema."""
        if state.waiting is None or state.fetching or state.name not in self._mirrored():
            return
        if state.lacks_schema_for(state.waiting):
            self._fetch(state, state.waiting.position.epoch)
            return
        arrival, state.waiting = state.waiting, None
        self._transact(_edits(state.name, state.take(arrival)), blame=state)

    def _fetch(self, state: SourceState, epoch: Epoch | None) -> None:
        """Ask for a schema in the pool; a failure is repeated by the next look."""
        if state.fetching:
            return

        def ask() -> None:
            schema = self._ask(state.name)
            self._runtime.loop.post(lambda: self._fetched(state, schema, epoch))

        state.fetching = self._pool.submit(ask)

    def _ask(self, name: str) -> Schema | None:
        try:
            return self._bus.schema_of(name, SCHEMA_TIMEOUT) or Schema()
        except Refused as refusal:
            LOG.info("source %s does not tell its tables yet: %s", name, refusal)
        except Exception:
            LOG.exception("source %s does not tell its tables", name)
        return None

    def _fetched(self, state: SourceState, schema: Schema | None, epoch: Epoch | None) -> None:
        state.fetching = False
        if schema is not None and self._current(state):
            self._learn(state, schema, epoch)
            self._advance(state)

    def _learn(self, state: SourceState, schema: Schema, epoch: Epoch | None) -> None:
        """Take a schema; rows under columns that changed are given up and asked for anew."""
        if schema == state.schema:
            state.schema_epoch = epoch
            return
        before = state.schema_epoch
        changes = state.learn(schema, epoch)
        if changes and before == epoch and state.subscription:
            state.subscription.close()
            state.subscription = self._open(state, state.tables)
        cleared = {change.table: () for change in changes}
        edits: list[Edit] = [ReplaceTables(state.name, cleared)] if cleared else []
        edits += [SetSchema(state.name, schema), *_edits(state.name, changes)]
        if state.name in self._mirrored():
            self._transact(edits, structural=True, blame=state)

    def _tell_status(self) -> None:
        self._transact([])

    def _transact(
        self,
        edits: Sequence[Edit],
        *,
        structural: bool = False,
        blame: SourceState | None = None,
    ) -> None:
        """Change the engine, and the status table with it, if there is anything to change."""
        status = frozenset(row for state in self._states.values() for row in state.status())
        all_edits = list(edits)
        if status != self._status:
            all_edits.append(ReplaceTables(STATUS_SOURCE, {STATUS_TABLE: status}))
        if not all_edits:
            return
        self.extents = {
            (state.name, table.name): table.extent
            for state in self._states.values()
            for table in state.tables.values()
            if table.extent
        }
        try:
            self._runtime.transact(all_edits, structural=structural)
        except Refused as refusal:
            if blame is None:
                raise
            self._repair(blame, refusal)
        else:
            self._status = status

    def _repair(self, state: SourceState, refusal: Refused) -> None:
        """Data that the engine refuses as a whole: hold what depends on it, ask anew later."""
        LOG.error("data of %s was refused: %s", state.name, refusal)
        tables = list(state.tables)
        for table in tables:
            state.tables[table] = TableState(table)
        state.schema = state.schema_epoch = None
        if state.subscription:
            state.subscription.close()
            state.subscription = None
        self._tell_status()

        def retry() -> None:
            if self._current(state) and state.subscription is None and state.tables:
                state.subscription = self._open(state, state.tables)

        self._runtime.loop.later(REPAIR_DELAY, retry)


def _edits(source: str, changes: Iterable[Change]) -> list[Edit]:
    """Changes of a source's tables as edits of its policy."""
    full: dict[str, frozenset[Row]] = {}
    partial: list[Edit] = []
    for change in changes:
        if isinstance(change, Snapshot):
            full[change.table] = change.rows
        else:
            partial.append(UpdateTable(source, change.table, change.added, change.removed))
    return ([ReplaceTables(source, full)] if full else []) + partial
