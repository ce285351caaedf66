"""The actions that should be in force, as tables that datasources subscribe to.

Imports the engine, the interfaces and the model. Runs on the engine loop.

For each datasource there is a table ``__actions/<datasource>`` whose rows are
``want`` (an action that should be in force) or ``hold`` (a rule whose actions are
to be left as they are). The tables say what follows from committed policy and
nothing before all policies were loaded. The table ``__basis`` says what that
follows from; it goes with every change of the others, and alone when it is told.

Invariant: an action rule contributes ``want`` rows only while it is armed: every
source table it reaches was read in full in the source's present epoch and is not
stale, and every statement it reaches is in force. Else it contributes one ``hold``
row. So an absence that nobody observed neither fires an action nor ends one.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from congress.engine import Changes, Engine, RuleState
from congress.interfaces.role import Bus, Coverage, Epoch, Publisher
from congress.interfaces.runtime import Clock
from congress.model.delta import Snapshot
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.values import Row, canonical
from congress.roles.policy.bases import TABLE as BASIS
from congress.roles.policy.bases import basis_rows, basis_schema
from congress.roles.policy.feed import Feed
from congress.roles.policy.loader import Loader
from congress.roles.policy.outline import Table, head_of, outline, reads_of, tainted
from congress.roles.policy.reader import status_of
from congress.roles.policy.runtime import EngineRuntime
from congress.roles.policy.standing import STATUS_SOURCE

LOG = logging.getLogger(__name__)

PREFIX = "__actions/"
COLUMNS = ("kind", "policy", "rule", "action", "arguments")
WANT, HOLD = "want", "hold"


@dataclass(frozen=True, slots=True)
class ActionRule:
    """A rule that asks for actions.

    :param reached: the source tables its answer depends on.
    :param fault: why it cannot be relied on whatever the data, if so.
    :param private: whether it depends on the time, or on what this engine alone can tell.
    """

    policy: str
    id: str
    service: str
    reached: tuple[tuple[str, str], ...]
    fault: str = ""
    private: bool = False


class Actions:
    """Publishes desired actions.

    :param known: the names of the datasources there are.
    """

    def __init__(
        self,
        bus: Bus,
        runtime: EngineRuntime,
        loader: Loader,
        feed: Feed,
        clock: Clock,
        known: Callable[[], frozenset[str]],
    ) -> None:
        self._bus = bus
        self._runtime = runtime
        self._loader = loader
        self._feed = feed
        self._clock = clock
        self._known = known
        self._publisher: Publisher | None = None
        self._rules: list[ActionRule] = []
        self._published: dict[str, frozenset[Row]] = {}
        self._basis: frozenset[Row] = frozenset()
        self._suspended = ""
        self.held: Mapping[str, str] = {}
        self.unknown: Mapping[str, str] = {}
        runtime.listen(self._committed)

    def open(self, epoch: Epoch) -> None:
        """Begin to publish; all policies are loaded."""
        loop = self._runtime.loop
        self._publisher = self._bus.publisher(
            f"policy-engine/{self._bus.node}",
            epoch,
            schema=self._schema,
            on_wanted=lambda tables: loop.post(self.refresh),
        )
        self._survey()
        self.refresh()

    def suspend(self, reason: str) -> None:
        """Hold the actions of all rules as long as there is a reason."""
        if reason != self._suspended:
            self._suspended = reason
            self.refresh()

    def close(self) -> None:
        """Publish no more."""
        if self._publisher:
            self._publisher.close()
            self._publisher = None

    def report(self) -> dict[str, Any]:
        """What is published for each datasource, and what people should know of it."""
        published = {
            table.removeprefix(PREFIX): {
                kind: sum(1 for row in rows if row[0] == kind) for kind in (WANT, HOLD)
            }
            for table, rows in sorted(self._published.items())
        }
        warnings = [
            f"rule {rule} wants actions of {service!r}, which is no data source"
            for rule, service in sorted(self.unknown.items())
        ]
        return {"published": published, "held": dict(self.held), "warnings": warnings}

    def refresh(self) -> None:
        """Publish what changed."""
        if self._publisher is None:
            return
        tables = self._tables()
        changed = [
            Snapshot(table, rows)
            for table, rows in sorted(tables.items())
            if rows != self._published.get(table)
        ]
        gone = sorted(self._published.keys() - tables.keys())
        self._published = tables
        if gone:
            self._publisher.drop(gone)
        if changed:
            self._publish(changed)

    def tell(self) -> None:
        """Publish what the actions follow from by now, if that has moved on."""
        self._publish([])

    def _publish(self, changed: list[Snapshot]) -> None:
        """Publish tables, and with them what they follow from."""
        if self._publisher is None:
            return
        extents = self._feed.extents
        basis = basis_rows(
            [(r.policy, r.id, r.reached) for r in self._rules if self._tells_basis(r)],
            {table: extent.position for table, extent in extents.items()},
            self._loader.revision,
        )
        if basis != self._basis:
            self._basis = basis
            changed = [*changed, Snapshot(BASIS, basis)]
        if changed:
            coverage = Coverage(self._clock.time(), complete=True)
            self._publisher.publish(changed, {change.table: coverage for change in changed})

    def _tells_basis(self, rule: ActionRule) -> bool:
        return not rule.private and rule.id not in self.held

    def _committed(self, changes: Changes, structural: bool) -> None:
        if self._publisher is None:
            return
        if structural:
            self._survey()
        held = self._holds()
        if structural or changes.activated or changes.deactivated or held != self.held:
            self.refresh()

    def _survey(self) -> None:
        """Find the action rules and what each depends on."""
        self._rules = self._runtime.read(self._find_rules)
        known = self._known()
        self.unknown = {r.id: r.service for r in self._rules if r.service not in known}

    def _find_rules(self, engine: Engine) -> list[ActionRule]:
        rules, failed = list(self._loader.book.rules.values()), self._loader.failed
        acting = [rule for rule in rules if outline(rule.text).action]
        if not acting:
            return []
        idle = [r for r in rules if status_of(engine, r, failed).state != RuleState.ACTIVE]
        doubtful = tainted(rules, idle)
        found = []
        for rule in acting:
            service, reached, fault, private = head_of(rule)[0], frozenset[Table](), "", True
            if rule in idle:
                fault = "is not in force"
            elif missing := sorted(doubtful.intersection(reads_of(rule))):
                fault = f"a rule for {':'.join(missing[0])} is not in force"
            else:
                reached = engine.reached(rule.policy, rule.id)
                private = engine.timed(rule.policy, rule.id) or any(
                    source == STATUS_SOURCE for source, _ in reached
                )
            depends = tuple(sorted(reached))
            found.append(ActionRule(rule.policy, rule.id, service, depends, fault, private))
        return found

    def _holds(self) -> dict[str, str]:
        """The rules that are not armed, and why."""
        holds: dict[str, str] = {}
        for rule in self._rules:
            missing = [f"{s}:{t}" for s, t in rule.reached if not self._feed.usable(s, t)]
            if reason := self._suspended or rule.fault:
                holds[rule.id] = reason
            elif missing:
                holds[rule.id] = f"waits for {', '.join(missing)}"
        return holds

    def _tables(self) -> dict[str, frozenset[Row]]:
        """What is to be published now."""
        self.held = self._holds()
        wanted = self._publisher.wanted() if self._publisher else frozenset()
        services = {rule.service for rule in self._rules} | self._known()
        rows: dict[str, set[Row]] = {f"{PREFIX}{service}": set() for service in services}
        rows.update({table: set() for table in wanted if table.startswith(PREFIX)} | rows)
        for rule in self._rules:
            if rule.id in self.held:
                rows[PREFIX + rule.service].add((HOLD, rule.policy, rule.id, "", ""))
        for desired in self._runtime.read(lambda engine: engine.desired_actions()):
            if desired.rule not in self.held:
                arguments = canonical(desired.arguments)
                row = (WANT, desired.policy, desired.rule, desired.action, arguments)
                rows.setdefault(PREFIX + desired.datasource, set()).add(row)
        return {table: frozenset(contents) for table, contents in rows.items()}

    def _schema(self) -> Schema:
        columns = tuple(Column(name, ColumnType.STRING, nullable=False) for name in COLUMNS)
        actions = [TableSchema(table, columns) for table in sorted(self._published)]
        return Schema.of([*actions, basis_schema()])
