"""Rules that take effect in one transaction, and whether together they may.

May import this package and ``congress.model`` only. A cycle is noted when a rule
closes it and judged once all rules are in, many rules at once, since looking at a
large cycle again for each of its rules would cost the square of their number.

Invariant: of the rules that are left, none closes a cycle that is refused and none
asks for an action whose arguments come from the clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from congress.engine.lang.ast import Modal, Rule
from congress.engine.lang.names import Resolution
from congress.engine.lang.recursion import (
    allowed_cycles,
    check_cycle,
    closes_cycle,
    feeds_any,
)
from congress.engine.lang.resolved import NOW, ResolvedRule, TableId
from congress.engine.lang.strata import reachable
from congress.engine.lang.taint import check_times, timed_columns
from congress.engine.lang.tokens import MOST_PROBLEMS
from congress.engine.outcome import Outcome
from congress.engine.results import RuleState
from congress.engine.workspace import RuleKey, StoredRule, Workspace
from congress.model.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Entry:
    """A checked rule that is to take effect.

    :param lenient: it is switched off, where another would refuse the transaction.
    :param counted: it is among the accepted statements, unless it is refused after all.
    """

    stored: StoredRule
    resolution: Resolution
    lenient: bool
    counted: bool


class Entering:
    """Lets the rules of one transaction take effect."""

    def __init__(self, workspace: Workspace, outcome: Outcome) -> None:
        self._workspace = workspace
        self._outcome = outcome
        self._entries: dict[RuleKey, Entry] = {}
        self._closing: list[RuleKey] = []

    def enter(self, entry: Entry) -> None:
        """Let a rule take effect until it is judged."""
        active = self._workspace.activate(entry.stored, entry.resolution)
        if active.resolved is None:
            raise AssertionError("unreachable")
        self.touch(active)
        before = self._entries.get(active.key)
        if before is not None and not before.lenient:
            # It entered in this transaction already, and was only resolved anew since.
            entry = replace(entry, lenient=False, counted=before.counted)
        self._entries[active.key] = entry
        if closes_cycle(active.resolved, self._workspace):
            self._closing.append(active.key)

    def mentions(self) -> Iterator[TableId]:
        """The tables whose columns the rules have fixed."""
        for key in self._entries:
            stored = self._workspace.rules.get(key)
            yield from () if stored is None else stored.mentions

    def touch(self, stored: StoredRule) -> None:
        """Note that what a rule defines must be evaluated."""
        resolved = stored.resolved
        if resolved is None:
            return
        if resolved.head.modal is None:
            self._outcome.touched.add(resolved.head.table)
        else:
            self._outcome.sinks.append(stored.key)

    # -- cycles -----------------------------------------------------------------------

    def judge_cycles(self) -> None:
        """Refuse the rules that close cycles which may not be."""
        closing, self._closing = dict.fromkeys(self._closing), []
        self._judge([key for key in closing if self._meaning(key) is not None])

    def _judge(self, keys: Sequence[RuleKey]) -> None:
        """Refuse those of some rules, all in effect, that close a cycle which may not be.

        Halves enter one after the other, so that each rule is judged beside those
        before it, and many without fault are judged at once.
        """
        rules = [resolved for key in keys if (resolved := self._meaning(key)) is not None]
        if allowed_cycles([rule.head.table for rule in rules], self._workspace):
            return
        if len(keys) == 1:
            self._refuse(keys[0], rules[0])
            return
        for key in keys:
            self._workspace.deactivate(self._workspace.rules[key])
        half = len(keys) // 2
        for part in (keys[:half], keys[half:]):
            if len(self._outcome.problems) >= MOST_PROBLEMS:
                return
            for key in part:
                entry = self._entries[key]
                self._workspace.activate(entry.stored, entry.resolution)
            self._judge(part)

    def _refuse(self, key: RuleKey, resolved: ResolvedRule) -> None:
        entry, stored = self._entries[key], self._workspace.rules[key]
        self._outcome.accepted -= entry.counted
        problems = list(check_cycle(stored.rule, resolved, self._workspace))
        self._fail(stored, problems, lenient=entry.lenient)

    def _fail(self, stored: StoredRule, problems: Iterable[Diagnostic], *, lenient: bool) -> None:
        """Refuse the transaction for a rule, or switch the rule off."""
        if not lenient:
            self._workspace.remove(stored)
            self._outcome.problems.extend(problems)
            return
        found = tuple(problems)
        self.touch(stored)
        self._workspace.switch(stored, RuleState.OFF, found)
        self._outcome.warnings.extend(found)

    def _meaning(self, key: RuleKey) -> ResolvedRule | None:
        """What a rule was resolved to, if it takes effect."""
        stored = self._workspace.rules.get(key)
        return None if stored is None or not stored.active else stored.resolved

    # -- times ------------------------------------------------------------------------

    def judge_times(self) -> None:
        """Refuse action rules whose arguments come from the clock."""
        workspace = self._workspace
        entered = [self._meaning(key) for key in self._entries]
        read = {goal.table for rule in entered if rule is not None for goal in rule.lookups}
        if not workspace.readers.get(NOW) or not feeds_any(NOW, read, workspace):
            return
        tables = reachable([NOW], workspace.feeds)
        timed = timed_columns(rule for table in tables for rule in workspace.rules_of(table))
        actions: dict[RuleKey, tuple[Rule, ResolvedRule]] = {}
        for table in tables:
            for key in workspace.readers.get(table, ()):
                stored = workspace.rules[key]
                if stored.resolved is not None and stored.rule.head.modal is Modal.EXECUTE:
                    actions[key] = (stored.rule, stored.resolved)
        for key, problem in check_times(actions, timed):
            self._fail(workspace.rules[key], [problem], lenient=not self._outcome.strict)
