"""The part of the service ``policy-engine`` that answers what other nodes and the API ask.

Imports the interfaces and the model. Arguments come by name as JSON values, from
callers that may be wrong; answers are JSON values in the shapes of the API.

Methods run on the caller's thread. What writes is in ``editing``.
"""

from collections.abc import Mapping
from typing import Any

from congress.interfaces.role import Method
from congress.interfaces.runtime import Loop
from congress.model.diagnostic import refuse
from congress.roles.listings import Listings
from congress.roles.policy.actions import Actions
from congress.roles.policy.answers import policy_to_plain, rule_to_plain
from congress.roles.policy.book import Book
from congress.roles.policy.explanations import read_bounds
from congress.roles.policy.feed import Feed
from congress.roles.policy.following import Following
from congress.roles.policy.loader import Loader
from congress.roles.policy.policies import stored_policy, stored_rule
from congress.roles.policy.reader import Reader
from congress.roles.policy.runtime import EngineRuntime
from congress.roles.policy.store_calls import call_store
from congress.roles.policy.synchronizer import Synchronizer
from congress.roles.selection import read_selection

SERVICE = "policy-engine"


class PolicyService:
    """The methods."""

    def __init__(
        self,
        reader: Reader,
        runtime: EngineRuntime,
        loader: Loader,
        feed: Feed,
        actions: Actions,
        synchronizer: Synchronizer,
        following: Following,
        listings: Listings,
        store_loop: Loop,
    ) -> None:
        self._reader = reader
        self._runtime = runtime
        self._loader = loader
        self._feed = feed
        self._actions = actions
        self._synchronizer = synchronizer
        self._following = following
        self._listings = listings
        self._store_loop = store_loop

    def methods(self) -> Mapping[str, Method]:
        """Everything that may be called, by name."""
        return {
            "policy_list": self.policy_list,
            "policy_show": self.policy_show,
            "policy_status": self.policy_status,
            "rule_list": self.rule_list,
            "rule_show": self.rule_show,
            "rule_status": self.rule_status,
            "table_list": self.table_list,
            "table_show": self.table_show,
            "table_schema": self.table_schema,
            "row_list": self.row_list,
            "change_list": self.change_list,
            "listing_more": self._listings.more,
            "simulate": self.simulate,
            "explain": self.explain,
            "engine_status": self.engine_status,
            "wait_revision": self.wait_revision,
        }

    def policy_list(self) -> list[dict[str, Any]]:
        """All stored policies, by name; those of sources are not among them."""
        policies = sorted(self._book().policies.values(), key=lambda policy: policy.name)
        return [policy_to_plain(policy) for policy in policies]

    def policy_show(self, policy: Any) -> dict[str, Any]:
        """One stored policy."""
        return policy_to_plain(stored_policy(self._book(), policy, "not-found"))

    def policy_status(self, policy: Any) -> dict[str, Any]:
        """Whether there is such a policy or source: its name, and its id if it is stored."""
        book = self._book()
        name = self._reader.name(policy)
        stored = book.policy(name)
        return {"name": name, "id": stored.id} if stored else {"name": name}

    def rule_list(self, policy: Any) -> list[dict[str, Any]]:
        """The statements of a policy, in the order they were added."""
        book = self._book()
        name = self._reader.name(policy, "no-policy")
        return [rule_to_plain(rule) for rule in book.rules_of(name)]

    def rule_show(self, policy: Any, rule: Any) -> dict[str, Any]:
        """One statement of a policy."""
        book = self._book()
        return rule_to_plain(stored_rule(book, self._reader.name(policy, "no-policy"), rule))

    def rule_status(self, policy: Any, rule: Any) -> dict[str, Any]:
        """Whether a rule is in force."""
        self._book()
        return self._reader.rule_status(self._reader.name(policy, "no-policy"), rule)

    def table_list(self, policy: Any) -> list[str]:
        """The tables that the statements of a policy mention."""
        self._book()
        return self._reader.tables(self._reader.name(policy))

    def table_show(self, policy: Any, table: Any) -> dict[str, Any]:
        """One of them."""
        if table not in self.table_list(policy):
            raise refuse("not-found", f"policy {policy!r:.300} has no table {table!r:.300}")
        return {"id": table}

    def table_schema(self, policy: Any) -> dict[str, Any]:
        """The tables of a policy with their columns, in positional order."""
        self._book()
        return {"tables": self._reader.schema(self._reader.name(policy))}

    def row_list(
        self,
        policy: Any,
        table: Any,
        trace: bool = False,
        explain: bool = False,
        where: Any = None,
        after: Any = None,
        limit: Any = None,
        count_only: Any = False,
    ) -> dict[str, Any]:
        """The rows of a table or a part of them, with how they come about if asked for."""
        self._book()
        wanted = read_selection(where, after, limit, count_only)
        name = self._reader.name(policy)
        return self._reader.rows(name, str(table), wanted, trace=bool(trace), explain=bool(explain))

    def change_list(
        self, policy: Any, table: Any, since: str | None = None, wait: float = 0
    ) -> dict[str, Any]:
        """What a table gained and lost after a mark; the first piece of it, and its ``rest``."""
        self._book()
        name = self._reader.name(policy)
        return self._following.tell(name, str(table), since and str(since), float(wait))

    def simulate(
        self,
        policy: Any,
        query: Any,
        sequence: Any,
        action_policy: Any,
        delta: bool = False,
        trace: bool = False,
    ) -> dict[str, Any]:
        """What a query would answer after a sequence of changes."""
        self._book()
        names = [self._reader.name(given, "no-policy") for given in (policy, action_policy)]
        return self._reader.simulate(
            names[0], query, sequence, names[1], delta=bool(delta), trace=bool(trace)
        )

    def explain(
        self,
        policy: Any,
        query: Any,
        limit: Any = None,
        depth: Any = None,
        nodes: Any = None,
        alternatives: Any = None,
        examples: Any = None,
    ) -> dict[str, Any]:
        """Why the rows of an atom are there, or why there are none; as an object and a text."""
        self._book()
        bounds = read_bounds(
            limit=limit, depth=depth, nodes=nodes, alternatives=alternatives, examples=examples
        )
        return self._reader.explain(self._reader.name(policy, "no-policy"), query, bounds)

    def engine_status(self) -> dict[str, Any]:
        """How far this engine is: policy, data, rules without effect, actions."""
        self._book()
        return {
            "revision": self._loader.revision,
            "transaction": self._runtime.transactions,
            "sources": self._feed.report(),
            "parked": self._reader.not_in_force(),
            "actions": self._actions.report(),
            "storage": self._synchronizer.outage or "ok",
        }

    def wait_revision(self, revision: int, timeout: float) -> dict[str, Any]:
        """Wait until a revision of policy is in force here.

        :raises Refused: ``timeout`` if it does not come.
        """
        if not isinstance(revision, int) or not isinstance(timeout, int | float):
            raise refuse("invalid", "revision and timeout must be numbers", where="revision")
        if self._loader.revision < revision:
            call_store(self._store_loop, self._synchronizer.catch_up, float(timeout))
        if self._loader.revision < revision:
            message = f"policy is at revision {self._loader.revision}, not yet at {revision}"
            raise refuse("timeout", message, hint="repeat the request a little later")
        return {"revision": self._loader.revision}

    def _book(self) -> Book:
        """What is stored of policy, as far as this engine has it.

        :raises Refused: ``unavailable`` until the engine has all of it.
        """
        if not self._loader.loaded:
            message = "this policy engine has not loaded its policies yet"
            raise refuse("unavailable", message, hint="repeat the request a little later")
        return self._loader.book
