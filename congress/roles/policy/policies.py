"""The operations on policies and rules, as plans for the writer.

Imports the interfaces and the model. Runs on the store loop.

Invariant: policies and datasources share one namespace; system policies exist
always; ids are unique, and equal in equal runs, since they are made of the
instance of this node and the revision they are stored under.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from congress.interfaces.storage import Conflict, Duplicate, Transaction
from congress.model.diagnostic import refuse
from congress.model.policy import (
    SYSTEM_POLICIES,
    PolicyDef,
    PolicyKind,
    RuleDef,
    default_abbreviation,
)
from congress.roles.policy.book import (
    Book,
    policy_created,
    policy_deleted,
    rule_created,
    rule_deleted,
)
from congress.roles.policy.requests import NewPolicy, NewRule, Origin
from congress.roles.policy.writer import Plan, PolicyWriter

_IDS = uuid.UUID("5e1f6c0e-9a55-4b43-8d8c-3a2f6f0a2d41")

SYSTEM = Origin("system")


class Policies:
    """Creates and deletes policies and rules.

    :param instance: this life of this node.
    :param mirrored: tells names that belong to sources.
    """

    def __init__(
        self, writer: PolicyWriter, instance: str, mirrored: Callable[[], frozenset[str]]
    ) -> None:
        self._writer = writer
        self._instance = instance
        self._mirrored = mirrored

    def create(self, new: NewPolicy, origin: Origin, *, allow_parked: bool = False) -> PolicyDef:
        """Create a policy with its rules.

        :raises Refused: ``duplicate-policy``, or what is wrong with a rule.
        """

        def make(book: Book) -> tuple[Plan, PolicyDef]:
            self._check_free(book, new.name)
            policy = PolicyDef(
                self._id(book, 0), new.name, new.kind, new.abbreviation, new.description
            )
            rules = [
                (RuleDef(self._id(book, i), new.name, rule.text, rule.name, rule.comment), rule)
                for i, rule in enumerate(new.rules or (), 1)
            ]
            return replace(_creation(policy, rules), allow_parked=allow_parked), policy

        return self._writer.write(make, origin)

    def delete(self, name_or_id: object, origin: Origin) -> PolicyDef:
        """Delete a policy and its rules, and give it back.

        :raises Refused: ``not-found``, also for policies that cannot be deleted.
        """

        def make(book: Book) -> tuple[Plan, PolicyDef]:
            policy = stored_policy(book, name_or_id, "not-found")
            if policy.name in SYSTEM_POLICIES:
                message = f"policy {policy.name!r} belongs to the system and cannot be deleted"
                raise refuse("not-found", message, hint="delete its rules instead")
            return _deletion(policy), policy

        return self._writer.write(make, origin)

    def add_rule(
        self, name_or_id: object, new: NewRule, origin: Origin, *, allow_parked: bool = False
    ) -> RuleDef:
        """Add a rule to a policy.

        :raises Refused: ``no-policy``, ``read-only-policy``, ``duplicate-rule``, or
            what is wrong with the rule.
        """

        def make(book: Book) -> tuple[Plan, RuleDef]:
            policy = self._writable(book, name_or_id)
            rule = RuleDef(self._id(book, 0), policy.name, new.text, new.name, new.comment)
            plan = Plan(
                "policy:rule:create",
                f"policy/{policy.name}/rule/{rule.id}",
                [rule_created(rule)],
                lambda tx: tx.rules.add(rule, new.fingerprint),
                {rule.id: new},
                allow_parked,
                {"rule": rule.text, "name": rule.name},
            )
            return plan, rule

        return self._writer.write(make, origin)

    def remove_rule(self, name_or_id: object, rule: object, origin: Origin) -> RuleDef:
        """Delete a rule, and give it back.

        :raises Refused: ``no-policy``, ``read-only-policy``, ``not-found``.
        """

        def make(book: Book) -> tuple[Plan, RuleDef]:
            policy = self._writable(book, name_or_id)
            found = stored_rule(book, policy.name, rule)
            plan = Plan(
                "policy:rule:delete",
                f"policy/{policy.name}/rule/{found.id}",
                [rule_deleted(found)],
                lambda tx: insist(tx.rules.remove(found.id)),
                details={"rule": found.text, "name": found.name},
            )
            return plan, found

        return self._writer.write(make, origin)

    def ensure_system_policies(self) -> None:
        """Create the policies that always exist, unless they do.

        :raises StorageError: storage is away.
        """
        for name, kind in SYSTEM_POLICIES.items():
            self._writer.write(partial(self._missing, name, kind), SYSTEM)

    def _missing(self, name: str, kind: str, book: Book) -> tuple[Plan | None, None]:
        if name in book.names:
            return None, None
        policy = PolicyDef(self._id(book, 0), name, PolicyKind(kind), default_abbreviation(name))
        return _creation(policy, []), None

    def _id(self, book: Book, index: int) -> str:
        return new_id(self._instance, book, index)

    def _check_free(self, book: Book, name: str) -> None:
        if name in book.names:
            raise refuse("duplicate-policy", f"a policy {name!r} exists already", where="name")
        if name in book.datasources or name in self._mirrored():
            message = f"{name!r} is the name of a data source, whose policy it is"
            raise refuse("duplicate-policy", message, where="name")

    def _writable(self, book: Book, name_or_id: object) -> PolicyDef:
        if not isinstance(name_or_id, str) or book.policy(name_or_id):
            return stored_policy(book, name_or_id, "no-policy")
        source = book.datasource(name_or_id)
        if source or name_or_id in self._mirrored():
            message = f"policy {source or name_or_id!r} is filled by its data source"
            hint = "put the rule into another policy and refer to the source's tables there"
            raise refuse("read-only-policy", message, hint=hint)
        return stored_policy(book, name_or_id, "no-policy")


def new_id(instance: str, book: Book, index: int) -> str:
    """An id for something that the revision after a book adds.

    :param instance: the life of the node that writes it.
    :param index: which of the things that the revision adds.
    """
    return str(uuid.uuid5(_IDS, f"{instance}/{book.revision + 1}/{index}"))


def stored_policy(book: Book, name_or_id: object, code: str) -> PolicyDef:
    """A stored policy by name or id.

    :raises Refused: there is none, with the code given.
    """
    if not isinstance(name_or_id, str):
        raise refuse("invalid", "a policy is named by a text", where="policy")
    if policy := book.policy(name_or_id):
        return policy
    hint = "congress policy list shows those there are"
    raise refuse(code, f"there is no policy {name_or_id!r:.300}", hint=hint)


def stored_rule(book: Book, policy: str, rule: object) -> RuleDef:
    """A rule of a policy by id, or by name where that is unambiguous.

    :raises Refused: ``not-found``, ``conflict`` if several bear the name.
    """
    if not isinstance(rule, str):
        raise refuse("invalid", "a rule is named by a text", where="rule")
    found = book.rules.get(rule)
    if found and found.policy == policy:
        return found
    named = [other for other in book.rules_of(policy) if other.name == rule]
    if len(named) == 1:
        return named[0]
    if named:
        message = f"{len(named)} rules of policy {policy!r} are called {rule!r:.300}"
        raise refuse("conflict", message, hint="use the rule's id")
    raise refuse("not-found", f"policy {policy!r} has no rule {rule!r:.300}")


def _creation(policy: PolicyDef, rules: list[tuple[RuleDef, NewRule]]) -> Plan:
    def store(tx: Transaction) -> None:
        taken = tx.datasources.get(policy.name)
        if taken and taken.name == policy.name:
            raise Duplicate("datasource", policy.name)
        tx.policies.add(policy)
        for rule, new in rules:
            tx.rules.add(rule, new.fingerprint)

    return Plan(
        "policy:create",
        f"policy/{policy.name}",
        [policy_created(policy), *(rule_created(rule) for rule, _ in rules)],
        store,
        {rule.id: new for rule, new in rules},
        details={"id": policy.id, "kind": str(policy.kind), "rules": len(rules)},
    )


def _deletion(policy: PolicyDef) -> Plan:
    return Plan(
        "policy:delete",
        f"policy/{policy.name}",
        [policy_deleted(policy)],
        lambda tx: insist(tx.policies.remove(policy.id)),
        details={"id": policy.id},
    )


def insist(done: bool) -> None:
    """Otherwise something is gone that the revision has: read it all again.

    :raises Conflict: it was not done.
    """
    if not done:
        raise Conflict("policy was changed without a revision")
