"""Brings derived rows up to date after a change, by recomputing what depends on it.

May import ``congress.engine`` below the facade and ``congress.model`` only.

Invariant: afterwards every derived table holds what its rules derive from the
current rows; tables whose inputs did not change are not looked at.
"""

from collections.abc import Iterable

from congress.engine.lang.resolved import TableId
from congress.engine.lang.strata import components, reachable
from congress.engine.run.naive import Evaluator, NamedRule
from congress.engine.workspace import RuleKey, Workspace


def refresh(
    workspace: Workspace,
    touched: set[TableId],
    sinks: Iterable[RuleKey],
    evaluator: Evaluator,
) -> set[TableId]:
    """Recompute what depends on the touched tables, and the rules under a modal.

    :param touched: tables whose stored rows or rules have changed.
    :param sinks: rules under a modal that are new.
    :returns: the tables whose contents may have changed.
    """
    affected = reachable(touched, workspace.feeds)
    order = components(affected, lambda table: [t for t in workspace.reads(table) if t in affected])
    changed: set[TableId] = set()
    for component in order:
        if _stale(workspace, component, touched, changed):
            changed |= _recompute(workspace, component, evaluator)
    _refresh_sinks(workspace, changed, sinks, evaluator)
    return changed


def _stale(
    workspace: Workspace, component: list[TableId], touched: set[TableId], changed: set[TableId]
) -> bool:
    for table in component:
        if table in touched or any(read in changed for read in workspace.reads(table)):
            return True
    return False


def _recompute(
    workspace: Workspace, component: list[TableId], evaluator: Evaluator
) -> set[TableId]:
    """Evaluate a group of tables; the tables that are not as they were."""
    rules = {table: named_rules(workspace, table) for table in component}
    if not any(rules.values()):
        for table in component:
            workspace.derived.pop(table, None)
        return set(component)
    changed: set[TableId] = set()
    results = evaluator.group(rules, workspace.stored)
    for table, relation in results.items():
        before = workspace.derived.get(table)
        if before is None or before.rows != relation.rows:
            workspace.derived[table] = relation
            changed.add(table)
    return changed


def named_rules(workspace: Workspace, table: TableId) -> list[NamedRule]:
    """The active rules that define a table."""
    named: list[NamedRule] = []
    for key in workspace.definers.get(table, ()):
        resolved = workspace.rules[key].resolved
        if resolved is not None:
            named.append(NamedRule(key, resolved))
    return named


def _refresh_sinks(
    workspace: Workspace,
    changed: set[TableId],
    new: Iterable[RuleKey],
    evaluator: Evaluator,
) -> None:
    stale = dict.fromkeys(new)
    for table in changed:
        stale.update(workspace.readers.get(table, {}))
    for key in stale:
        stored = workspace.rules.get(key)
        if stored is None or stored.resolved is None or stored.resolved.head.modal is None:
            continue
        rows = set()
        for row in evaluator.rows(NamedRule(key, stored.resolved), {}):
            if row not in rows:
                evaluator.budget.derive()
                rows.add(row)
        workspace.sinks[key] = frozenset(rows)
