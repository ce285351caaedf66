"""Desired actions: the rows of action rules, and the sources these depend on.

May import this package and ``congress.model`` only.

Invariant: an action rule speaks for itself alone: two rules that ask for the
same call give two desired actions, which differ in their ``rule``.
"""

from collections.abc import Iterable, Iterator

from congress.engine.lang.ast import Modal
from congress.engine.lang.printer import print_rule
from congress.engine.lang.resolved import NOW, TableId
from congress.engine.lang.strata import reachable
from congress.engine.workspace import RuleKey, StoredRule, Workspace
from congress.model.action import DesiredAction
from congress.model.values import Row


def desired(
    workspace: Workspace, keys: Iterable[RuleKey] | None = None
) -> frozenset[DesiredAction]:
    """The actions that should be in force, of some rules or of all."""
    wanted: set[DesiredAction] = set()
    for key in workspace.sinks if keys is None else keys:
        rows = workspace.sinks.get(key)
        if rows:
            wanted.update(wishes(workspace.rules[key], rows))
    return frozenset(wanted)


def wishes(stored: StoredRule, rows: Iterable[Row]) -> Iterator[DesiredAction]:
    """The actions that some rows of a rule ask for."""
    head = stored.rule.head
    if head.modal is not Modal.EXECUTE:
        return
    name = stored.rule_id if stored.rule_id is not None else print_rule(stored.rule)
    service = stored.key[0] if head.policy is None else head.policy
    for row in rows:
        yield DesiredAction(stored.key[0], name, service, head.table, row)


def turned(
    before: Workspace, after: Workspace
) -> tuple[frozenset[DesiredAction], frozenset[DesiredAction]]:
    """The actions that came into force between two states, and those that went out."""
    keys = {
        key
        for key in before.sinks.keys() | after.sinks.keys()
        if before.sinks.get(key) is not after.sinks.get(key)
    }
    old, new = desired(before, keys), desired(after, keys)
    return new - old, old - new


def sources_of(workspace: Workspace, stored: StoredRule) -> frozenset[TableId]:
    """The tables of datasources and unknown policies that a rule reaches."""
    if stored.resolved is None:
        return frozenset(table for table in stored.waits if workspace.source(table[0]))
    return sources_among(workspace, {goal.table for goal in stored.resolved.lookups})


def timed(workspace: Workspace, stored: StoredRule) -> bool:
    """Whether what a rule says depends on the current time."""
    if stored.resolved is None:
        return False
    return NOW in reachable({goal.table for goal in stored.resolved.lookups}, workspace.reads)


def sources_among(workspace: Workspace, tables: Iterable[TableId]) -> frozenset[TableId]:
    """The tables of datasources and unknown policies among some tables and all they reach."""
    reached = reachable(tables, workspace.reads)
    return frozenset(t for t in reached if t[0] != "builtin" and workspace.source(t[0]))
