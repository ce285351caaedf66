"""Rules and the log of policy changes, in memory.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Invariant: the changes of revisions up to the counter ``trimmed`` are gone, those
of all later ones are kept.
"""

from collections.abc import Sequence
from dataclasses import replace

from congress.interfaces.storage import ChangeRecord, Duplicate
from congress.model.policy import RuleDef
from congress.plugins.storage.limits import checked_name
from congress.plugins.storage.memory.contents import Drafts, StoredRule
from congress.plugins.storage.records import settled_change


class MemoryRules:
    """See ``RuleStore``."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    def add(self, rule: RuleDef, fingerprint: str) -> None:
        stored = self._resolved(rule, fingerprint)
        if checked_name("rule", rule.id) in self._drafts.rules.rows:
            raise Duplicate("rule", rule.id)
        self._drafts.rules.edit()[rule.id] = stored

    def get(self, rule_id: str) -> RuleDef | None:
        stored = self._drafts.rules.rows.get(rule_id)
        return self._named(stored) if stored else None

    def list(self, policy: str | None = None) -> Sequence[RuleDef]:
        rules = [self._named(stored) for stored in self._drafts.rules.rows.values()]
        return [rule for rule in rules if policy is None or rule.policy == policy]

    def replace(self, rule: RuleDef, fingerprint: str) -> bool:
        if rule.id not in self._drafts.rules.rows:
            return False
        self._drafts.rules.edit()[rule.id] = self._resolved(rule, fingerprint)
        return True

    def remove(self, rule_id: str) -> bool:
        if rule_id not in self._drafts.rules.rows:
            return False
        del self._drafts.rules.edit()[rule_id]
        return True

    def _named(self, stored: StoredRule) -> RuleDef:
        """The rule with its policy's present name."""
        return replace(stored.rule, policy=self._drafts.policies.rows[stored.rule.policy].name)

    def _resolved(self, rule: RuleDef, fingerprint: str) -> StoredRule:
        """The rule with its policy's id.

        :raises KeyError: no such policy.
        :raises Duplicate: the policy has an equivalent rule."""
        policies = self._drafts.policies.rows.values()
        policy_id = next((p.id for p in policies if p.name == rule.policy), None)
        if policy_id is None:
            raise KeyError(rule.policy)
        for stored in self._drafts.rules.rows.values():
            same = stored.rule.policy == policy_id and stored.fingerprint == fingerprint
            if same and stored.rule.id != rule.id:
                raise Duplicate("rule", rule.text)
        return StoredRule(replace(rule, policy=policy_id), fingerprint)


class MemoryChanges:
    """See ``ChangeStore``."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    def revision(self) -> int:
        return self._drafts.counters.rows.get("revision", 0)

    def advance(self, expected: int, changes: Sequence[ChangeRecord]) -> int:
        counters = self._drafts.counters.edit()
        if counters.get("revision", 0) != expected:
            raise self._drafts.gate.collision(f"the revision is not {expected} any more")
        revision = counters["revision"] = expected + 1
        self._drafts.changes.edit()[revision] = tuple(settled_change(c, revision) for c in changes)
        return revision

    def since(self, revision: int, limit: int = 1000) -> Sequence[ChangeRecord] | None:
        if revision < self._drafts.counters.rows.get("trimmed", 0):
            return None
        found: list[ChangeRecord] = []
        for number, records in self._drafts.changes.rows.items():
            if len(found) >= limit:
                break
            if number > revision:
                found.extend(records)
        return found

    def trim(self, keep: int) -> int:
        counters = self._drafts.counters.edit()
        trimmed = max(counters.get("trimmed", 0), counters.get("revision", 0) - keep)
        counters["trimmed"] = trimmed
        changes = self._drafts.changes.edit()
        return sum(len(changes.pop(number)) for number in list(changes) if number <= trimmed)
