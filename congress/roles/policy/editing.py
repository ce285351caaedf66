"""The part of the service ``policy-engine`` that writes policy.

Imports the interfaces and the model. Arguments come by name as JSON values, from
callers that may be wrong; answers are JSON values in the shapes of the API.

Every method takes ``validate_only``: then nothing is written, and the answer tells what
would be answered and what would follow from it, by live data. Methods run on the
caller's thread; what is written is handed to the store loop and waited for.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from congress.interfaces.role import Method
from congress.interfaces.runtime import Loop
from congress.model.diagnostic import refuse
from congress.roles.policy.answers import (
    created_policy_to_plain,
    created_rule_to_plain,
    policy_to_plain,
    rule_to_plain,
    step_to_plain,
)
from congress.roles.policy.library import Library
from congress.roles.policy.policies import Policies, Terms
from congress.roles.policy.rehearsal import Rehearsal, impact_to_plain
from congress.roles.policy.requests import Origin, read_policy, read_rule
from congress.roles.policy.store_calls import call_store
from congress.roles.policy.synchronizer import Synchronizer
from congress.roles.policy.trial import Trial

T = TypeVar("T")


class EditingService:
    """The methods.

    :param timeout: seconds a write may take.
    """

    def __init__(
        self,
        policies: Policies,
        library: Library,
        synchronizer: Synchronizer,
        trial: Trial,
        store_loop: Loop,
        timeout: Callable[[], float],
    ) -> None:
        self._policies = policies
        self._library = library
        self._synchronizer = synchronizer
        self._trial = trial
        self._store_loop = store_loop
        self._timeout = timeout

    def methods(self) -> Mapping[str, Method]:
        """Everything that may be called, by name."""
        return {
            "policy_create": self.policy_create,
            "library_activate": self.library_activate,
            "policy_update": self.policy_update,
            "policy_delete": self.policy_delete,
            "policy_apply": self.policy_apply,
            "rule_create": self.rule_create,
            "rule_update": self.rule_update,
            "rule_delete": self.rule_delete,
        }

    def policy_create(
        self,
        name: Any,
        kind: Any = None,
        abbreviation: Any = None,
        description: Any = None,
        rules: Any = None,
        allow_parked: Any = False,
        validate_only: Any = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        """Create a policy, with all of its rules or not at all."""
        new = read_policy(name, kind, abbreviation, description, rules)
        terms = Terms(Origin(actor, request_id), bool(allow_parked))

        def work(policies: Policies) -> dict[str, Any]:
            return created_policy_to_plain(policies.create(new, terms), new.rules)

        return self._write(work, validate_only)

    def library_activate(
        self,
        library: Any,
        allow_parked: Any = False,
        validate_only: Any = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        """Create the policy that the library has under a name or id."""
        record = call_store(self._store_loop, lambda: self._library.get(library), self._timeout())
        return self.policy_create(
            record.name,
            record.kind,
            record.abbreviation,
            record.description,
            [dict(rule) for rule in record.rules],
            allow_parked,
            validate_only,
            actor,
            request_id,
        )

    def policy_update(
        self,
        policy: Any,
        description: Any,
        seen: Any = None,
        allow_parked: Any = False,
        validate_only: Any = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        """Let a policy be as it is described; with ``rules``, it has these and no others."""
        checked = _object(description, "description")
        terms = Terms(Origin(actor, request_id), bool(allow_parked), seen)

        def work(policies: Policies) -> dict[str, Any]:
            return policy_to_plain(policies.change(policy, checked, terms))

        return self._write(work, validate_only)

    def policy_delete(
        self,
        policy: Any,
        seen: Any = None,
        validate_only: Any = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        """Delete a policy and its rules; answers the policy."""
        terms = Terms(Origin(actor, request_id), seen=seen)
        return self._write(
            lambda policies: policy_to_plain(policies.delete(policy, terms)), validate_only
        )

    def policy_apply(
        self,
        policies: Any,
        revision: Any = None,
        prune: Any = False,
        allow_parked: Any = False,
        validate_only: Any = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        """Let policies be as they are described, all at once or not at all.

        :param revision: the one that must still be in force.
        """
        if not isinstance(policies, list):
            raise refuse("invalid", "policies must be a list", where="policies")
        descriptions = [_object(each, f"policies[{i}]") for i, each in enumerate(policies)]
        seen = None if revision is None else {"revision": revision}
        terms = Terms(Origin(actor, request_id), bool(allow_parked), seen)

        def work(by: Policies) -> dict[str, Any]:
            applied = by.apply(descriptions, terms, prune=bool(prune))
            steps = [step_to_plain(step) for step in applied.steps]
            return {"revision": applied.revision, "steps": steps}

        return self._write(work, validate_only)

    def rule_create(
        self,
        policy: Any,
        rule: Any,
        name: Any = None,
        comment: Any = None,
        allow_parked: Any = False,
        validate_only: Any = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        """Add one statement to a policy; the answer has its text laid out for reading."""
        new = read_rule(rule, name, comment)
        terms = Terms(Origin(actor, request_id), bool(allow_parked))

        def work(policies: Policies) -> dict[str, Any]:
            return created_rule_to_plain(policies.add_rule(policy, new, terms))

        return self._write(work, validate_only)

    def rule_update(
        self,
        policy: Any,
        rule: Any,
        changes: Any,
        seen: Any = None,
        allow_parked: Any = False,
        validate_only: Any = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        """Give one statement another text, name or comment; it keeps its id."""
        checked = _object(changes, "changes")
        terms = Terms(Origin(actor, request_id), bool(allow_parked), seen)

        def work(policies: Policies) -> dict[str, Any]:
            return rule_to_plain(policies.change_rule(policy, rule, checked, terms))

        return self._write(work, validate_only)

    def rule_delete(
        self,
        policy: Any,
        rule: Any,
        seen: Any = None,
        validate_only: Any = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        """Delete one statement; answers it."""
        terms = Terms(Origin(actor, request_id), seen=seen)
        return self._write(
            lambda policies: rule_to_plain(policies.remove_rule(policy, rule, terms)),
            validate_only,
        )

    def _write(
        self, work: Callable[[Policies], dict[str, Any]], validate_only: object
    ) -> dict[str, Any]:
        timeout = self._timeout()
        if not validate_only:
            return call_store(self._store_loop, lambda: work(self._policies), timeout)
        book = call_store(self._store_loop, self._synchronizer.catch_up, timeout)
        rehearsal = Rehearsal(book, self._trial)
        return impact_to_plain(work(self._policies.by(rehearsal)), rehearsal.changes)


def _object(value: object, where: str) -> Mapping[str, Any]:
    """:raises Refused: if it is no JSON object."""
    if not isinstance(value, Mapping):
        raise refuse("invalid", f"{where} must be an object", where=where)
    return value
