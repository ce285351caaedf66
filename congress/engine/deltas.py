"""Transactions whose cost follows the change.

May import this package and ``congress.model`` only.

Invariant: the one state is changed in place; whatever goes wrong, or is only
tried, is taken back by the journal.
"""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from congress.engine.actions import wishes
from congress.engine.edits import Edit, ReplaceTables, UpdateTable
from congress.engine.lang.resolved import NOW, TableId
from congress.engine.live import LiveWorkspace
from congress.engine.outcome import Outcome
from congress.engine.results import Changes
from congress.engine.run.budget import Deadline, Limits
from congress.engine.run.network import sink_id
from congress.engine.run.propagate import Rows
from congress.engine.transaction import Transaction, applied, foreseen
from congress.engine.workspace import RuleKey
from congress.model.action import DesiredAction
from congress.model.builtin import Builtin
from congress.model.delta import Delta
from congress.model.diagnostic import Diagnostic

#: From so many rows on, the garbage collector waits until they are loaded.
_BULK = 20_000

_NO_CHANGE: tuple[Rows, Rows] = ((), ())


class Deltas:
    """A state, and how it is changed."""

    def __init__(self, builtins: Mapping[str, Builtin], limits: Limits) -> None:
        self.state = LiveWorkspace(builtins, limits)
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
        state = self.state
        with _undisturbed(edits):
            try:
                outcome = applied(Transaction(state), edits, off)
                changed = state.evaluate(deadline)
                changes = foreseen(number, outcome)
                if not dry_run:
                    changes = self._told(number, outcome, changed)
            except BaseException:
                state.rollback()
                raise
            if dry_run:
                state.rollback()
            else:
                self.failures.update(state.meter.failures)
                state.commit()
        return changes

    def _told(
        self, number: int, outcome: Outcome, changed: Mapping[TableId, tuple[Rows, Rows]]
    ) -> Changes:
        """What a transaction changed."""
        tables = {
            table: Delta(table[1], frozenset(added), frozenset(removed))
            for table, (added, removed) in changed.items()
            if table[0][:1] != "\0" and table != NOW
        }
        activated, deactivated = self._actions(changed)
        return Changes(
            number=number,
            accepted=outcome.accepted,
            tables=tables,
            activated=activated,
            deactivated=deactivated,
            rejected=tuple(outcome.rejected),
            warnings=tuple(dict.fromkeys(outcome.warnings)),
        )

    def _actions(
        self, changed: Mapping[TableId, tuple[Rows, Rows]]
    ) -> tuple[frozenset[DesiredAction], frozenset[DesiredAction]]:
        """The actions that came into force, and those that went out."""
        state = self.state
        activated: set[DesiredAction] = set()
        deactivated: set[DesiredAction] = set()
        for key in dict.fromkeys((*state.turned, *state.changed_sinks(changed))):
            added, removed = changed.get(sink_id(key), _NO_CHANGE)
            now = state.rules.get(key)
            before = state.turned.get(key) or now
            if added and now is not None:
                activated.update(wishes(now, added))
            if removed and before is not None:
                deactivated.update(wishes(before, removed))
        return frozenset(activated - deactivated), frozenset(deactivated - activated)


@contextmanager
def _undisturbed(edits: Sequence[Edit]) -> Iterator[None]:
    """Keep the garbage collector out while many rows are loaded.

    Afterwards they are put where it does not look: rows hold no cycles, and
    going through all of them takes longer than most transactions.
    """
    bulk = gc.isenabled() and sum(map(_size, edits)) >= _BULK
    if not bulk:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _size(edit: Edit) -> int:
    if isinstance(edit, ReplaceTables):
        return sum(len(rows) for rows in edit.tables.values() if isinstance(rows, tuple))
    if isinstance(edit, UpdateTable) and isinstance(edit.add, tuple):
        return len(edit.add)
    return 0
