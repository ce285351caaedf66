"""One write of policy while it is being made, step by step.

Imports the engine's functions on texts, the interfaces and the model. No I/O but in the
transaction that carries the write out.

Invariant: what the change log is told, what is stored and what the engine is to try are
always the same steps in the same order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from congress.engine import rule_fingerprint
from congress.interfaces.storage import ChangeRecord, Conflict, Duplicate, Transaction
from congress.model.diagnostic import Refused
from congress.model.policy import PolicyDef, RuleDef
from congress.roles.policy.book import (
    Book,
    policy_created,
    policy_deleted,
    policy_updated,
    rule_created,
    rule_deleted,
    rule_updated,
)
from congress.roles.policy.requests import NewPolicy, NewRule
from congress.roles.policy.writer import Plan

_CACHED = 20_000


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one policy or rule; ``rule`` is empty where it is the policy itself."""

    op: str
    policy: str
    id: str
    rule: str = ""


class Draft:
    """Steps that lead from a book to the next.

    :param new_id: makes the id of the nth thing that is added.
    """

    def __init__(self, book: Book, new_id: Callable[[int], str]) -> None:
        self.book = book
        self.steps: list[Step] = []
        self._new_id = new_id
        self._records: list[ChangeRecord] = []
        self._stores: list[Callable[[Transaction], None]] = []
        self._rules: dict[str, NewRule] = {}
        self._added = 0

    def create_policy(self, new: NewPolicy) -> PolicyDef:
        """Add a policy and its rules; that the name is free is for the caller to know."""
        policy = PolicyDef(self._id(), new.name, new.kind, new.abbreviation, new.description)

        def store(tx: Transaction) -> None:
            taken = tx.datasources.get(policy.name)
            if taken and taken.name == policy.name:
                raise Duplicate("datasource", policy.name)
            tx.policies.add(policy)

        self._note(Step("create", policy.name, policy.id), policy_created(policy), store)
        for rule in new.rules or ():
            self.add_rule(policy.name, rule)
        return policy

    def replace_policy(self, policy: PolicyDef) -> None:
        """Give a policy other properties than its name."""
        self._note(
            Step("update", policy.name, policy.id),
            policy_updated(policy),
            lambda tx: insist(tx.policies.replace(policy)),
        )

    def remove_policy(self, policy: PolicyDef) -> None:
        """Take a policy out, with its rules."""
        self._note(
            Step("delete", policy.name, policy.id),
            policy_deleted(policy),
            lambda tx: insist(tx.policies.remove(policy.id)),
        )

    def add_rule(self, policy: str, new: NewRule) -> RuleDef:
        """Add a rule to a policy."""
        rule = RuleDef(self._id(), policy, new.text, new.name, new.comment)
        self._rules[rule.id] = new
        self._note(
            Step("create", policy, rule.id, rule.text),
            rule_created(rule),
            lambda tx: tx.rules.add(rule, new.fingerprint),
        )
        return rule

    def replace_rule(self, old: RuleDef, new: NewRule) -> RuleDef:
        """Give a rule another text, name or comment; nothing is done if they are the same."""
        rule = replace(old, text=new.text, name=new.name, comment=new.comment)
        if rule == old:
            return old
        if rule.text != old.text:
            self._rules[rule.id] = new
        self._note(
            Step("update", rule.policy, rule.id, rule.text),
            rule_updated(rule),
            lambda tx: insist(tx.rules.replace(rule, new.fingerprint)),
        )
        return rule

    def remove_rule(self, rule: RuleDef) -> None:
        """Take a rule out."""
        self._note(
            Step("delete", rule.policy, rule.id, rule.text),
            rule_deleted(rule),
            lambda tx: insist(tx.rules.remove(rule.id)),
        )

    def set_rules(self, policy: str, wanted: Sequence[NewRule]) -> None:
        """Let a policy have these rules and no others; equivalent ones keep their ids."""
        present = fingerprints(self.book, policy)
        kept = {rule.fingerprint for rule in wanted}
        for fingerprint, rule in present.items():
            if fingerprint not in kept:
                self.remove_rule(rule)
        for new in wanted:
            if new.fingerprint in present:
                self.replace_rule(present[new.fingerprint], new)
            else:
                self.add_rule(policy, new)

    def plan(
        self,
        verb: str,
        target: str,
        details: Mapping[str, object],
        *,
        allow_parked: bool = False,
    ) -> Plan | None:
        """The write as it is carried out; none if there is nothing to do.

        :param details: for the audit trail.
        """
        if not self.steps:
            return None
        stores = self._stores

        def store(tx: Transaction) -> None:
            for each in stores:
                each(tx)

        return Plan(verb, target, self._records, store, self._rules, allow_parked, details)

    def _note(self, step: Step, record: ChangeRecord, store: Callable[[Transaction], None]) -> None:
        self.steps.append(step)
        self._records.append(record)
        self._stores.append(store)

    def _id(self) -> str:
        self._added += 1
        return self._new_id(self._added - 1)


def fingerprints(book: Book, policy: str) -> Mapping[str, RuleDef]:
    """The rules of a policy by what tells equivalent ones."""
    return {_fingerprint(rule.text): rule for rule in book.rules_of(policy)}


@lru_cache(maxsize=_CACHED)
def _fingerprint(text: str) -> str:
    """What equivalent rules have in common; a stored text that does not read is its own."""
    try:
        return rule_fingerprint(text)
    except Refused:
        return text


def insist(done: bool) -> None:
    """Otherwise something is gone that the revision has: read it all again.

    :raises Conflict: it was not done.
    """
    if not done:
        raise Conflict("policy was changed without a revision")
