"""Rules and the log of policy changes in the database.

May import SQLAlchemy, ``congress.interfaces`` and ``congress.model``.

Invariants: the revision changes by compare-and-swap of its one row, which every
writer of policy must do, so no two of them rely on the same revision. Changes of
revisions up to ``trimmed`` are gone, those of all later ones are kept.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from congress.interfaces.storage import ChangeRecord, Duplicate
from congress.model.policy import RuleDef
from congress.plugins.storage.limits import checked_name
from congress.plugins.storage.sql.models import (
    REVISION_ROW,
    Policy,
    PolicyChange,
    PolicyRevision,
    PolicyRule,
)
from congress.plugins.storage.sql.session import Found, Session

_RULES = (
    sa.select(
        PolicyRule.id, Policy.name.label("policy"), PolicyRule.text, PolicyRule.name,
        PolicyRule.comment,
    )
    .join(Policy, Policy.id == PolicyRule.policy_id)
    .order_by(PolicyRule.position)
)  # fmt: skip


def _rule(row: Found) -> RuleDef:
    return RuleDef(row.id, row.policy, row.text, row.name, row.comment)


class SqlRules:
    """See ``RuleStore``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, rule: RuleDef, fingerprint: str) -> None:
        columns = self._columns(rule, fingerprint)
        if self._present(checked_name("rule", rule.id)):
            raise Duplicate("rule", rule.id)
        self._session.insert(PolicyRule, {"id": rule.id, **columns})

    def get(self, rule_id: str) -> RuleDef | None:
        row = self._session.first(_RULES.where(PolicyRule.id == rule_id))
        return None if row is None else _rule(row)

    def list(self, policy: str | None = None) -> Sequence[RuleDef]:
        statement = _RULES if policy is None else _RULES.where(Policy.name == policy)
        return [_rule(row) for row in self._session.all(statement)]

    def replace(self, rule: RuleDef, fingerprint: str) -> bool:
        if not self._present(rule.id):
            return False
        columns = self._columns(rule, fingerprint)
        statement = sa.update(PolicyRule).where(PolicyRule.id == rule.id).values(**columns)
        return self._session.change(statement) > 0

    def remove(self, rule_id: str) -> bool:
        return self._session.change(sa.delete(PolicyRule).where(PolicyRule.id == rule_id)) > 0

    def _present(self, rule_id: str) -> bool:
        statement = sa.select(PolicyRule.id).where(PolicyRule.id == rule_id)
        return self._session.first(statement) is not None

    def _columns(self, rule: RuleDef, fingerprint: str) -> dict[str, Any]:
        """What is stored besides the id.

        :raises KeyError: no such policy.
        :raises Duplicate: the policy has an equivalent rule."""
        policy = self._session.first(sa.select(Policy.id).where(Policy.name == rule.policy))
        if policy is None:
            raise KeyError(rule.policy)
        digest = hashlib.sha256(fingerprint.encode("utf-8", "surrogatepass")).hexdigest()
        same = self._session.first(
            sa.select(PolicyRule.id).where(
                PolicyRule.policy_id == policy.id, PolicyRule.digest == digest
            )
        )
        if same is not None and same.id != rule.id:
            raise Duplicate("rule", rule.text)
        return {
            "policy_id": policy.id,
            "digest": digest,
            "name": rule.name,
            "text": rule.text,
            "comment": rule.comment,
        }


class SqlChanges:
    """See ``ChangeStore``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def revision(self) -> int:
        return int(self._state().number)

    def advance(self, expected: int, changes: Sequence[ChangeRecord]) -> int:
        revision = expected + 1
        statement = (
            sa.update(PolicyRevision)
            .where(PolicyRevision.id == REVISION_ROW, PolicyRevision.number == expected)
            .values(number=revision)
        )
        if not self._session.change(statement):
            raise self._session.gate.collision(f"the revision is not {expected} any more")
        rows = [
            {
                "revision": revision,
                "position": position,
                "op": change.op,
                "kind": change.kind,
                "object_id": change.object_id,
                "payload": dict(change.payload),
            }
            for position, change in enumerate(changes)
        ]
        self._session.insert_all(PolicyChange, rows)
        return revision

    def since(self, revision: int, limit: int = 1000) -> Sequence[ChangeRecord] | None:
        if revision < self._state().trimmed:
            return None
        rows = self._changes(PolicyChange.revision > revision, limit)
        if len(rows) == limit:
            last = rows[-1]
            same = PolicyChange.revision == last.revision
            rows += self._changes(sa.and_(same, PolicyChange.position > last.position), None)
        return [
            ChangeRecord(row.op, row.kind, row.object_id, row.payload, row.revision) for row in rows
        ]

    def trim(self, keep: int) -> int:
        state = self._state()
        trimmed = max(state.trimmed, state.number - keep)
        statement = sa.update(PolicyRevision).where(PolicyRevision.id == REVISION_ROW)
        self._session.change(statement.values(trimmed=trimmed))
        return self._session.change(sa.delete(PolicyChange).where(PolicyChange.revision <= trimmed))

    def _state(self) -> Found:
        """The one row.

        :raises Conflict: if somebody removed it, which nothing here does."""
        statement = sa.select(PolicyRevision.number, PolicyRevision.trimmed)
        row = self._session.first(statement.where(PolicyRevision.id == REVISION_ROW))
        if row is None:
            raise self._session.gate.collision("the row that holds the revision is missing")
        return row

    def _changes(self, condition: sa.ColumnElement[bool], limit: int | None) -> list[Found]:
        order = (PolicyChange.revision, PolicyChange.position)
        statement = sa.select(*PolicyChange.__table__.c).where(condition).order_by(*order)
        return list(self._session.all(statement.limit(limit)))
