"""The operations on policies and rules, as plans for the writer.

Imports the interfaces and the model. Runs where the writer does.

Invariant: policies and datasources share one namespace; system policies exist
always; ids are unique, and equal in equal runs, since they are made of the
instance of this node and the revision they are stored under.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from congress.model.diagnostic import refuse
from congress.model.policy import (
    SYSTEM_POLICIES,
    PolicyDef,
    PolicyKind,
    RuleDef,
    default_abbreviation,
)
from congress.roles.policy.answers import policy_to_plain, rule_to_plain
from congress.roles.policy.book import Book
from congress.roles.policy.description import FIELDS, fulfil, fulfil_all
from congress.roles.policy.draft import Draft, Step, fingerprints
from congress.roles.policy.requests import NewPolicy, NewRule, Origin, read_rule
from congress.roles.policy.writer import Plan, Writer

_IDS = uuid.UUID("5e1f6c0e-9a55-4b43-8d8c-3a2f6f0a2d41")

SYSTEM = Origin("system")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a write is to be subject to.

    :param allow_parked: accept rules that wait for the schema of a source.
    :param seen: the object as the caller saw it, if it must still be so.
    """

    origin: Origin
    allow_parked: bool = False
    seen: object = None

    def check(self, present: Mapping[str, Any]) -> None:
        """:raises Refused: ``changed`` if the object is not what the caller saw."""
        if self.seen is not None and self.seen != present:
            raise refuse(
                "changed", "it was changed since you read it", hint="read it again, then repeat"
            )


@dataclass(frozen=True, slots=True)
class Applied:
    """What led to policies as they are described, and the revision that is so."""

    revision: int
    steps: Sequence[Step]


class Policies:
    """Creates, changes and deletes policies and rules.

    :param instance: this life of this node.
    :param mirrored: tells names that belong to sources.
    """

    def __init__(
        self, writer: Writer, instance: str, mirrored: Callable[[], frozenset[str]]
    ) -> None:
        self._writer = writer
        self._instance = instance
        self._mirrored = mirrored

    def by(self, writer: Writer) -> "Policies":
        """The same operations, carried out by another writer."""
        return Policies(writer, self._instance, self._mirrored)

    def create(self, new: NewPolicy, terms: Terms) -> PolicyDef:
        """Create a policy with its rules.

        :raises Refused: ``duplicate-policy``, or what is wrong with a rule.
        """

        def make(book: Book) -> tuple[Plan | None, PolicyDef]:
            self._check_free(book, new.name)
            draft = self._draft(book)
            policy = draft.create_policy(new)
            details = {"id": policy.id, "kind": str(policy.kind), "rules": len(new.rules or ())}
            return _plan(draft, "policy:create", f"policy/{policy.name}", details, terms), policy

        return self._writer.write(make, terms.origin)

    def change(self, name_or_id: object, description: Mapping[str, Any], terms: Terms) -> PolicyDef:
        """Let a policy be as it is described; what is left out stays.

        :raises Refused: ``not-found``, ``changed``, or what is wrong with the description.
        """

        def make(book: Book) -> tuple[Plan | None, PolicyDef]:
            policy = stored_policy(book, name_or_id, "not-found")
            terms.check(policy_to_plain(policy))
            draft = self._draft(book)
            changed = fulfil(draft, policy, description)
            details = {"id": policy.id, "changes": sorted(FIELDS & description.keys())}
            return _plan(draft, "policy:update", f"policy/{policy.name}", details, terms), changed

        return self._writer.write(make, terms.origin)

    def delete(self, name_or_id: object, terms: Terms) -> PolicyDef:
        """Delete a policy and its rules, and give it back.

        :raises Refused: ``not-found``, also for policies that cannot be deleted; ``changed``.
        """

        def make(book: Book) -> tuple[Plan | None, PolicyDef]:
            policy = stored_policy(book, name_or_id, "not-found")
            if policy.name in SYSTEM_POLICIES:
                message = f"policy {policy.name!r} belongs to the system and cannot be deleted"
                raise refuse("not-found", message, hint="delete its rules instead")
            terms.check(policy_to_plain(policy))
            draft = self._draft(book)
            draft.remove_policy(policy)
            target = f"policy/{policy.name}"
            return _plan(draft, "policy:delete", target, {"id": policy.id}, terms), policy

        return self._writer.write(make, terms.origin)

    def apply(
        self, descriptions: Sequence[Mapping[str, Any]], terms: Terms, *, prune: bool = False
    ) -> Applied:
        """Let policies be as they are described, all at once.

        :param prune: delete all other policies but those of the system.
        :raises Refused: ``changed`` if ``seen`` is another revision; all that is wrong.
        """

        def make(book: Book) -> tuple[Plan | None, Applied]:
            terms.check({"revision": book.revision})
            draft = self._draft(book)
            fulfil_all(draft, descriptions, self._check_free, prune=prune)
            plan = _plan(draft, "policy:apply", "policy", {"steps": len(draft.steps)}, terms)
            return plan, Applied(book.revision + (plan is not None), draft.steps)

        return self._writer.write(make, terms.origin)

    def add_rule(self, name_or_id: object, new: NewRule, terms: Terms) -> RuleDef:
        """Add a rule to a policy.

        :raises Refused: ``no-policy``, ``read-only-policy``, ``duplicate-rule``, or
            what is wrong with the rule.
        """

        def make(book: Book) -> tuple[Plan | None, RuleDef]:
            policy = self._writable(book, name_or_id)
            draft = self._draft(book)
            rule = draft.add_rule(policy.name, new)
            return _rule_plan(draft, "policy:rule:create", rule, terms), rule

        return self._writer.write(make, terms.origin)

    def change_rule(
        self, name_or_id: object, rule: object, changes: Mapping[str, object], terms: Terms
    ) -> RuleDef:
        """Give a rule another text, name or comment; it keeps its id.

        :param changes: any of ``rule name comment``.
        :raises Refused: as for ``add_rule``; ``not-found``, ``changed``.
        """

        def make(book: Book) -> tuple[Plan | None, RuleDef]:
            policy = self._writable(book, name_or_id)
            found = stored_rule(book, policy.name, rule)
            terms.check(rule_to_plain(found))
            new = read_rule(
                changes.get("rule", found.text),
                changes.get("name", found.name),
                changes.get("comment", found.comment),
            )
            twin = fingerprints(book, policy.name).get(new.fingerprint, found)
            if twin.id != found.id:
                message = f"the policy holds an equivalent rule already, {twin.id}"
                raise refuse("duplicate-rule", message, where="rule")
            draft = self._draft(book)
            changed = draft.replace_rule(found, new)
            return _rule_plan(draft, "policy:rule:update", changed, terms), changed

        return self._writer.write(make, terms.origin)

    def remove_rule(self, name_or_id: object, rule: object, terms: Terms) -> RuleDef:
        """Delete a rule, and give it back.

        :raises Refused: ``no-policy``, ``read-only-policy``, ``not-found``, ``changed``.
        """

        def make(book: Book) -> tuple[Plan | None, RuleDef]:
            policy = self._writable(book, name_or_id)
            found = stored_rule(book, policy.name, rule)
            terms.check(rule_to_plain(found))
            draft = self._draft(book)
            draft.remove_rule(found)
            return _rule_plan(draft, "policy:rule:delete", found, terms), found

        return self._writer.write(make, terms.origin)

    def ensure_system_policies(self) -> None:
        """Create the policies that always exist, unless they do.

        :raises StorageError: storage is away.
        """
        for name, kind in SYSTEM_POLICIES.items():
            self._writer.write(partial(self._missing, name, kind), SYSTEM)

    def _missing(self, name: str, kind: str, book: Book) -> tuple[Plan | None, None]:
        draft = self._draft(book)
        if name not in book.names:
            short = default_abbreviation(name)
            draft.create_policy(NewPolicy(name, PolicyKind(kind), short, "", ()))
        return _plan(draft, "policy:create", f"policy/{name}", {"kind": kind}, Terms(SYSTEM)), None

    def _draft(self, book: Book) -> Draft:
        return Draft(book, lambda index: new_id(self._instance, book, index))

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


def _plan(
    draft: Draft, verb: str, target: str, details: Mapping[str, object], terms: Terms
) -> Plan | None:
    return draft.plan(verb, target, details, allow_parked=terms.allow_parked)


def _rule_plan(draft: Draft, verb: str, rule: RuleDef, terms: Terms) -> Plan | None:
    details = {"rule": rule.text, "name": rule.name}
    return _plan(draft, verb, f"policy/{rule.policy}/rule/{rule.id}", details, terms)


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
