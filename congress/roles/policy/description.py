"""From policies as they are to policies as somebody describes them.

Imports the model. No I/O; runs where the writer does.

Invariant: what a description leaves out stays as it is, or has its default where the
policy is new; what it has is so afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.model.policy import SYSTEM_POLICIES, PolicyDef
from congress.roles.policy.book import Book
from congress.roles.policy.draft import Draft
from congress.roles.policy.requests import placed, read_policy

#: What a description of a policy may have besides what is for people only.
FIELDS = frozenset({"name", "kind", "abbreviation", "description", "rules"})

#: Names of other policies or data sources that must be there too.
DEPENDS_ON = "depends-on"


def fulfil(
    draft: Draft, policy: PolicyDef, description: Mapping[str, Any], where: str = ""
) -> PolicyDef:
    """Let a policy be as it is described; its name cannot change.

    :param where: says which policy it is within a request.
    :raises Refused: for a description that no policy, or not this one, can have.
    """
    present = {name: getattr(policy, name) for name in FIELDS if name != "rules"}
    given = {name: description[name] for name in FIELDS if name in description}
    new = read_policy(**{**present, **given}, where=where)
    place = f"{where}." if where else ""
    if new.name != policy.name:
        message = "the name of a policy cannot be changed: rules refer to it"
        hint = "create a policy of the new name and delete this one"
        raise refuse("invalid", message, hint=hint, where=f"{place}name")
    if policy.name in SYSTEM_POLICIES and new.kind != policy.kind:
        message = f"policy {policy.name!r} belongs to the system and keeps its kind"
        raise refuse("bad-kind", message, where=f"{place}kind")
    changed = replace(
        policy, kind=new.kind, abbreviation=new.abbreviation, description=new.description
    )
    if changed != policy:
        draft.replace_policy(changed)
    if new.rules is not None:
        draft.set_rules(policy.name, new.rules)
    return changed


def fulfil_all(
    draft: Draft,
    descriptions: Sequence[Mapping[str, Any]],
    check_free: Callable[[Book, str], None],
    *,
    prune: bool,
) -> None:
    """Let policies be as they are described.

    :param check_free: refuses names that no new policy can have.
    :param prune: delete all other policies but those of the system.
    :raises Refused: with all that is wrong.
    """
    names = [description.get("name") for description in descriptions]
    problems: list[Diagnostic] = []
    for index, description in enumerate(descriptions):
        where = f"policies[{index}]"
        try:
            _refuse_repetition(names, index)
            _check_dependencies(draft.book, description, names)
            _fulfil_one(draft, description, check_free, where)
        except Refused as refusal:
            problems += [placed(diagnostic, where) for diagnostic in refusal.diagnostics]
    if problems:
        raise Refused(*problems)
    for policy in draft.book.policies.values():
        if prune and policy.name not in names and policy.name not in SYSTEM_POLICIES:
            draft.remove_policy(policy)


def _fulfil_one(
    draft: Draft,
    description: Mapping[str, Any],
    check_free: Callable[[Book, str], None],
    where: str,
) -> None:
    name = description.get("name")
    for policy in draft.book.policies.values():
        if policy.name == name:
            fulfil(draft, policy, description, where)
            return
    given = {field: description.get(field) for field in FIELDS}
    new = read_policy(**given, where=where)
    check_free(draft.book, new.name)
    draft.create_policy(new)


def _refuse_repetition(names: Sequence[object], index: int) -> None:
    if names[index] in names[:index]:
        raise refuse("invalid", f"policy {names[index]!r:.300} is described twice")


def _check_dependencies(
    book: Book, description: Mapping[str, Any], described: Sequence[object]
) -> None:
    needed = description.get(DEPENDS_ON) or ()
    known = book.names | book.datasources.keys() | {n for n in described if isinstance(n, str)}
    missing = [name for name in needed if name not in known]
    if missing:
        message = f"it depends on {missing[0]!r:.300}, which is neither here nor described"
        raise refuse("invalid", message, hint="describe it too, or create it first")
