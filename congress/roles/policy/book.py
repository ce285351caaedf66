"""What is stored of policy at one revision, and the steps from one to another.

Imports the model, the storage interface and the engine's edits; does no I/O but
reading the transaction it is given.

Invariant: a ``Book`` is never changed. ``advanced`` may be given changes that
the book holds already; the result is the same, so a change may be read twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType

from congress.engine import CreatePolicy, DeleteRules, DropPolicy, Edit, InsertRules
from congress.interfaces.storage import ChangeRecord, Transaction
from congress.model.policy import PolicyDef, PolicyKind, RuleDef


@dataclass(frozen=True, slots=True)
class Book:
    """Policies and rules by id, rules in the order they were added.

    ``datasources`` maps the name of each configured datasource to its id.
    """

    revision: int = 0
    policies: Mapping[str, PolicyDef] = field(default_factory=lambda: MappingProxyType({}))
    rules: Mapping[str, RuleDef] = field(default_factory=lambda: MappingProxyType({}))
    datasources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def policy(self, name_or_id: str) -> PolicyDef | None:
        """A stored policy, by name first."""
        for policy in self.policies.values():
            if policy.name == name_or_id:
                return policy
        return self.policies.get(name_or_id)

    def datasource(self, name_or_id: str) -> str | None:
        """The name of a configured datasource, looked up by name first."""
        if name_or_id in self.datasources:
            return name_or_id
        for name, datasource_id in self.datasources.items():
            if datasource_id == name_or_id:
                return name
        return None

    def rules_of(self, policy: str) -> list[RuleDef]:
        """The rules of a policy, by its name."""
        return [rule for rule in self.rules.values() if rule.policy == policy]

    @property
    def names(self) -> frozenset[str]:
        """The names of all stored policies."""
        return frozenset(policy.name for policy in self.policies.values())


def read_book(tx: Transaction) -> Book:
    """Everything that is stored.

    The revision is read first: where the transaction sees later changes besides,
    they are merely applied again.
    """
    revision = tx.changes.revision()
    return Book(
        revision,
        {policy.id: policy for policy in tx.policies.list()},
        {rule.id: rule for rule in tx.rules.list()},
        read_datasources(tx),
    )


def read_datasources(tx: Transaction) -> Mapping[str, str]:
    """The configured datasources: name to id."""
    return {record.name: record.id for record in tx.datasources.list()}


def policy_created(policy: PolicyDef) -> ChangeRecord:
    """The change that adds a policy, without rules."""
    return ChangeRecord("create", "policy", policy.id, asdict(policy))


def policy_updated(policy: PolicyDef) -> ChangeRecord:
    """The change that gives a policy other properties."""
    return ChangeRecord("update", "policy", policy.id, asdict(policy))


def policy_deleted(policy: PolicyDef) -> ChangeRecord:
    """The change that removes a policy with its rules."""
    return ChangeRecord("delete", "policy", policy.id, {"name": policy.name})


def rule_created(rule: RuleDef) -> ChangeRecord:
    """The change that adds a rule."""
    return ChangeRecord("create", "rule", rule.id, asdict(rule))


def rule_updated(rule: RuleDef) -> ChangeRecord:
    """The change that gives a rule another text, name or comment."""
    return ChangeRecord("update", "rule", rule.id, asdict(rule))


def rule_deleted(rule: RuleDef) -> ChangeRecord:
    """The change that removes a rule."""
    return ChangeRecord("delete", "rule", rule.id, {"policy": rule.policy})


def advanced(
    book: Book,
    revision: int,
    records: Iterable[ChangeRecord],
    datasources: Mapping[str, str] | None = None,
) -> Book:
    """The book after the changes of a revision; ``datasources`` replaces those known."""
    policies, rules = dict(book.policies), dict(book.rules)
    for record in records:
        if record.kind == "policy":
            _advance_policy(policies, rules, record)
        elif record.kind == "rule":
            if record.op == "delete":
                rules.pop(record.object_id, None)
            else:
                rules[record.object_id] = _rule_from(record.payload)
    known = book.datasources if datasources is None else datasources
    return Book(revision, policies, rules, known)


def _advance_policy(
    policies: dict[str, PolicyDef], rules: dict[str, RuleDef], record: ChangeRecord
) -> None:
    old = policies.get(record.object_id)
    if record.op == "delete":
        policies.pop(record.object_id, None)
        if old:
            for rule_id in [key for key, rule in rules.items() if rule.policy == old.name]:
                del rules[rule_id]
        return
    new = _policy_from(record.payload)
    policies[record.object_id] = new
    if old and old.name != new.name:
        for key, rule in rules.items():
            if rule.policy == old.name:
                rules[key] = replace(rule, policy=new.name)


def _policy_from(payload: Mapping[str, object]) -> PolicyDef:
    return PolicyDef(
        id=str(payload["id"]),
        name=str(payload["name"]),
        kind=PolicyKind(str(payload["kind"])),
        abbreviation=str(payload["abbreviation"]),
        description=str(payload["description"]),
        owner=str(payload["owner"]),
    )


def _rule_from(payload: Mapping[str, object]) -> RuleDef:
    name = payload["name"]
    return RuleDef(
        id=str(payload["id"]),
        policy=str(payload["policy"]),
        text=str(payload["text"]),
        name=None if name is None else str(name),
        comment=str(payload["comment"]),
    )


@dataclass(frozen=True, slots=True)
class Steps:
    """What leads an engine from one book to another, in the order it must be done.

    ``inserted`` gives the rule's id for each edit in ``inserts``.
    """

    drops: Sequence[Edit]
    creates: Sequence[Edit]
    deletes: Sequence[Edit]
    inserts: Sequence[Edit]
    inserted: Sequence[str]

    def edits(self) -> list[Edit]:
        """All of it."""
        return [*self.drops, *self.creates, *self.deletes, *self.inserts]


def steps_between(
    old: Book, new: Book, *, lenient: bool, absent: Callable[[RuleDef], bool] = lambda rule: False
) -> Steps:
    """The edits that turn the old book's engine contents into the new one's.

    :param lenient: park rules that do not fit instead of refusing them.
    :param absent: tells rules of the old book that the engine never took.
    """
    before = {(p.id, p.name, p.kind) for p in old.policies.values()}
    after = {(p.id, p.name, p.kind) for p in new.policies.values()}
    gone = sorted(name for _, name, _ in before - after)
    fresh = {name: kind for _, name, kind in after - before}
    deleted = [
        rule
        for rule in old.rules.values()
        if not _same(rule, new.rules.get(rule.id)) and rule.policy not in gone and not absent(rule)
    ]
    inserted = [
        rule
        for rule in new.rules.values()
        if rule.policy in fresh or not _same(rule, old.rules.get(rule.id))
    ]
    return Steps(
        [DropPolicy(name) for name in gone],
        [CreatePolicy(name, str(kind)) for name, kind in sorted(fresh.items())],
        [DeleteRules(rule.policy, rule.text) for rule in deleted],
        [InsertRules(r.policy, r.text, rule_id=r.id, lenient=lenient) for r in inserted],
        [rule.id for rule in inserted],
    )


def _same(rule: RuleDef, other: RuleDef | None) -> bool:
    """Whether two versions of a rule mean the same to the engine."""
    return other is not None and (rule.policy, rule.text) == (other.policy, other.text)
