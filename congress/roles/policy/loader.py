"""Brings the engine from one book to the next, and keeps its mirrors of sources.

Imports the engine and the model. Runs on the engine loop; no I/O.

Invariants: after ``apply`` the engine holds what the book says, except for the
rules in ``failed``; who reads under the runtime's lock sees both change as one.
A rule that the engine does not take stops no other.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from congress.engine import CreatePolicy, DropPolicy, Edit, SetSchema, valid_policy_name
from congress.model.diagnostic import Diagnostic, Refused
from congress.model.policy import RuleDef
from congress.roles.policy.book import Book, Steps, steps_between
from congress.roles.policy.mirrors import Mirrors
from congress.roles.policy.outline import outline
from congress.roles.policy.runtime import EngineRuntime
from congress.roles.policy.standing import STATUS_SCHEMA, STATUS_SOURCE

LOG = logging.getLogger(__name__)

DATASOURCE = "datasource"


class Loader:
    """The engine's contents as far as storage and the bus prescribe them.

    ``book`` is the one the engine holds. ``failed`` maps the ids of
    rules that the engine refused outright to the reasons; ``fault`` is set if it
    refused what it must not refuse.
    """

    def __init__(self, runtime: EngineRuntime, mirrors: Mirrors) -> None:
        self._runtime = runtime
        self._mirrors = mirrors
        self._on_drop: list[Callable[[Iterable[str]], None]] = []
        self.book = Book()
        self.loaded = False
        self.failed: Mapping[str, tuple[Diagnostic, ...]] = {}
        self.fault = ""

    @property
    def revision(self) -> int:
        """The revision that is in force."""
        return self.book.revision

    def on_drop(self, handler: Callable[[Iterable[str]], None]) -> None:
        """Be told the names of mirrors that were dropped."""
        self._on_drop.append(handler)

    def prepare(self) -> None:
        """Create what does not come from outside."""
        self._runtime.transact(
            [CreatePolicy(STATUS_SOURCE, DATASOURCE), SetSchema(STATUS_SOURCE, STATUS_SCHEMA)],
            structural=True,
        )

    def apply(self, book: Book) -> None:
        """Bring the engine to a book, in one transaction where that is possible."""
        steps = steps_between(self.book, book, lenient=True, absent=self._absent)
        self._mirrors.store(book.datasources)
        dropped, created = self._mirror_changes(book)
        before = [*[DropPolicy(name) for name in dropped], *steps.drops, *steps.creates]
        before += [CreatePolicy(name, DATASOURCE) for name in created]
        edits = [*before, *steps.deletes, *steps.inserts]
        failed = {key: why for key, why in self.failed.items() if key not in steps.inserted}
        try:
            self._commit(edits, book, failed)
        except Refused as refusal:
            LOG.warning("applying changes of policy one by one, because of: %s", refusal)
            failed.update(self._run_each([*before, *steps.deletes], steps))
            self._commit([], book, failed)
        for handler in self._on_drop:
            handler(dropped)

    def _commit(
        self, edits: Sequence[Edit], book: Book, failed: Mapping[str, tuple[Diagnostic, ...]]
    ) -> None:
        """Change the engine and the book as one."""

        def switch() -> None:
            self.book = book
            self.failed = {key: why for key, why in failed.items() if key in book.rules}
            self.loaded = True

        self._runtime.transact(edits, structural=True, also=switch)

    def _absent(self, rule: RuleDef) -> bool:
        """Whether the engine has nothing of a rule that could be deleted."""
        return rule.id in self.failed or not outline(rule.text).readable

    def refresh_mirrors(self) -> None:
        """Follow what the bus announces."""
        if self.loaded:
            self.apply(self.book)

    def _mirror_changes(self, book: Book) -> tuple[list[str], list[str]]:
        policies = self._runtime.read(lambda engine: dict(engine.policies()))
        present = {name for name, kind in policies.items() if kind == DATASOURCE}
        names = self._mirrors.wanted(book.names)
        wanted = {name for name in names if valid_policy_name(name) is None} | {STATUS_SOURCE}
        return sorted(present - wanted), sorted(wanted - present)

    def _run_each(
        self, prescribed: Sequence[Edit], steps: Steps
    ) -> dict[str, tuple[Diagnostic, ...]]:
        for edit in prescribed:
            try:
                self._runtime.transact([edit], quiet=True)
            except Refused as refusal:
                self.fault = f"the engine refused a stored change: {refusal}"
                LOG.warning("%s", self.fault)
        failed = {}
        for rule_id, edit in zip(steps.inserted, steps.inserts, strict=True):
            try:
                self._runtime.transact([edit], quiet=True)
            except Refused as refusal:
                failed[rule_id] = refusal.diagnostics
                LOG.warning("stored rule %s is not in force: %s", rule_id, refusal)
        return failed
