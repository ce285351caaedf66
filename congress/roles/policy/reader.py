"""What can be asked of the engine: tables, rows, why, what if, the state of rules.

Imports the engine, the interfaces and the model. Any thread; no I/O.

Invariant: every answer comes from one committed state.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from congress.engine import Bounds, Engine, RuleState, RuleStatus
from congress.interfaces.runtime import Clock
from congress.model.diagnostic import Diagnostic, diagnostic_to_plain, refuse
from congress.model.policy import RuleDef
from congress.model.values import Row
from congress.roles.listings import Listings
from congress.roles.policy.explanations import Pending, examine
from congress.roles.policy.feed import Feed
from congress.roles.policy.loader import DATASOURCE, Loader
from congress.roles.policy.lookups import questions
from congress.roles.policy.outline import column_names, outline
from congress.roles.policy.policies import stored_rule
from congress.roles.policy.runtime import Deadline, EngineRuntime
from congress.roles.policy.standing import STATUS_SOURCE
from congress.roles.selection import Selection

NO_TRACE = "Not available"

#: What finds rows, the names of their columns, what makes the answers that are wanted
#: besides, and the revision of policy: all of one state.
_Reading: TypeAlias = tuple[
    Callable[[], Collection[Row]], list[str], Mapping[str, Callable[[], object]], int
]


@dataclass(frozen=True, slots=True)
class Shape:
    """What only statements and schemas change of a table.

    :param sources: the source tables it depends on, through everything.
    """

    columns: list[str]
    sources: frozenset[tuple[str, str]]


class Reader:
    """Answers questions. All methods raise ``Refused``."""

    def __init__(
        self,
        runtime: EngineRuntime,
        loader: Loader,
        feed: Feed,
        listings: Listings,
        clock: Clock,
    ) -> None:
        self._runtime = runtime
        self._loader = loader
        self._feed = feed
        self._listings = listings
        self._clock = clock
        self._shapes: dict[tuple[str, str], Shape] = {}
        self._shapes_of = 0

    def mirrored(self) -> frozenset[str]:
        """The names of the policies that sources fill."""
        policies = self._runtime.read(lambda engine: dict(engine.policies()))
        return frozenset(name for name, kind in policies.items() if kind == DATASOURCE)

    def datasources(self) -> frozenset[str]:
        """The names of the sources outside this engine."""
        return self.mirrored() - {STATUS_SOURCE}

    def name(self, policy: object, code: str = "not-found") -> str:
        """The name of a policy or mirror, given its name or id.

        :raises Refused: there is none, with the code given.
        """
        if not isinstance(policy, str):
            raise refuse("invalid", "a policy is named by a text", where="policy")
        book = self._loader.book
        if found := book.policy(policy):
            return found.name
        source = book.datasource(policy) or policy
        if source in self.mirrored():
            return source
        hint = "congress policy list shows those there are"
        raise refuse(code, f"there is no policy {policy!r:.300}", hint=hint)

    def tables(self, policy: str) -> list[str]:
        """The tables a policy's statements mention; of a source, those that rules read."""
        return self._runtime.read(lambda engine: self._tables(engine, policy))

    def rows(
        self,
        policy: str,
        table: str,
        wanted: Selection,
        *,
        trace: bool = False,
        explain: bool = False,
    ) -> dict[str, Any]:
        """What is wanted of the rows of a table, with the names of its columns, and the
        revision of policy by which they are there."""
        deadline = self._runtime.query_deadline()

        def read(engine: Engine) -> _Reading:
            names = self.shape(engine, policy, table).columns
            atom = _atom(table, names)
            besides: dict[str, Callable[[], object]] = {}
            if trace:
                tell = engine.retrace(policy, atom, deadline=deadline)
                besides["trace"] = lambda: tell() or NO_TRACE
            if explain:
                besides["explanation"] = self._examine(engine, policy, atom, Bounds(), deadline)
            find = self._find(engine, policy, table, names, wanted, deadline)
            return find, names, besides, self._loader.revision

        find, columns, besides, revision = self._runtime.read(read)
        found = wanted.of(find(), columns, self._listings)
        more = {name: work() for name, work in besides.items()}
        return {"columns": columns, "revision": revision, **found, **more}

    def _find(
        self,
        engine: Engine,
        policy: str,
        table: str,
        columns: Sequence[str],
        wanted: Selection,
        deadline: Deadline,
    ) -> Callable[[], Collection[Row]]:
        """What gives the rows among which those wanted are: by index, if that is possible."""
        asked = questions(table, columns, wanted.where)
        if asked is None:
            rows = engine.rows(policy, table)
            return lambda: rows
        pending = [engine.ask(policy, atom, deadline=deadline) for atom in asked]
        return lambda: {row for answers in pending for row in answers().rows}

    def explain(self, policy: str, atom: object, bounds: Bounds) -> dict[str, Any]:
        """Why the rows of an atom are there, or why there are none."""
        deadline = self._runtime.query_deadline()
        pending = self._runtime.read(
            lambda engine: self._examine(engine, policy, atom, bounds, deadline)
        )
        return pending()

    def _examine(
        self, engine: Engine, policy: str, atom: object, bounds: Bounds, deadline: Deadline
    ) -> Pending:
        return examine(engine, policy, atom, bounds, self._clock.time(), deadline)

    def columns(self, engine: Engine, policy: str, table: str) -> list[str]:
        """The names of a table's columns: declared, or taken from a rule that defines it."""
        names = engine.column_names(policy, table)
        if names[:1] != ("Col0",):
            return list(names)
        first, colon, rest = table.partition(":")
        owner, name = (first, rest) if colon else (policy, table)
        return list(column_names(self._loader.book.rules_of(owner), name, names))

    def schema(self, policy: str) -> list[dict[str, Any]]:
        """The tables of a policy, as ``tables`` has them, with their columns in order."""

        def read(engine: Engine) -> dict[str, list[str]]:
            tables = self._tables(engine, policy)
            return {table: self.columns(engine, policy, table) for table in tables}

        return [
            {"table_id": table, "columns": [{"name": n, "description": None} for n in names]}
            for table, names in self._runtime.read(read).items()
        ]

    def shape(self, engine: Engine, policy: str, table: str) -> Shape:
        """The shape of a table in the state that is read.

        What is found of a policy is kept until statements or schemas change.

        :raises Refused: ``not-found``.
        """
        if self._shapes_of != self._runtime.structure:
            self._shapes, self._shapes_of = {}, self._runtime.structure
        found = self._shapes.get((policy, table))
        if found is None:
            self.expect_table(engine, policy, table)
            columns = self.columns(engine, policy, table)
            found = Shape(columns, engine.sources(policy, table))
            if engine.policies().get(policy) != DATASOURCE:
                self._shapes[policy, table] = found
        return found

    def expect_table(self, engine: Engine, policy: str, table: str) -> None:
        """Refuse a table that a policy does not have.

        :raises Refused: ``not-found``.
        """
        if table not in self._tables(engine, policy):
            hint = f"congress table list {policy} shows those there are"
            if engine.policies().get(policy) == DATASOURCE:
                hint = "of a data source only tables that rules read are known here"
            message = f"policy {policy!r} has no table {table!r:.300}"
            raise refuse("not-found", message, hint=hint)

    def _tables(self, engine: Engine, policy: str) -> list[str]:
        if engine.policies().get(policy) == DATASOURCE:
            return self._feed.tables(policy)
        return engine.tables(policy)

    def simulate(
        self,
        policy: str,
        query: object,
        sequence: object,
        action_policy: str,
        *,
        delta: bool,
        trace: bool,
    ) -> dict[str, Any]:
        """What a query would answer after a sequence of changes; nothing is changed."""
        for name, text in (("query", query), ("sequence", sequence)):
            if not isinstance(text, str):
                raise refuse("invalid", f"{name} must be a text", where=name)
        deadline = self._runtime.query_deadline()
        outcome = self._runtime.engine.simulate(
            policy,
            str(query),
            str(sequence),
            action_policy,
            delta=delta,
            trace=trace,
            deadline=deadline,
        )
        answer: dict[str, Any] = {"result": list(outcome.result)}
        if trace:
            answer["trace"] = outcome.trace or NO_TRACE
        return answer

    def rule_status(self, policy: str, rule: object) -> dict[str, Any]:
        """Whether a rule is in force, and why not.

        :raises Refused: ``not-found``, also for facts, which are what they are.
        """

        def read(engine: Engine) -> tuple[RuleDef, RuleStatus]:
            found = stored_rule(self._loader.book, policy, rule)
            return found, status_of(engine, found, self._loader.failed)

        found, status = self._runtime.read(read)
        if outline(found.text).fact:
            raise refuse("not-found", f"{rule!r:.300} is a fact; only rules have a status")
        plain: dict[str, Any] = {
            "name": found.name,
            "id": found.id,
            "comment": found.comment,
            "original_str": found.text,
            "state": str(status.state),
            "diagnostics": [diagnostic_to_plain(d) for d in status.diagnostics] or None,
        }
        return {key: value for key, value in plain.items() if value is not None}

    def not_in_force(self) -> list[dict[str, Any]]:
        """All stored rules without effect, with the reasons."""

        def read(engine: Engine) -> list[tuple[RuleDef, RuleStatus]]:
            book, failed = self._loader.book, self._loader.failed
            return [(rule, status_of(engine, rule, failed)) for rule in book.rules.values()]

        return [
            {
                "policy": rule.policy,
                "id": rule.id,
                "rule": rule.text,
                "state": str(status.state),
                "diagnostics": [diagnostic_to_plain(reason) for reason in status.diagnostics],
            }
            for rule, status in self._runtime.read(read)
            if status.state != RuleState.ACTIVE
        ]


def _atom(table: str, columns: Sequence[str]) -> str:
    """The atom that all rows of a table answer."""
    return f"{table}({', '.join(f'x{index}' for index in range(len(columns)))})"


def status_of(
    engine: Engine, rule: RuleDef, failed: Mapping[str, tuple[Diagnostic, ...]]
) -> RuleStatus:
    """Whether a stored rule is in force; ``failed`` are those the engine refused outright."""
    reasons = failed.get(rule.id)
    return (
        engine.rule_status(rule.policy, rule.id)
        if reasons is None
        else RuleStatus(RuleState.OFF, reasons)
    )
