"""Transactions whose cost follows the change.

May import this package and ``congress.model`` only.

Invariant: the one state is changed in place; whatever goes wrong, or is only
tried, is taken back by the journal.
"""

import gc
from collections import Counter
from collections.abc import Mapping, Sequence

from congress.engine.actions import wishes
from congress.engine.edits import Edit
from congress.engine.guard import Guard
from congress.engine.lang.resolved import TableId
from congress.engine.live import LiveWorkspace
from congress.engine.outcome import Outcome
from congress.engine.results import Changes, TableChanges
from congress.engine.run.budget import Deadline, Limits
from congress.engine.run.propagate import Rows
from congress.engine.transaction import Transaction, applied, foreseen
from congress.engine.workspace import RuleKey
from congress.model.action import DesiredAction
from congress.model.builtin import Builtin
from congress.model.diagnostic import Diagnostic

#: From so many new rows and buckets of indexes on, they are hidden from the collector.
_BULK = 20_000
#: What is younger than this generation may hold cycles that nobody needs any more.
_YOUNG = 1

_NO_CHANGE: tuple[Rows, Rows] = ((), ())


class Deltas:
    """A state, and how it is changed."""

    def __init__(self, builtins: Mapping[str, Builtin], limits: Limits, guard: Guard) -> None:
        self.state = LiveWorkspace(builtins, limits, guard)
        self.failures: Counter[str] = Counter()

    def transact(
        self,
        number: int,
        edits: Sequence[Edit],
        off: Mapping[RuleKey, Diagnostic],
        deadline: Deadline | None,
        *,
        dry_run: bool,
    ) -> Changes:
        """Apply edits, with some rules switched off.

        :param number: of this transaction.
        :raises Refused: with every problem; nothing has changed then.
        """
        if not gc.isenabled():
            return self._transact(number, edits, off, deadline, dry_run)
        gc.disable()
        try:
            return self._transact(number, edits, off, deadline, dry_run)
        finally:
            if gc.get_count()[0] >= _BULK:
                # Rows and indexes hold no cycles, and going through all of them takes longer
                # than most transactions: the collector need not look at them ever again.
                gc.collect(_YOUNG)
                gc.freeze()
            gc.enable()

    def _transact(
        self,
        number: int,
        edits: Sequence[Edit],
        off: Mapping[RuleKey, Diagnostic],
        deadline: Deadline | None,
        dry_run: bool,
    ) -> Changes:
        state = self.state
        try:
            outcome = applied(Transaction(state), edits, off)
            changed = state.evaluate(deadline)
            changes = foreseen(number, outcome) if dry_run else self._told(number, outcome, changed)
        except BaseException:
            state.rollback()
            raise
        if dry_run:
            state.rollback()
        else:
            if state.meter.failures:
                self.failures.update(state.meter.failures)
            state.commit()
        return changes

    def _told(
        self, number: int, outcome: Outcome, changed: Mapping[TableId, tuple[Rows, Rows]]
    ) -> Changes:
        """What a transaction changed."""
        activated, deactivated = self._actions()
        return Changes(
            number=number,
            accepted=outcome.accepted,
            tables=TableChanges(changed),
            activated=activated,
            deactivated=deactivated,
            rejected=tuple(outcome.rejected),
            warnings=tuple(dict.fromkeys(outcome.warnings)) if outcome.warnings else (),
        )

    def _actions(self) -> tuple[frozenset[DesiredAction], frozenset[DesiredAction]]:
        """The actions that came into force, and those that went out."""
        state = self.state
        if not state.sunk and not state.turned:
            return frozenset(), frozenset()
        activated: set[DesiredAction] = set()
        deactivated: set[DesiredAction] = set()
        for key in dict.fromkeys((*state.turned, *state.sunk)):
            added, removed = state.sunk.get(key, _NO_CHANGE)
            now = state.rules.get(key)
            before = state.turned.get(key) or now
            if added and now is not None:
                activated.update(wishes(now, added))
            if removed and before is not None:
                deactivated.update(wishes(before, removed))
        return frozenset(activated - deactivated), frozenset(deactivated - activated)
