"""The net change of each table between two states.

May import ``congress.engine`` below the facade and ``congress.model`` only.
"""

from collections.abc import Iterable

from congress.engine.lang.resolved import NOW, TableId
from congress.engine.workspace import Workspace
from congress.model.delta import Delta


def changed_tables(
    before: Workspace, after: Workspace, tables: Iterable[TableId]
) -> dict[TableId, Delta]:
    """What each of some tables gained and lost; those without any difference are left out."""
    deltas: dict[TableId, Delta] = {}
    for table in tables:
        old, new = before.contents(table).rows, after.contents(table).rows
        if old is new or table == NOW:
            continue
        delta = Delta(table[1], frozenset(new).difference(old), frozenset(old).difference(new))
        if delta:
            deltas[table] = delta
    return deltas
