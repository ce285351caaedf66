"""The part of a state that decides about some tables, as a copy that stays as it is.

May import ``congress.engine`` below the facade and ``congress.model`` only.

Invariant: a view shares nothing with the state that is changed in place, so it may
be read on any thread while transactions go on.
"""

from collections.abc import Iterable

from congress.engine.lang.resolved import TableId
from congress.engine.lang.strata import reachable
from congress.engine.run.relation import Relation, Stored
from congress.engine.run.table import Table
from congress.engine.workspace import RuleKey, Workspace


def view(state: Workspace, tables: Iterable[TableId], sinks: Iterable[RuleKey] = ()) -> Workspace:
    """A copy of what decides about tables, and about what rules under a modal ask for.

    Takes about a millisecond per 100,000 rows; the state must hold still for it.
    """
    copy = Workspace(state.builtins)
    state.copy_to(copy)
    first = list(tables)
    for key in sinks:
        resolved = state.rules[key].resolved
        if resolved is not None:
            first += [goal.table for goal in resolved.lookups]
            copy.sinks[key] = frozenset(state.sinks.get(key, ()))
    for table in reachable(first, state.reads):
        stored = state.stored(table)
        if stored.rows:
            copy.base[table] = _still(stored)
        if table in state.definers:
            copy.derived[table] = _still(state.contents(table))
    return copy


def _still(live: Stored) -> Stored:
    """A table that stays as it is."""
    if isinstance(live, Relation):
        return live
    copy = Table()
    copy.rows = live.rows.copy()
    return copy
