"""What there is in a workspace: the tables and statements of a policy, and what it needs.

May import this package and ``congress.model`` only.
"""

from collections.abc import Mapping

from congress.engine.lang.names import Resolver
from congress.engine.lang.printer import print_rule
from congress.engine.lang.resolved import NOW
from congress.engine.workspace import StoredFact, StoredRule, Workspace
from congress.model.diagnostic import refuse


def tables_of(workspace: Workspace, policy: str) -> list[str]:
    """The tables a policy defines, holds or refers to, as it names them, sorted."""
    names = {table[1] for table in workspace.base if table[0] == policy}
    if policy in workspace.schemas:
        names |= set(workspace.schemas[policy].tables)
    for key, stored in workspace.rules.items():
        if key[0] == policy:
            names |= _mentioned(policy, stored, workspace)
    return sorted(names)


def _mentioned(policy: str, stored: StoredRule, workspace: Workspace) -> set[str]:
    """The tables a rule's head and body name, as its policy writes them."""
    head = stored.rule.head
    names = set() if head.modal else {head.name}
    resolver = Resolver(policy, workspace)
    for literal in stored.rule.literals:
        atom = literal.atom
        constant = atom.policy is None and atom.table in ("true", "false")
        if not constant and not resolver.calls_builtin(atom):
            names.add(atom.table if atom.policy == policy else atom.name)
    return names


def needed_tables(workspace: Workspace) -> Mapping[str, frozenset[str]]:
    """The tables of datasources and unknown policies that bodies mention, by policy."""
    return {
        policy: frozenset(tables)
        for policy, tables in workspace.named.items()
        if policy != NOW[0] and workspace.source(policy)
    }


def rule_of(workspace: Workspace, policy: str, rule: str) -> StoredRule:
    """The rule of an id or canonical text.

    :raises Refused: if there is none.
    """
    key = workspace.names.get((policy, rule))
    if key is not None and not isinstance(key, StoredFact):
        return workspace.rules[key]
    for each, stored in workspace.rules.items():
        if each[0] == policy and print_rule(stored.rule) == rule:
            return stored
    raise refuse("not-found", f"policy {policy} has no rule {rule}", where=policy)
